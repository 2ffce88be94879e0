import assert from "node:assert/strict";
import { assertAllClose } from "../assertions.ts";
import { loadDataset, randomDataset } from "../../lib/data/mod.ts";
import {
  applyModel,
  decode,
  encode,
  fitPca,
  nearestNeighbours,
  pcaCodec,
  pcaWeights,
  recallAtK,
  selectRows,
  type Vectors,
} from "../../lib/evaluate/mod.ts";
import { type Graph, parameterCount } from "../../lib/graph/mod.ts";
import { pcaStudent, pcaStudentLoss, pcaStudentParameterCount } from "../../lib/models/pca_student.ts";
import { initialValues } from "../../lib/nn/mod.ts";
import type { ArrayValue } from "../../lib/runtime/mod.ts";
import { mean } from "../../lib/statistics/mod.ts";
import {
  adam,
  deserializeProgram,
  gradientNorms,
  serializeProgram,
  traceProgram,
  train,
  trainingData,
  withoutGradient,
} from "../../lib/train/mod.ts";

const WIDTH = 24;
const LATENT_DIM = 6;
const dataset = randomDataset({ rows: 400, width: WIDTH, seed: 1 });
const { embedding } = dataset.columns;
const pca = fitPca(embedding);
const start = pcaWeights(pca, LATENT_DIM);

const firstWeights = (forward: Graph): Record<string, ArrayValue> =>
  Object.fromEntries(forward.parameters.map((leaf) => [
    leaf.source.name,
    { dtype: "float32", shape: leaf.shape as number[], data: initialValues(leaf, 3) },
  ]));

const apply = (forward: Graph, output: string) =>
  applyModel(forward, embedding, { weights: firstWeights(forward), output, threads: 1 });

Deno.test("before training the student is PCA, with and without a hidden layer", async () => {
  const codec = pcaCodec(pca, LATENT_DIM);
  const projection = encode({ ...codec, mean: new Float64Array(WIDTH) }, embedding);
  const reconstruction = decode(codec, encode(codec, embedding));
  for (const hiddenDim of [0, 10]) {
    const forward = pcaStudent({ ...start, hiddenDim }).trace();
    assertAllClose((await apply(forward, "latent")).data, projection.data, { rtol: 0, atol: 1e-5 });
    assertAllClose((await apply(forward, "output")).data, reconstruction.data, { rtol: 0, atol: 1e-5 });
  }
});

Deno.test("the mean that PCA adds back is part of the reconstruction", async () => {
  const far = { ...embedding, data: embedding.data.map((value, i) => value + (i % WIDTH === 0 ? 3 : 0)) };
  const shifted = fitPca(far);
  const forward = pcaStudent(pcaWeights(shifted, LATENT_DIM)).trace();
  const { data } = await applyModel(forward, far, { weights: firstWeights(forward), threads: 1 });
  const codec = pcaCodec(shifted, LATENT_DIM);
  assertAllClose(data, decode(codec, encode(codec, far)).data, { rtol: 0, atol: 1e-5 });
});

Deno.test("the student has the parameters of its formula, and PCA's values are none of them", () => {
  for (const hiddenDim of [0, 10]) {
    const forward = pcaStudent({ ...start, hiddenDim }).trace();
    const widths = { inputDim: WIDTH, latentDim: LATENT_DIM, hiddenDim };
    assert.equal(parameterCount(forward), pcaStudentParameterCount(widths));
    assert.deepEqual(forward.outputs.latent.shape, ["batch", LATENT_DIM]);
    assert.deepEqual(forward.outputs.output.shape, ["batch", WIDTH]);
  }
  assert.equal(pcaStudentParameterCount({ latentDim: 64 }), 2 * 64 * 384 + 384);
});

Deno.test("a trial carries PCA's values with it", async () => {
  const program = traceProgram({ model: pcaStudent(start), loss: pcaStudentLoss() });
  const copy = deserializeProgram(JSON.parse(JSON.stringify(serializeProgram(program))));
  const [before, after] = [await apply(program.forward, "output"), await apply(copy.forward, "output")];
  assert.deepEqual(after.data, before.data);
});

