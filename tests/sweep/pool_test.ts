import assert from "node:assert/strict";
import { join } from "node:path";
import { projectPath, startChild } from "lib/process/mod.ts";
import { defineStudy, seeds } from "lib/sweep/mod.ts";
import { adam, loadWeights, readSidecar } from "lib/train/mod.ts";
import { attempt, withPool } from "./pools.ts";
import { endlessStudy, inFolder, scriptedStudy, tinyTrial } from "./studies.ts";

const tiny = defineStudy({
  name: "pool",
  space: { studentDim: [8, 12], rate: [1e-2, 3e-3], seed: seeds(2) },
  trial: ({ studentDim, rate }) => ({ ...tinyTrial({ studentDim }), optimizer: adam({ learningRate: rate }) }),
});

const scripted = (folder: string, count = 9) => scriptedStudy(folder, count).trials;

async function bitsOf(folder: string): Promise<string> {
  const weights = await loadWeights(folder);
  const bits = Object.entries(weights).map(([name, { data }]) => [name, new Uint32Array(data.buffer).join()]);
  return JSON.stringify(Object.fromEntries(bits.sort()));
}

Deno.test("a process serves many trials, and each has the bits that it has in a process of its own", () =>
  inFolder(async (folder) => {
    const order = [0, 1, 2, 0, 5, 4, 3].map((i) => tiny.trials[i]); // programs change and come back, seeds and rates too
    const shared: string[] = [];
    await withPool({}, async (pool) => {
      const pids = new Set<number>();
      for (const [i, trial] of order.entries()) {
        const { told, end } = await attempt(pool, trial, { folder: join(folder, String(i)) });
        assert.equal(end.outcome, "finished", end.message ?? "");
        pids.add(told.pids[0]);
        shared.push(await bitsOf(join(folder, String(i), trial.key)));
      }
      assert.equal(pids.size, 1);
    });
    await withPool({ processes: "fresh" }, async (pool) => {
      const pids = new Set<number>();
      for (const [i, trial] of order.entries()) {
        const own = join(folder, `own${i}`);
        const { told } = await attempt(pool, trial, { folder: own });
        pids.add(told.pids[0]);
        assert.equal(await bitsOf(join(own, trial.key)), shared[i], `trial ${i}`);
      }
      assert.equal(pids.size, order.length);
    });
    assert.equal(new Set(shared).size, 6);
  }));

Deno.test("a pool runs as many trials at once as it was given, and two different ones have processes of their own", () =>
  inFolder(async (folder) => {
    await withPool({ trials: 2 }, async (pool) => {
      assert.equal(pool.description, "2 processes x 1 thread");
      const [a, b, c] = tiny.trials;
      assert.ok(pool.admits(a, { alone: false }));
      const first = attempt(pool, a, { folder });
      assert.ok(!pool.admits(b, { alone: true }) && pool.admits(b, { alone: false }));
      const second = attempt(pool, b, { folder });
      assert.ok(!pool.admits(c, { alone: false }));
      const [x, y] = await Promise.all([first, second]);
      assert.deepEqual([x.end.outcome, y.end.outcome], ["finished", "finished"]);
      assert.notEqual(x.told.pids[0], y.told.pids[0]);
      assert.deepEqual([x.told.threads, x.told.tokens], [[1], [1]]);
    });
  }));

Deno.test("a trial that is stopped saves a checkpoint, its process goes on, and another attempt goes on from there", () =>
  inFolder(async (folder) => {
    const { trials: [trial] } = defineStudy({
      name: "stop",
      space: { seed: seeds(1) },
      trial: () => tinyTrial({ epochs: 800 }),
    });
    await withPool({}, async (pool) => {
      const first = await attempt(pool, trial, {
        folder,
        onEpoch: ({ epoch }, stop) => epoch === 5 && stop("pruned"),
      });
      assert.deepEqual([first.end.outcome, first.end.result], ["pruned", null]);
      const sidecar = await readSidecar(join(folder, trial.key));
      assert.ok(sidecar?.status === "running" && sidecar.epoch >= 5 && sidecar.epoch < 800);
      const second = await attempt(pool, trial, { folder, attemptsBefore: 1 });
      assert.equal(second.end.outcome, "finished");
      assert.ok(second.told.epochs[0].epoch > 5 && second.told.tokens[0] > first.told.tokens[0]);
      assert.equal(second.told.pids[0], first.told.pids[0]);
    });
  }));

