import assert from "node:assert/strict";
import { crossEntropy, dropout, embedding, linear, model, tensor, TRAINING_STEP } from "lib/nn/mod.ts";
import { reduceMean } from "lib/graph/mod.ts";
import { traceProgram, type TrainingData, type TrainingProgram, trainProgram } from "lib/train/mod.ts";
import { abortAfter, reproducible, smallSettings, withFolder } from "./fixtures.ts";

const [ROWS, SEQUENCE, TOKENS] = [60, 4, 7];

/** A classifier of token ids with dropout before its head. */
function tokenProgram(seed: number): TrainingProgram {
  const classifier = model(
    "tokens",
    { inputs: { ids: tensor("int64", ["batch", SEQUENCE]) } },
    (scope, { ids }, options) => {
      const embedded = embedding(scope.child("embedding"), ids, { count: TOKENS, width: 8 });
      const mean = dropout(scope.child("drop"), reduceMean(embedded, { axes: [1] }), { rate: 0.3, seed, ...options });
      return { logits: linear(scope.child("head"), mean, 3) };
    },
  );
  return traceProgram({
    model: classifier,
    targets: { label: tensor("int64", ["batch"]) },
    loss: ({ logits }, { label }) => crossEntropy(logits, label),
  });
}

/** Ids in columns of float32; the label is the first id's rest by 3. */
function tokenData(): TrainingData {
  const ids = Float32Array.from({ length: ROWS * SEQUENCE }, (_, i) => (i * i + 3 * i) % TOKENS);
  const labels = Float32Array.from({ length: ROWS }, (_, row) => ids[row * SEQUENCE] % 3);
  const rows = Uint32Array.from(labels.keys());
  return {
    reference: { dataset: "tokens", columns: { ids: "ids", label: "label" }, hash: "tokens" },
    columns: {
      ids: { dtype: "float32", shape: [ROWS, SEQUENCE], data: ids },
      label: { dtype: "float32", shape: [ROWS], data: labels },
    },
    train: rows.subarray(0, 48),
    validation: rows.subarray(48),
  };
}

const settings = smallSettings({ epochs: 6, batchSize: 16 });

const run = (seed: number, options: { checkpointDir?: string; signal?: AbortSignal } = {}) =>
  trainProgram(tokenProgram(seed), tokenData(), { settings, ...options }).result;

Deno.test("a program over token ids trains from float32 columns, its dropout by seed", async () => {
  const [one, again, other] = [await run(1), await run(1), await run(2)];
  assert.deepEqual(reproducible(again), reproducible(one));
  assert.notDeepEqual(other.weights, one.weights);
  assert.ok(one.history[5].validation.loss < one.history[0].validation.loss);
});

for (const steps of [1, 4, 9]) {
  Deno.test(`a run with dropout aborted after ${steps} steps goes on to the same bits`, async () => {
    const whole = await run(1);
    await withFolder(async (folder) => {
      await run(1, { checkpointDir: folder, signal: abortAfter(steps) });
      assert.deepEqual(reproducible(await run(1, { checkpointDir: folder })), reproducible(whole));
    });
  });
}

Deno.test("the step number is an input of the loss only, and its name is taken", () => {
  const { forward, loss, metrics } = tokenProgram(1);
  assert.deepEqual([forward, loss, metrics].map(({ inputs }) => TRAINING_STEP in inputs), [false, true, false]);
  assert.equal(loss.inputs.ids.dtype, "float32");
  assert.equal(forward.inputs.ids.dtype, "int64");
  const named = model("m", { inputs: { [TRAINING_STEP]: tensor("float32", ["batch", 2]) } }, (scope, inputs) => ({
    y: linear(scope, inputs[TRAINING_STEP], 2),
  }));
  assert.throws(
    () => traceProgram({ model: named, loss: ({ y }) => reduceMean(y) }),
    /Cannot trace m: "trainingStep" is the name of the step number/,
  );
});
