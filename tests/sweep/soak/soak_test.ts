// The short form of `deno task soak`.

import assert from "node:assert/strict";
import { redisTest } from "../queue/redis_server.ts";
import { runSoak, type SoakFigures } from "./run_soak.ts";
import { TRIALS } from "./soak_study.ts";

function checkFigures({ kills, studies, trials, results, outcomes }: SoakFigures, least: number): void {
  const killed = kills.sweep + kills.trial + kills.worker + kills.redis;
  assert.ok(killed >= least, `${killed} kills`);
  assert.deepEqual([trials, results, outcomes.finished], [studies * TRIALS, studies * TRIALS, studies * TRIALS]);
}

Deno.test("a sweep that is killed with its trials again and again has one result for each trial", async () => {
  checkFigures(await runSoak({ kills: 4, seed: 1, queue: false }), 4);
});

redisTest("so has one through a queue whose workers and Redis are killed too", async () => {
  checkFigures(await runSoak({ kills: 8, seed: 1, queue: true }), 8);
});
