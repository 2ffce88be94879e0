import assert from "node:assert/strict";
import { dataReference, randomDataset } from "lib/data/mod.ts";
import { linearAutoencoder } from "lib/models/linear_autoencoder.ts";
import { meanSquaredError } from "lib/nn/mod.ts";
import { defineStudy } from "lib/sweep/mod.ts";
import { adam, definitionHash, openTrainingData, traceProgram, train, trainingData } from "lib/train/mod.ts";

const dataset = randomDataset({ rows: 200, width: 8, seed: 1 });
const columns = { x: "embedding" };
const model = linearAutoencoder({ inputDim: 8, latentDim: 2 });
const loss = (({ output }, { x }) => meanSquaredError(output, x)) satisfies Parameters<typeof traceProgram>[0]["loss"];
const settings = { optimizer: adam({ learningRate: 1e-3 }), epochs: 2, batchSize: 10, seed: 1, threads: 1 };

Deno.test("a reference can take the first rows of the training split, and finds them again", async () => {
  const reference = dataReference(dataset, columns, { trainRows: 40 });
  const sent = JSON.parse(JSON.stringify(reference));
  const data = await openTrainingData(sent);
  assert.deepEqual(data.train, dataset.splits.train.subarray(0, 40));
  assert.deepEqual(data.validation, dataset.splits.validation);
  assert.deepEqual(data.reference, reference);
  const { history } = await train({ model, loss, data, ...settings }).result;
  assert.deepEqual(history.map(({ steps }) => steps), [4, 4]);
});

Deno.test("all training rows are the same reference as no number, and a run on fewer is another run", () => {
  assert.deepEqual(dataReference(dataset, columns, { trainRows: 160 }), dataReference(dataset, columns));
  const program = traceProgram({ model, loss });
  const whole = definitionHash(program, trainingData(dataset, columns), settings);
  assert.notEqual(definitionHash(program, trainingData(dataset, columns, { trainRows: 159 }), settings), whole);
});

Deno.test("a study over sizes has a trial for each", () => {
  const study = defineStudy({
    name: "test-sizes",
    space: { rows: [40, 80] },
    trial: ({ rows }) => ({ model, loss, data: dataReference(dataset, columns, { trainRows: rows }), ...settings }),
  });
  assert.deepEqual(study.trials.map(({ definition }) => definition.data.trainRows), [40, 80]);
  assert.notEqual(study.trials[0].key, study.trials[1].key);
});

Deno.test("dataReference refuses more training rows than there are", () => {
  for (const trainRows of [0, 161, 1.5]) {
    assert.throws(() => dataReference(dataset, columns, { trainRows }), /trainRows to be an integer from 1 to 160/);
  }
});
