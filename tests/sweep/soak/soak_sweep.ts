// The sweep of a soak, which is killed and started again until all its trials have a result.

import { join } from "node:path";
import { queueExecutor } from "lib/sweep/mod.ts";
import { localPool } from "lib/sweep/pool/local_pool.ts";
import { PLACES, type SoakOrder, soakStudy } from "./soak_study.ts";
import { trialModule } from "../queue/queue_fixtures.ts";
import { endWithParent } from "../queue/loose_process.ts";

endWithParent();
const { url, checkpointsFolder, study: number } = JSON.parse(Deno.args[0]) as SoakOrder;
const study = soakStudy(checkpointsFolder, number);
const executor = url === null
  ? localPool({ trialModule: trialModule(), trials: PLACES, threads: 1 })
  : await queueExecutor({ url, study: study.name, folder: join(checkpointsFolder, study.name), notify: console.log });
const rows = await study.run({ executor, failures: "return", onNotice: console.log });
await executor.close();
console.log(`${rows.length} rows, ${rows.failures.length} failures`);
Deno.exit(rows.failures.length === 0 ? 0 : 3);
