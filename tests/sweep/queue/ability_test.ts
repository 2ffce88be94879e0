// Which worker takes which trial, stopping trials, and checkpoints of each size.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadWeights } from "lib/train/mod.ts";
import { ClassServer } from "lib/sweep/queue/class_server.ts";
import { requirementOf, whyNot } from "lib/sweep/queue/requirement.ts";
import { queueExecutor } from "lib/sweep/queue/home.ts";
import { receiveCheckpoint, sendCheckpoint, TransferError } from "lib/sweep/queue/checkpoint_transfer.ts";
import { connectQueue, type QueueConnection } from "lib/sweep/queue/connection.ts";
import { keys } from "lib/sweep/queue/protocol.ts";
import { inFolder, momentStudy, scriptedStudy } from "../studies.ts";
import { orderOf, pacedStudy, startTrial, startWorker, until } from "./queue_fixtures.ts";
import { redisTest } from "./redis_server.ts";

Deno.test("whyNot says what a machine lacks for a trial", () =>
  inFolder(async (folder) => {
    const requirement = requirementOf(scriptedStudy(folder, 1).trials[0]);
    assert.deepEqual([requirement.engine, requirement.memoryGib, requirement.dataset], [
      "cpu",
      1,
      "random-400x8-seed1",
    ]);
    const abilities = { engines: () => Promise.resolve(["cpu", "tfjs"] as const), memoryGib: 4 };
    assert.equal(await whyNot(requirement, abilities), null);
    assert.equal(
      await whyNot({ ...requirement, engine: "webgpu" }, abilities),
      "has no engine webgpu (it has cpu, tfjs)",
    );
    assert.equal(
      await whyNot({ ...requirement, memoryGib: 20 }, abilities),
      "gives trials 4 GiB of memory, and 20 GiB are needed",
    );
    assert.equal(
      await whyNot({ ...requirement, dataset: "no-such-dataset" }, abilities),
      "has no dataset no-such-dataset",
    );
    assert.match(
      (await whyNot({ ...requirement, datasetHash: "0".repeat(64) }, abilities))!,
      /^has another version of/,
    );
  }));

Deno.test("two looks for classes at once are one: what a worker refuses is told once", () =>
  inFolder(async (folder) => {
    const requirement = { ...requirementOf(scriptedStudy(folder, 1).trials[0]), engine: "webgpu" };
    const redis = { hgetall: () => Promise.resolve({ one: JSON.stringify(requirement) }) };
    const said: string[] = [];
    const server = new ClassServer({
      connection: { redis } as unknown as QueueConnection,
      abilities: { engines: () => Promise.resolve(["cpu"]), memoryGib: 4 },
      mostLost: 1,
      notify: (sentence) => said.push(sentence),
    });
    await Promise.all([server.refresh(), server.refresh()]);
    assert.equal(said.length, 1);
    assert.deepEqual(Object.keys(server.refuses), ["one"]);
  }));

redisTest(
  "a trial that no worker can do waits for one that can, and home says so",
  (server) =>
    inFolder(async (folder) => {
      const said: string[] = [];
      const home = await queueExecutor({
        url: server.url,
        study: "scripted",
        folder,
        notify: (text) => said.push(text),
      });
      const { ended } = startTrial(home, orderOf(scriptedStudy(folder, 1).trials[0], folder));
      await until(() => said.some((text) => text.startsWith("1 trial waits")));
      assert.match(
        said.at(-1)!,
        /^1 trial waits: no worker is connected to redis:\S+; start one on any machine: deno task worker --queue redis:\S+$/,
      );
      const small = startWorker({ url: server.url, folder: join(folder, "worker"), name: "small", memoryGib: 0.5 });
      await until(() => said.some((text) => text.includes("none of those connected")));
      assert.match(
        said.at(-1)!,
        /^1 trial waits for a worker with engine cpu, 1 GiB of memory and dataset random-400x8-seed1 \(\w{8}\); none of those connected has it: small gives trials 0.5 GiB of memory, and 1 GiB are needed$/,
      );
      assert.ok(said.some((text) => /^Worker small is here: a machine of tests, 1 trial at a time$/.test(text)));
      assert.ok(small.said.some((text) => /are for others: this worker gives trials 0.5 GiB/.test(text)));
      const large = startWorker({ url: server.url, folder: join(folder, "worker"), name: "large", memoryGib: 2 });
      assert.equal((await ended).outcome, "finished");
      assert.deepEqual([await small.stop(), await large.stop()].map(({ delivered }) => delivered), [0, 1]);
      await until(() => said.includes("Worker small is gone"));
      await home.close();
    }),
);

