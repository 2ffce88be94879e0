// A process that runs a study and tells its progress; the tests kill it. Arguments: folder, trial's process ("" for the real one).
import { connectParent } from "lib/process/mod.ts";
import { longStudy } from "../studies.ts";

const [folder, trialProcess] = Deno.args;
const parent = connectParent();
await longStudy(folder, trialProcess).run({ onProgress: (progress) => parent.send(progress) });
