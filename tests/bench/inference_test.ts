import assert from "node:assert/strict";
import { measureInference } from "../../lib/bench/mod.ts";
import { graph, input, log, reduceSum } from "../../lib/graph/mod.ts";
import { lnspStudent } from "../../lib/models/lnsp.ts";

const student = lnspStudent({ inputDim: 8, studentDim: 16, latentDim: 4 }).trace();

Deno.test("measureInference times calls after checking the output", async () => {
  const timing = await measureInference(student, { batchSize: 4, minSeconds: 0.01, minCalls: 20 });
  assert.ok(timing.samplesMs.length >= 20);
  assert.ok(timing.samplesMs.every((time) => time > 0));
  assert.ok(timing.relativeError > 0 && timing.relativeError < 1e-5, `relative error ${timing.relativeError}`);
  assert.ok(timing.interval.low <= timing.callMs && timing.callMs <= timing.interval.high);
  assert.ok(timing.createMs > 0 && timing.firstCallMs > 0);
  assert.ok(["VALID", "NOISY", "INVALID"].includes(timing.verdict));
});

Deno.test("measureInference does not time a wrong output", async () => {
  const x = input("x", "float32", ["batch", 3]);
  const broken = graph("broken", { output: log(reduceSum(x, { axes: [1], keepDims: true })) }); // of a negative sum
  await assert.rejects(
    measureInference(broken, { batchSize: 64, minSeconds: 0.01, minCalls: 5 }),
    /Cannot measure broken at batch 64: wrong output, not timed/,
  );
});

Deno.test("measureInference refuses a batch of 0", async () => {
  await assert.rejects(measureInference(student, { batchSize: 0 }), /expected a batch of an integer from 1, got 0/);
});
