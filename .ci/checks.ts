// The checks of `deno task ok` without the tests, which .ci/run has run by then.

import process from "node:process";
import { projectChecks, runChecks } from "../lib/cli/ok.ts";
import { ownTerminal } from "../lib/cli/mod.ts";

const checks = (await projectChecks()).filter(({ name }) => !name.startsWith("tests"));
process.exit(await runChecks(checks, ownTerminal(), new AbortController().signal));
