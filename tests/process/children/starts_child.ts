// A child that starts a busy child of its own; the test kills the former by force.
import { connectParent, projectPath, startChild } from "lib/process/mod.ts";
const child = startChild({ module: projectPath("tests/process/children/hangs.ts") });
connectParent().send({ own: Deno.pid, child: child.pid });
await child.result;