Deno.test("every way in which a process ends is told, and the next trial has a new process", () =>
  inFolder(async (folder) => {
    const expected: Record<number, [string, RegExp]> = {
      1: ["finished", /^$/],
      2: ["exited", /^ended with exit code 1 and without a result$/],
      3: ["deadline", /^did not end within its deadline of 1.5 s$/],
      4: ["exited", /^ended with exit code 3 and without a result$/],
      5: ["diverged", /^the metric cosine is NaN on the validation split in epoch 1$/],
      6: ["output", /^was ended because it printed too much$/],
      7: ["killed", /^was killed by SIGKILL from outside/],
      8: ["finished", /^$/],
      9: ["killed", /^was asked to end by another process \(SIGTERM\)$/],
    };
    await withPool({ process: "scripted_trial" }, async (pool) => {
      const pids = new Set<number>();
      for (const trial of scripted(folder).filter(({ parameters }) => parameters.studentDim === 4)) {
        const { told, end } = await attempt(pool, trial, { folder, deadlineMs: 1500 });
        const [outcome, message] = expected[Number(trial.parameters.seed)];
        assert.equal(end.outcome, outcome, `seed ${trial.parameters.seed}: ${end.message}`);
        assert.match(end.message ?? "", message);
        if (outcome === "exited") assert.match(end.stderrTail, /seed \d with 1 threads/);
        pids.add(told.pids[0]);
      }
      assert.equal(pids.size, 7); // after 1 and 5 the same one went on
    });
  }));

Deno.test("a trial that passes its deadline does not cost the next one an attempt", () =>
  inFolder(async (folder) => {
    await withPool({}, async (pool) => {
      const { end } = await attempt(pool, endlessStudy(folder).trials[0], { folder, deadlineMs: 1000 });
      assert.deepEqual([end.outcome, end.message], ["deadline", "did not end within its deadline of 1 s"]);
      const [trial] = defineStudy({ name: "next", space: { a: [1] }, trial: () => tinyTrial() }).trials;
      assert.equal((await attempt(pool, trial, { folder })).end.outcome, "finished");
    });
  }));

Deno.test("a process that gives no sign of life is ended", () =>
  inFolder(async (folder) => {
    await withPool({ process: "scripted_trial", silenceMs: 700 }, async (pool) => {
      const { end } = await attempt(pool, scripted(folder)[2], { folder });
      assert.deepEqual([end.outcome, end.message], ["deadline", "gave no sign of life for 0.7 s"]);
    });
  }));

Deno.test("what a callback throws ends the attempt, and the pool goes on", () =>
  inFolder(async (folder) => {
    await withPool({}, async (pool) => {
      const failing = attempt(pool, tiny.trials[0], {
        folder,
        onEpoch: () => {
          throw new Error("the display is gone");
        },
      });
      await assert.rejects(failing, /the display is gone/);
      assert.equal((await attempt(pool, tiny.trials[1], { folder })).end.outcome, "finished");
    });
  }));

Deno.test("a learning rate that is too high does not cost the process, an error does", () =>
  inFolder(async (folder) => {
    const { trials } = defineStudy({
      name: "errors",
      space: { kind: ["diverges", "throws", "trains"] },
      trial: ({ kind }) => ({
        ...tinyTrial(),
        optimizer: adam({ learningRate: kind === "diverges" ? 1e30 : 0.01 }),
        data: kind === "throws" ? { ...tinyTrial().data, hash: "0".repeat(64) } : tinyTrial().data,
      }),
    });
    await withPool({}, async (pool) => {
      const ends = [];
      for (const i of [2, 0, 2, 1, 2]) ends.push(await attempt(pool, trials[i], { folder: join(folder, String(i)) }));
      assert.deepEqual(ends.map(({ end }) => end.outcome), ["finished", "diverged", "finished", "threw", "finished"]);
      const [a, b, c, d, e] = ends.map(({ told }) => told.pids[0]);
      assert.ok(a === b && b === c && c === d && d !== e);
      assert.match(ends[3].end.stderrTail, /RangeError: Cannot resolve reference[^]*at /);
    });
  }));

Deno.test("the warm-up of a process of trials leaves denormals flushed, as training wants them", async () => {
  const told: unknown[] = [];
  const { exitCode, stderrTail } = await startChild({
    module: projectPath("tests", "sweep", "processes", "tells_denormals.ts"),
    onMessage: (message) => told.push(message),
  }).result;
  assert.equal(exitCode, 0, stderrTail);
  assert.deepEqual(told, [{ flushed: true }]);
});

Deno.test("a process that dies between two trials costs neither of them", () =>
  inFolder(async (folder) => {
    await withPool({}, async (pool) => {
      const first = await attempt(pool, tiny.trials[0], { folder });
      Deno.kill(first.told.pids[0], "SIGKILL");
      const second = await attempt(pool, tiny.trials[1], { folder }); // its end may have been noticed, or not yet
      if (second.end.outcome === "finished") assert.notEqual(second.told.pids[0], first.told.pids[0]);
      else assert.deepEqual([second.end.outcome, second.told.epochs.length], ["lost", 0]);
      const third = await attempt(pool, tiny.trials[1], { folder, attemptsBefore: 1 });
      assert.equal(third.end.outcome, "finished", third.end.message ?? "");
    });
  }));
