// What dies: workers, home, Redis. Whatever it is, each trial ends once.

import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { startChild } from "lib/process/mod.ts";
import { connectQueue } from "lib/sweep/queue/connection.ts";
import { queueExecutor } from "lib/sweep/queue/home.ts";
import { inFolder } from "../studies.ts";
import { orderOf, pacedStudy, spawnWorker, startTrial, startWorker, trialModule, until } from "./queue_fixtures.ts";
import { redisTests } from "./redis_server.ts";

redisTests("whatever dies, each trial ends once", {
  "a trial of a worker that is killed goes to another, with a higher token": (server) =>
    inFolder(async (folder) => {
      const home = await queueExecutor({ url: server.url, study: "paced", folder, notify: () => {} });
      const killed = spawnWorker(server.url, { folder: join(folder, "worker"), name: "killed" });
      const { told, ended } = startTrial(home, orderOf(pacedStudy(folder).trials[0], folder));
      await told.until(() => told.epochs.length >= 3);
      process.kill(killed.pid, "SIGKILL");
      await killed.ended;
      const other = startWorker({ url: server.url, folder: join(folder, "worker"), name: "other" }, {
        process: "paced_trial",
      });
      const end = await ended;
      assert.deepEqual([end.outcome, end.token], ["finished", 2]);
      assert.deepEqual(told.starts.map(({ token, worker }) => [token, worker]), [[1, "killed"], [2, "other"]]);
      assert.deepEqual(
        told.epochs.filter(([token]) => token === 2).map(([, epoch]) => epoch),
        [...Array(30).keys()].map((i) => i + 1),
      );
      await other.stop();
      await home.close();
    }),

  "a worker that was stopped and goes on has its trial refused, which another has ended": (server) =>
    inFolder(async (folder) => {
      const home = await queueExecutor({ url: server.url, study: "paced", folder, notify: () => {} });
      const stopped = spawnWorker(server.url, { folder: join(folder, "worker"), name: "stopped" });
      const { told, ended } = startTrial(home, orderOf(pacedStudy(folder).trials[0], folder));
      await told.until(() => told.epochs.length >= 3);
      process.kill(stopped.pid, "SIGSTOP");
      const other = startWorker({ url: server.url, folder: join(folder, "worker"), name: "other" }, {
        process: "paced_trial",
      });
      await told.until(() => told.starts.length === 2);
      process.kill(stopped.pid, "SIGCONT"); // its trial has long finished in its child, and wants to be told
      await until(() => stopped.said().includes("was taken by another worker meanwhile"));
      const end = await ended;
      assert.deepEqual([end.outcome, end.token], ["finished", 2]);
      assert.equal(end.result?.history.length, 30);
      process.kill(stopped.pid, "SIGKILL");
      await stopped.ended;
      await other.stop();
      await home.close();
    }),

  "a home that is killed leaves its trials in the queue, and the next takes their results": (server) =>
    inFolder(async (folder) => {
      const worker = startWorker({ url: server.url, folder: join(folder, "worker"), name: "ada" }, {
        process: "paced_trial",
      });
      let epochs = 0;
      const first = startChild({
        module: trialModule("queue_home"),
        args: [server.url, folder],
        onMessage: () => epochs++,
      });
      await until(() => epochs > 3);
      process.kill(first.pid, "SIGKILL");
      await first.result;
      const second = await queueExecutor({ url: server.url, study: "paced", folder, notify: () => {} });
      // The store of the first home knew of attempt 1, so that what the second sees is attempt 2, though it is the same process.
      const order = orderOf(pacedStudy(folder).trials[0], folder, { attemptsBefore: 1 });
      const { told, ended } = startTrial(second, order);
      const end = await ended;
      assert.deepEqual([end.outcome, end.token, end.result?.history.length], ["finished", 2, 30]);
      assert.deepEqual(told.starts.map(({ token, worker }) => [token, worker]), [[2, "ada"]]);
      assert.deepEqual(told.epochs.length, 30);
      assert.deepEqual(await worker.stop(), { delivered: 1, returned: 0, lost: 0 });
      await second.close();
    }),

  "a result that came while no home was there is taken by the next": (server) =>
    inFolder(async (folder) => {
      const first = await queueExecutor({ url: server.url, study: "paced", folder, notify: () => {} });
      const order = orderOf(pacedStudy(folder, { epochs: 3 }).trials[0], folder);
      const { told, task, ended } = startTrial(first, order);
      const worker = startWorker({ url: server.url, folder: join(folder, "worker") }, { process: "paced_trial" });
      await told.until(() => told.starts.length > 0);
      task.stop("interrupted");
      assert.equal((await ended).outcome, "interrupted");
      await first.close();
      await new Promise((resolve) => setTimeout(resolve, 1500));
      assert.deepEqual(await worker.stop(), { delivered: 1, returned: 0, lost: 0 });
      const second = await queueExecutor({ url: server.url, study: "paced", folder, notify: () => {} });
      const end = await startTrial(second, { ...order, attemptsBefore: 1 }).ended;
      assert.deepEqual([end.outcome, end.token], ["finished", 2]);
      await second.close();
    }),

  "Redis is killed and comes back: home and worker say so, and nothing is lost": (server) =>
    inFolder(async (folder) => {
      const said: string[] = [];
      const home = await queueExecutor({
        url: server.url,
        study: "paced",
        folder,
        notify: (text) => said.push(text),
        ahead: 9,
      });
      const worker = startWorker({ url: server.url, folder: join(folder, "worker") }, { process: "paced_trial" });
      const trials = pacedStudy(folder, { count: 3, epochs: 10 }).trials;
      const started = trials.map((trial) => startTrial(home, orderOf(trial, folder)));
      await Promise.race(started.map(({ told }) => told.until(() => told.epochs.length >= 3)));
      await server.kill();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await server.start();
      const ends = await Promise.all(started.map(({ ended }) => ended));
      assert.deepEqual(ends.map(({ outcome }) => outcome), ["finished", "finished", "finished"]);
      for (const lines of [said, worker.said]) {
        assert.match(
          lines.join("\n"),
          /Lost the queue at redis:\/\/127.0.0.1:\d+; trying again[^]*is back after \d+\.\d s/,
        );
      }
      await worker.stop();
      await home.close();
    }),

  "a worker that is asked to end gives its trial back at once": (server) =>
    inFolder(async (folder) => {
      const home = await queueExecutor({ url: server.url, study: "paced", folder, notify: () => {} });
      const first = startWorker({ url: server.url, folder: join(folder, "worker") }, { process: "paced_trial" });
      const { told, ended } = startTrial(home, orderOf(pacedStudy(folder).trials[0], folder));
      await told.until(() => told.epochs.length >= 3);
      assert.deepEqual(await first.stop(), { delivered: 0, returned: 1, lost: 0 });
      const second = startWorker({ url: server.url, folder: join(folder, "worker") }, { process: "paced_trial" });
      assert.deepEqual([(await ended).outcome, (await ended).token], ["finished", 2]);
      await second.stop();
      await home.close();
    }),

  "neither home nor worker waits for a Redis that is away, when they are asked to end": (server) =>
    inFolder(async (folder) => {
      const said: string[] = [];
      const home = await queueExecutor({ url: server.url, study: "paced", folder, notify: (text) => said.push(text) });
      const worker = startWorker({ url: server.url, folder: join(folder, "worker") }, { process: "paced_trial" });
      const { told, task, ended } = startTrial(home, orderOf(pacedStudy(folder, { epochs: 600 }).trials[0], folder));
      await told.until(() => told.epochs.length >= 2);
      await server.kill();
      await until(() => said.some((text) => text.startsWith("Lost the queue")));
      task.stop("interrupted");
      assert.equal((await ended).outcome, "interrupted");
      await home.close();
      await worker.stop();
      assert.ok(worker.said.some((text) => text.startsWith("Trials could not be given back")), worker.said.join("\n"));
    }),

  "a Redis whose memory is full is told, and the trial is done when there is room again": (server) =>
    inFolder(async (folder) => {
      const said: string[] = [];
      const connection = await connectQueue(server.url, () => {});
      const { redis } = connection;
      const home = await queueExecutor({ url: server.url, study: "paced", folder, notify: (text) => said.push(text) });
      await redis.config("SET", "maxmemory", "1");
      const { ended } = startTrial(home, orderOf(pacedStudy(folder, { epochs: 3 }).trials[0], folder));
      await until(() => said.some((text) => /^Cannot use the queue for a trial: .*OOM.*; trying again$/.test(text)));
      await redis.config("SET", "maxmemory", "0");
      const worker = startWorker({ url: server.url, folder: join(folder, "worker") }, { process: "paced_trial" });
      assert.equal((await ended).outcome, "finished");
      await worker.stop();
      await home.close();
      connection.close();
    }),

  "a trial that is put into an emptied Redis again is done once": (server) =>
    inFolder(async (folder) => {
      const said: string[] = [];
      const connection = await connectQueue(server.url, () => {});
      const home = await queueExecutor({ url: server.url, study: "paced", folder, notify: (text) => said.push(text) });
      const { ended, told } = startTrial(home, orderOf(pacedStudy(folder, { epochs: 20 }).trials[0], folder));
      const worker = startWorker({ url: server.url, folder: join(folder, "worker") }, { process: "paced_trial" });
      await told.until(() => told.epochs.length >= 3);
      await connection.redis.flushall();
      const end = await ended;
      assert.deepEqual([end.outcome, end.token], ["finished", 2]);
      assert.deepEqual(told.starts.map(({ token }) => token), [1, 2]);
      assert.ok(said.includes("A trial is no longer in the queue (its data was lost); it is put there again"));
      await worker.stop();
      await home.close();
      connection.close();
    }),
});
