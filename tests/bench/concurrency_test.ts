import assert from "node:assert/strict";
import { measureConcurrency, measureTrainingCosts } from "lib/bench/mod.ts";
import { graph, input, log, reduceSum } from "lib/graph/mod.ts";
import { linearAutoencoder } from "lib/models/linear_autoencoder.ts";
import { meanSquaredError } from "lib/nn/mod.ts";
import { traceProgram } from "lib/train/mod.ts";

const model = linearAutoencoder({ inputDim: 8, latentDim: 4 });
const short = { seconds: 0.02, rounds: 2 };

Deno.test("measureConcurrency adds processes and counts all their rows", async () => {
  const points = await measureConcurrency({ kind: "inference", graph: model.trace(), batchSize: 16 }, {
    ...short,
    processes: [1, 2],
  });
  assert.deepEqual(points.map(({ processes }) => processes), [1, 2]);
  for (const { rowsPerSecond, rssBytes } of points) {
    assert.ok(rowsPerSecond.value > 16 && rowsPerSecond.n === 2);
    assert.ok(rssBytes > 1e6);
  }
});

Deno.test("measureConcurrency trains, and stops where throughput falls", async () => {
  const program = traceProgram({ model, loss: ({ output }, { x }) => meanSquaredError(output, x) });
  const points = await measureConcurrency({ kind: "training", program, batchSize: 16 }, {
    ...short,
    processes: [1, 2, 3],
    stopBelow: 2, // below twice the best, as every number is
  });
  assert.deepEqual(points.map(({ processes }) => processes), [1]);
});

Deno.test("measureConcurrency passes on why a process failed, and refuses wrong numbers", async () => {
  const shapeless = graph("shapeless", { output: log(reduceSum(input("x", "float32", ["rows", 2]), { axes: [1] })) });
  const work = { kind: "inference", graph: shapeless, batchSize: 1 } as const;
  await assert.rejects(measureConcurrency(work, { ...short, processes: [1] }), /a process of inference ended/);
  await assert.rejects(
    measureConcurrency(work, { ...short, processes: [2, 1] }),
    /ascending numbers of processes, got 2,1/,
  );
  await assert.rejects(measureConcurrency(work, { ...short, processes: [] }), /ascending numbers/);
  await assert.rejects(measureConcurrency(work, { ...short, processes: [1], rounds: 1 }), /at least 2 rounds, got 1/);
});

Deno.test("measureTrainingCosts compares every model's step with the first one's", async () => {
  const programOf = (latentDim: number) =>
    traceProgram({
      model: linearAutoencoder({ inputDim: 64, latentDim }),
      loss: ({ output }, { x }) => meanSquaredError(output, x),
    });
  const options = { batchSize: 64, turns: { blocks: 4, blockMs: 5, minSteps: 3 } };
  const costs = await measureTrainingCosts({ small: programOf(8), large: programOf(2048) }, options);
  assert.deepEqual(costs.map(({ name }) => name), ["small", "large"]);
  assert.equal(costs[0].ratio.ratio, 1);
  assert.ok(costs[1].ratio.ratio > 2, `256 times the parameters, ${costs[1].ratio.ratio} times the time`);
  assert.ok(costs[1].stepMs.value > costs[0].stepMs.value);
  await assert.rejects(measureTrainingCosts({}, options), /at least one program/);
});
