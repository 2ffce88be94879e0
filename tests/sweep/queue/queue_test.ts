import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadWeights } from "lib/train/mod.ts";
import { queueExecutor } from "lib/sweep/queue/home.ts";
import { inFolder, machine, momentStudy, scriptedStudy } from "../studies.ts";
import { orderOf, startTrial, startWorker } from "./queue_fixtures.ts";
import { redisTest } from "./redis_server.ts";

redisTest(
  "a trial is done by a worker, and home is told of its start, its epochs and its end",
  (server) =>
    inFolder(async (folder) => {
      const home = await queueExecutor({ url: server.url, study: "scripted", folder, notify: () => {} });
      const worker = startWorker({ url: server.url, folder: join(folder, "worker"), name: "ada" });
      const [trial] = scriptedStudy(folder, 1).trials;
      assert.ok(home.admits(trial, { alone: false }));
      const { told, ended } = startTrial(home, orderOf(trial, folder));
      const end = await ended;
      assert.deepEqual([end.outcome, end.token, end.message], ["finished", 1, null]);
      assert.equal(end.result?.bestEpoch, 3);
      assert.deepEqual(told.epochs, [[1, 1], [1, 2], [1, 3]]);
      assert.deepEqual(told.ready, [[1, 100]]);
      const [{ pid, ...start }] = told.starts;
      assert.ok(pid! > 0);
      assert.deepEqual(start, { token: 1, worker: "ada", machine, threads: 1 });
      assert.deepEqual(await worker.stop(), { delivered: 1, returned: 0, lost: 0 });
      await home.close();
    }),
);

redisTest(
  "failures come home as failures, each kind as on this machine, a deadline too",
  (server) =>
    inFolder(async (folder) => {
      const home = await queueExecutor({ url: server.url, study: "scripted", folder, notify: () => {}, ahead: 9 });
      const worker = startWorker({ url: server.url, folder: join(folder, "worker") });
      const { trials } = scriptedStudy(folder, 7);
      const deadline = ({ seed }: { seed?: unknown }) => seed === 3 ? { deadlineMs: 1500 } : {}; // the one that hangs
      const ends = await Promise.all(
        trials.map((trial) => startTrial(home, orderOf(trial, folder, deadline(trial.parameters))).ended),
      );
      const outcomes = trials.map(({ parameters: { studentDim, seed } }, i) => [studentDim, seed, ends[i].outcome]);
      assert.deepEqual(
        outcomes,
        [
          [4, 1, "finished"],
          [4, 2, "exited"],
          [4, 3, "deadline"],
          [4, 4, "exited"],
          [4, 5, "diverged"],
          [4, 6, "output"],
          [4, 7, "killed"],
          [8, 1, "finished"],
        ],
      );
      assert.match(ends[1].stderrTail, /the code of the trial is wrong/);
      assert.equal(ends[2].message, "did not end within its deadline of 1.5 s");
      await worker.stop();
      await home.close();
    }),
);

redisTest("the checkpoint of a trial comes home through the queue", (server) =>
  inFolder(async (folder) => {
    const home = await queueExecutor({ url: server.url, study: "long", folder, notify: () => {} });
    const workers = join(folder, "worker");
    const worker = startWorker({ url: server.url, folder: workers }, { process: "" });
    const [trial] = momentStudy(folder).trials;
    const order = orderOf(trial, folder);
    const end = await startTrial(home, order).ended;
    assert.equal(end.outcome, "finished", end.message ?? "");
    const weights = await loadWeights(order.checkpointDir);
    const count = Object.values(weights).reduce((sum, { data }) => sum + data.length, 0);
    assert.equal(count, trial.parameterCount);
    await worker.stop();
    assert.deepEqual(existsSync(join(workers, "1", `long-${trial.key}`)), false);
    await home.close();
  }));
