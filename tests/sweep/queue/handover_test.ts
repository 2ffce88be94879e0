// Where a trial goes on when its worker was lost, and when it is given up.

import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { seeds } from "lib/sweep/mod.ts";
import { queueExecutor } from "lib/sweep/queue/home.ts";
import { createStudy } from "lib/sweep/study.ts";
import { inFolder, testEnvironment, tinyTrial } from "../studies.ts";
import { orderOf, pacedStudy, spawnWorker, startTrial, startWorker } from "./queue_fixtures.ts";
import { redisTests } from "./redis_server.ts";

/** A trial of some seconds that keeps a checkpoint after each of its short epochs. */
function lastingStudy(folder: string) {
  const trial = () => tinyTrial({ epochs: 2500 });
  return createStudy({ name: "lasting", space: { seed: seeds(1) }, trial }, testEnvironment(folder));
}

redisTests("trials go on where their workers were lost, or are given up", {
  "with a shared folder another worker goes on where a killed one was, with the same result": (server) =>
    inFolder(async (folder) => {
      const shared = join(folder, "shared");
      mkdirSync(shared);
      const notify = () => {};
      const home = await queueExecutor({ url: server.url, study: "lasting", folder, notify, sharedFolder: shared });
      const [trial] = lastingStudy(folder).trials;
      const killed = spawnWorker(server.url, { folder: join(folder, "worker"), name: "killed", process: "", shared });
      const { told, ended } = startTrial(home, orderOf(trial, folder, { threads: 1 }));
      await told.until(() => told.epochs.length >= 20);
      process.kill(killed.pid, "SIGKILL");
      await killed.ended;
      const options = { url: server.url, folder: join(folder, "worker"), name: "other", sharedFolder: shared };
      const other = startWorker(options, { process: "" });
      const end = await ended;
      assert.deepEqual([end.outcome, end.token], ["finished", 2]);
      const [, first] = told.epochs.find(([token]) => token === 2)!;
      assert.ok(first > 20, `went on with epoch ${first}`);
      await other.stop();
      await home.close();
      assert.deepEqual(readdirSync(shared), []);
      const undisturbed = await lastingStudy(join(folder, "undisturbed")).run({ threads: 1 });
      const losses = (history: readonly { trainLoss: number }[]) => history.map(({ trainLoss }) => trainLoss);
      assert.deepEqual(losses(end.result!.history), losses(undisturbed[0].history));
    }),

  "a worker goes on with its own checkpoint when a trial comes back to it": (server) =>
    inFolder(async (folder) => {
      const home = await queueExecutor({ url: server.url, study: "lasting", folder, notify: () => {} });
      const options = { url: server.url, folder: join(folder, "worker") };
      const first = startWorker(options, { process: "" });
      const { told, ended } = startTrial(home, orderOf(lastingStudy(folder).trials[0], folder));
      await told.until(() => told.epochs.length >= 20);
      assert.deepEqual(await first.stop(), { delivered: 0, returned: 1, lost: 0 });
      const second = startWorker(options, { process: "" });
      assert.equal((await ended).outcome, "finished");
      assert.ok(told.epochs.find(([token]) => token === 2)![1] > 20);
      await second.stop();
      await home.close();
    }),

  "a trial whose workers are lost too often is given up, and may be tried again": (server) =>
    inFolder(async (folder) => {
      const home = await queueExecutor({ url: server.url, study: "paced", folder, notify: () => {} });
      const options = { folder: join(folder, "worker"), mostLost: 0 };
      const killed = spawnWorker(server.url, { ...options, name: "killed" });
      const order = orderOf(pacedStudy(folder).trials[0], folder);
      const { told, ended } = startTrial(home, order);
      await told.until(() => told.epochs.length >= 2);
      process.kill(killed.pid, "SIGKILL");
      await killed.ended;
      const other = startWorker({ ...options, url: server.url }, { process: "paced_trial" });
      const end = await ended;
      assert.deepEqual([end.outcome, end.token], ["lost", 1]);
      assert.equal(end.message, "the worker that had it was lost");
      const again = startTrial(home, { ...order, attemptsBefore: 1 });
      assert.deepEqual([(await again.ended).outcome, (await again.ended).token], ["finished", 3]); // the second only gave it up
      await other.stop();
      await home.close();
    }),
});