Deno.test("the hidden layer's first matrix waits for the second to leave zero, all else learns from the first step", () => {
  const program = traceProgram({ model: pcaStudent({ ...start, hiddenDim: 10 }), loss: pcaStudentLoss() });
  const rows = 8;
  const batch = { x: { data: embedding.data.subarray(0, rows * WIDTH), shape: [rows, WIDTH] } };
  const first = withoutGradient(gradientNorms(program, batch));
  assert.deepEqual(first, ["residual.expansion.weight", "residual.expansion.bias"]);
  const weights = Object.fromEntries(
    program.loss.parameters.map(({ source: { name }, shape }) => {
      const count = (shape as number[]).reduce((product, size) => product * size, 1);
      return [name, { data: Array.from({ length: count }, (_, i) => Math.sin(i + 1) / 10) }];
    }),
  );
  assert.deepEqual(withoutGradient(gradientNorms(program, batch, { weights })), []);
});

Deno.test("trained on glosses for seconds, the student finds more of the teacher's neighbours than PCA", async () => {
  const glosses = await loadDataset("wordnet-20k");
  const source = glosses.columns.embedding;
  const queries = glosses.splits.validation.subarray(0, 300);
  const few = glosses.splits.train.subarray(0, 3000);
  const fitted = fitPca(selectRows(source, few));
  const student = pcaStudent(pcaWeights(fitted, 32));
  const { weights } = await train({
    model: student,
    loss: pcaStudentLoss(),
    data: { ...trainingData(glosses, { x: "embedding" }), train: few, validation: queries },
    optimizer: adam({ learningRate: 3e-3 }),
    epochs: 10,
    batchSize: 500,
    seed: 1,
    threads: 1,
  }).result;
  const gallery = selectRows(source, Uint32Array.from([...queries, ...few]));
  const asked = { queries: Uint32Array.from(queries, (_, i) => i), k: 10 };
  const teacher = await nearestNeighbours(gallery, asked);
  const recall = async (latent: Vectors) => mean(recallAtK(teacher, await nearestNeighbours(latent, asked)));
  const codec = pcaCodec(fitted, 32);
  const floors = [encode(codec, gallery), decode(codec, encode(codec, gallery))];
  const trained = await recall(await applyModel(student.trace(), gallery, { weights, output: "latent", threads: 1 }));
  for (const floor of floors) {
    const pcaRecall = await recall(floor);
    assert.ok(trained > pcaRecall + 0.02, `expected more than 0.02 above PCA's ${pcaRecall}, got ${trained}`);
  }
});

Deno.test("the student refuses components, means, widths and weights that do not fit", () => {
  const { components, mean: centre } = start;
  assert.throws(
    () => pcaStudent({ components, mean: { shape: [5], data: new Float32Array(5) } }),
    /got \[6,24\] and \[5\]/,
  );
  assert.throws(() => pcaStudent({ components: centre, mean: centre }), /expected components \[latentDim, inputDim\]/);
  const tall = { shape: [30, WIDTH], data: new Float32Array(30 * WIDTH) };
  assert.throws(() => pcaStudent({ components: tall, mean: centre }), /expected at most 24 components, got 30/);
  const short = { ...components, data: components.data.subarray(1) };
  assert.throws(() => pcaStudent({ components: short, mean: centre }), /expected 144 finite values for \[6,24\]/);
  const broken = { ...centre, data: centre.data.map(() => NaN) };
  assert.throws(() => pcaStudent({ components, mean: broken }), /expected 24 finite values/);
  assert.throws(() => pcaStudent({ ...start, hiddenDim: 1.5 }), /expected hiddenDim .* got 1.5/);
  assert.throws(() => pcaStudentLoss({ alignmentWeight: 0 }), /expected an alignmentWeight above 0, got 0/);
  const traced = pcaStudent(start).trace();
  assert.throws(
    () => pcaStudentLoss({ temperature: 0 })(traced.outputs, traced.inputs),
    /expected a temperature above 0/,
  );
});
