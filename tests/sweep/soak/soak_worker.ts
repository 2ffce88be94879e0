// A worker of a soak, which is killed and started again.

import { runWorker } from "lib/sweep/mod.ts";
import { PLACES, soakMachine, type SoakOrder } from "./soak_study.ts";
import { endWithParent } from "../queue/loose_process.ts";

endWithParent();
const { url, worker, workersFolder } = JSON.parse(Deno.args[0]) as SoakOrder;
await runWorker({
  url: url!,
  name: worker,
  folder: workersFolder,
  places: PLACES,
  threads: 1,
  memoryGib: 4,
  machine: soakMachine,
  notify: console.log,
});