redisTest(
  "pruning and cancelling reach a trial under way within a second, and one that waits at once",
  (server) =>
    inFolder(async (folder) => {
      const home = await queueExecutor({ url: server.url, study: "paced", folder, notify: () => {}, ahead: 9 });
      const worker = startWorker({ url: server.url, folder: join(folder, "worker") }, { process: "paced_trial" });
      const [first, second, third] = pacedStudy(folder, { count: 3, epochs: 600 }).trials;
      const pruned = startTrial(home, orderOf(first, folder));
      await pruned.told.until(() => pruned.told.epochs.length >= 2);
      const waiting = startTrial(home, orderOf(second, folder));
      await new Promise((resolve) => setTimeout(resolve, 300));
      waiting.task.stop("cancelled");
      assert.equal((await waiting.ended).outcome, "cancelled");
      assert.deepEqual(waiting.told.starts, []);
      pruned.task.stop("pruned");
      assert.equal((await pruned.ended).outcome, "pruned");
      assert.ok(pruned.told.epochs.length < 60, `${pruned.told.epochs.length} epochs of 100 ms`);
      const cancelled = startTrial(home, orderOf(third, folder));
      await cancelled.told.until(() => cancelled.told.epochs.length >= 2);
      cancelled.task.stop("cancelled");
      assert.equal((await cancelled.ended).outcome, "cancelled");
      // The same trial may be tried again: the wish of before is forgotten.
      const again = startTrial(home, orderOf(third, folder, { attemptsBefore: 1 }));
      await again.told.until(() => again.told.epochs.length >= 2);
      assert.equal(again.told.starts[0].token, 2);
      again.task.stop("cancelled");
      await again.ended;
      await worker.stop();
      await home.close();
    }),
);

redisTest(
  "weights too large for the queue come through the shared folder, or the row says where they are",
  (server) =>
    inFolder(async (folder) => {
      const shared = join(folder, "shared");
      await assert.rejects(
        queueExecutor({ url: server.url, study: "s", folder, sharedFolder: shared }),
        /expected the shared folder \/\S+, which does not exist/,
      );
      mkdirSync(shared);
      for (const sharedFolder of [shared, undefined]) {
        const study = `long-${sharedFolder === undefined ? "without" : "with"}`;
        const home = await queueExecutor({ url: server.url, study, folder, notify: () => {}, sharedFolder });
        const workers = join(folder, "worker");
        const worker = startWorker({
          url: server.url,
          folder: workers,
          name: "ada",
          sharedFolder,
          mostQueuedBytes: 100,
        }, {
          process: "",
        });
        const [trial] = momentStudy(folder).trials;
        const order = orderOf(trial, join(folder, study));
        const end = await startTrial(home, order).ended;
        assert.equal(end.outcome, "finished");
        if (sharedFolder === undefined) {
          assert.match(
            end.message!,
            /^its weights are on worker ada \(a machine of tests\) in .*: too large for the queue, and/,
          );
          const [place] = /\/\S+(?=: too large)/.exec(end.message!)!;
          assert.ok(Object.keys(await loadWeights(place)).length > 0);
          assert.equal(existsSync(order.checkpointDir), false);
        } else {
          assert.equal(end.message, null);
          assert.ok(Object.keys(await loadWeights(order.checkpointDir)).length > 0);
        }
        await worker.stop();
        await home.close();
      }
    }),
);

redisTest("a checkpoint that was damaged on its way is refused by its hash", (server) =>
  inFolder(async (folder) => {
    const connection = await connectQueue(server.url, () => {});
    const { redis } = connection;
    const home = await queueExecutor({ url: server.url, study: "long", folder, notify: () => {} });
    const worker = startWorker({ url: server.url, folder: join(folder, "worker") }, { process: "" });
    const order = orderOf(momentStudy(folder).trials[0], folder);
    await startTrial(home, order).ended;
    await worker.stop();
    await home.close();
    const sharedFolder = join(folder, "shared");
    for (const mostQueuedBytes of [1e6, 0]) {
      const route = { redis, jobId: "job", token: 1, sharedFolder };
      const sent = (await sendCheckpoint(order.checkpointDir, { ...route, mostQueuedBytes, place: "" }))!;
      assert.equal(sent.by, mostQueuedBytes === 0 ? "shared" : "queue");
      const target = join(folder, "target");
      assert.equal(await receiveCheckpoint(sent, target, route), null);
      assert.deepEqual(await loadWeights(target), await loadWeights(order.checkpointDir));
      const { name } = (sent as { files: { name: string }[] }).files[0];
      const path = join(sharedFolder, "job", "1", name);
      const content = readFileSync(join(target, name));
      content[content.length - 1] ^= 1;
      if (sent.by === "queue") await redis.set(keys.file("job", 1, name), content);
      else writeFileSync(path, content);
      await assert.rejects(receiveCheckpoint(sent, target, route), (error) => {
        assert.ok(error instanceof TransferError);
        assert.match(error.message, /^expected the file weights\S+ to be \d+ bytes with SHA-256 \w{16}, got \d+ bytes/);
        return true;
      });
      assert.deepEqual(await loadWeights(target), await loadWeights(order.checkpointDir)); // the good one stays
      const outside = { ...sent, files: [{ name: "../outside", bytes: 1, sha256: "0" }] } as typeof sent;
      await assert.rejects(receiveCheckpoint(outside, target, route), /expected a file's name, got "..\/outside"/);
    }
    connection.close();
  }));
