import assert from "node:assert/strict";
import { runTrainBenchmark, trainTable, waitForQuiet } from "lib/bench/mod.ts";

const TURNS = { blocks: 2, blockMs: 1, minSteps: 2 };

Deno.test("runTrainBenchmark measures our side alone, with a control", async () => {
  const done: string[] = [];
  const result = await runTrainBenchmark({
    studentDims: [8, 16],
    batchSizes: [32],
    threads: 1,
    turns: TURNS,
    attempts: 2,
    quietMs: 1,
    peerPython: null,
    onCell: ({ studentDim }, count, total) => done.push(`${studentDim}: ${count}/${total}`),
  });
  assert.deepEqual(done, ["8: 1/2", "16: 2/2"]);
  assert.deepEqual([result.ratio, result.low, result.high, result.n, result.peer], [null, null, null, 0, null]);
  const { ours, peer, comparison } = result.cells[0];
  assert.deepEqual([peer, comparison], [null, null]);
  assert.ok(result.cells.every(({ attempt, verdict }) => attempt === 2 || verdict !== "INVALID"));
  assert.equal(ours.n, ours.blocksMs.flat().length);
  assert.ok(ours.n >= 4 && ours.medianMs > 0 && ours.createMs > 0);
  assert.equal(ours.samplesPerSecond, 32_000 / ours.medianMs);
  assert.equal(result.control?.studentDim, 8);
  assert.ok(result.control.comparison.ratio > 0);
  const table = trainTable(result);
  assert.match(table, /^\| +S \| batch \| ours ms/);
  assert.match(table, /no peer: PEER_PYTHON names no Python with torch/);
  assert.deepEqual(JSON.parse(JSON.stringify(result)), result);
});

Deno.test("runTrainBenchmark refuses a Python without torch before it measures", async () => {
  const options = { studentDims: [8], batchSizes: [8], threads: 1, turns: TURNS, attempts: 1, quietMs: 1 };
  await assert.rejects(runTrainBenchmark({ ...options, peerPython: "false" }), /false cannot import torch/);
  await assert.rejects(runTrainBenchmark({ ...options, peerPython: "/nonexistent/python" }), /nonexistent/);
});

Deno.test("waitForQuiet looks until the cores are idle enough, or the time is up", async () => {
  const looks = { atMostMs: 60, lookMs: 20 };
  const quiet = await waitForQuiet({ ...looks, atMostMs: 60_000, idleShare: 0 });
  assert.ok(quiet !== null && quiet >= 0 && quiet <= 1);
  const start = performance.now();
  assert.ok((await waitForQuiet({ ...looks, idleShare: 1.1 })) !== null);
  assert.ok(performance.now() - start >= 60);
  assert.equal(await waitForQuiet({ ...looks, signal: AbortSignal.abort() }), null);
});
