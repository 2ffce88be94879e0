import assert from "node:assert/strict";
import { assertAllClose } from "../assertions.ts";
import { decode, encode, fitPca, pcaCodec } from "../../lib/evaluate/mod.ts";
import {
  elementCount,
  graph,
  input,
  interpret,
  mul,
  parameterCount,
  reduceMean,
  softmax,
  sub,
  unsqueeze,
} from "../../lib/graph/mod.ts";
import {
  type LnConfig,
  lnGroup,
  lnInventory,
  lnLoss,
  lnParameterCount,
  lnStudent,
  lnTrial,
} from "../../lib/models/ln.ts";
import { cosineLoss, initialValues, linear, meanSquaredError, model, neighbourLoss, tensor } from "../../lib/nn/mod.ts";
import { random } from "../../lib/statistics/mod.ts";
import { gradientNorms, traceProgram, withoutGradient } from "../../lib/train/mod.ts";

/** The table of the document. */
const TABLE = [
  ["normalization", 12, 3072],
  ["compression", 5, 164_224],
  ["attention", 3, 65_664],
  ["linear", 2, 65_536],
  ["alignment", 2, 98_688],
  ["bias", 1, 256],
] as const;

const OTHERS: LnConfig[] = [
  { inputDim: 768, latentDim: 512 },
  { inputDim: 1024, latentDim: 768 },
  { inputDim: 5, latentDim: 4, hiddenDim: 3 },
];

/** Tensors and parameters of the traced model by group. */
function counted(config: LnConfig): [string, number, number][] {
  const groups = new Map<string, [number, number]>();
  for (const { shape, source } of lnStudent(config).trace().parameters) {
    const [tensors, parameters] = groups.get(lnGroup(source.name)) ?? [0, 0];
    groups.set(lnGroup(source.name), [tensors + 1, parameters + elementCount(shape as number[])]);
  }
  return [...groups].map(([group, counts]): [string, number, number] => [group, ...counts]).sort();
}

const batchOf = (rows: number, width: number) => ({
  x: { shape: [rows, width], data: random("ln test").fillNormal(new Float64Array(rows * width), 0, width ** -0.5) },
});

Deno.test("the LN model has the document's 25 tensors and 397,440 parameters, group by group", () => {
  assert.deepEqual(counted({}), TABLE.map((row) => [...row]).sort());
  assert.deepEqual(lnInventory().map(({ group, tensors, parameters }) => [group, tensors, parameters]), TABLE);
  const { parameters } = lnStudent().trace();
  assert.equal(parameters.length, 25);
  assert.equal(parameterCount({ parameters }), 397_440);
  assert.equal(lnParameterCount(), 397_440);
});

Deno.test("inventory and formula hold at other widths", () => {
  for (const config of OTHERS) {
    const rows = lnInventory(config);
    assert.deepEqual(counted(config), rows.map((row) => [row.group, row.tensors, row.parameters]).sort());
    assert.equal(rows.reduce((sum, { parameters }) => sum + parameters, 0), lnParameterCount(config));
    assert.equal(rows.reduce((sum, { tensors }) => sum + tensors, 0), 25);
  }
});

Deno.test("the LN model gives a latent vector and one as wide as the teacher's", () => {
  const { inputs, outputs } = lnStudent().trace();
  assert.deepEqual(inputs.x.shape, ["batch", 384]);
  assert.deepEqual(outputs.latent.shape, ["batch", 256]);
  assert.deepEqual(outputs.output.shape, ["batch", 384]);
  assert.deepEqual(lnStudent({ inputDim: 10, latentDim: 6 }).trace().outputs.latent.shape, ["batch", 6]);
});

Deno.test("every tensor of the LN model has a gradient", () => {
  const { model: student, loss, metrics } = lnTrial();
  const norms = gradientNorms(traceProgram({ model: student, loss, metrics }), batchOf(4, 384));
  assert.equal(Object.keys(norms).length, 25);
  assert.deepEqual(withoutGradient(norms), []);
});

Deno.test("PCA is among the LN model's solutions: with the blocks' last norms at zero it is linear", () => {
  const [rows, width, latentDim] = [30, 6, 4];
  const vectors = { shape: [rows, width], data: Float32Array.from(batchOf(rows, width).x.data) };
  const pca = fitPca(vectors);
  const codec = pcaCodec(pca, latentDim);
  const transposed = Array.from(
    { length: width * latentDim },
    (_, i) => codec.basis[(i % latentDim) * width + Math.floor(i / latentDim)],
  );
  const centre = Array.from(
    { length: latentDim },
    (_, row) =>
      -codec.basis.subarray(row * width, (row + 1) * width).reduce((sum, value, i) => sum + value * codec.mean[i], 0),
  );
  const chosen: Record<string, ArrayLike<number>> = {
    "compression.input.weight": codec.basis,
    "compression.input.bias": centre,
    "alignment.weight": transposed,
    "alignment.bias": codec.mean,
  };
  const forward = lnStudent({ inputDim: width, latentDim }).trace();
  const weights = forward.parameters.map((leaf) => {
    const { name } = leaf.source;
    const silent = /^normalization\..*\.after\./.test(name);
    const data = chosen[name] ?? (silent ? new Float32Array(latentDim) : initialValues(leaf, 1));
    return [name, { data }] as const;
  });
  const { latent, output } = interpret(forward, { ...Object.fromEntries(weights), x: vectors });
  const expected = encode(codec, vectors);
  assertAllClose(latent.data, expected.data, { rtol: 0, atol: 1e-6 });
  assertAllClose(output.data, decode(codec, expected).data, { rtol: 0, atol: 1e-6 });
});

Deno.test("withoutGradient lists what cannot learn: queries and keys over one position, a shift that is taken out again", () => {
  const dead = model("dead", { inputs: { x: tensor("float32", ["batch", 4]) } }, (scope, { x }) => {
    const score = mul(linear(scope.child("query"), x, 1), linear(scope.child("key"), x, 1));
    const value = linear(scope.child("value"), x, 4);
    const attended = mul(softmax(unsqueeze(score, [2])), unsqueeze(value, [1]));
    const row = reduceMean(attended, { axes: [1] });
    const shift = scope.parameter("shift", [1], { initializer: { kind: "constant", value: 1 } });
    const shifted = sub(row, shift);
    return { output: sub(shifted, reduceMean(shifted, { axes: [1], keepDims: true })) };
  });
  const program = traceProgram({ model: dead, loss: ({ output }, { x }) => meanSquaredError(output, x) });
  const found = withoutGradient(gradientNorms(program, batchOf(5, 4)));
  assert.deepEqual(found.sort(), ["key.bias", "key.weight", "query.bias", "query.weight", "shift"]);
});

Deno.test("the LN model refuses widths that no layer can have", () => {
  assert.throws(() => lnStudent({ inputDim: 0 }), /expected inputDim to be an integer of at least 1, got 0/);
  assert.throws(() => lnStudent({ latentDim: 255 }), /expected hiddenDim .* got 127.5/);
  assert.throws(() => lnParameterCount({ latentDim: NaN }), /expected latentDim .* got NaN/);
  assert.throws(() => lnInventory({ hiddenDim: -1 }), /expected hiddenDim .* got -1/);
  const { output } = lnStudent().trace().outputs;
  assert.throws(() => lnLoss({ neighbourWeight: -1 }), /expected a neighbourWeight of at least 0, got -1/);
  assert.throws(() => lnLoss({ cosineWeight: 2 })({ output }, { x: output }), /expected a weight in \[0, 1\], got 2/);
});

Deno.test("the LN trial stops by the document's rule and may vary widths and loss", () => {
  const trial = lnTrial({ cosineWeight: 1, neighbourWeight: 0.5, temperature: 0.2, inputDim: 8, latentDim: 4 });
  const { epochs, earlyStopping, model: student, loss } = trial;
  assert.deepEqual({ epochs, earlyStopping }, { epochs: 25, earlyStopping: { patience: 3 } });
  assert.deepEqual(student.inputs.x.shape, ["batch", 8]);
  const { latent, output } = {
    latent: input("latent", "float32", ["batch", 4]),
    output: input("output", "float32", ["batch", 8]),
  };
  const x = input("x", "float32", ["batch", 8]);
  const parts = {
    whole: loss({ latent, output }, { x }),
    alignment: cosineLoss(output, x),
    neighbours: neighbourLoss(latent, x, { temperature: 0.2 }),
  };
  const feeds = {
    ...batchOf(5, 8),
    latent: batchOf(5, 4).x,
    output: { ...batchOf(5, 8).x, data: batchOf(7, 8).x.data.slice(16) },
  };
  const { whole, alignment, neighbours } = interpret(graph("losses", parts), feeds);
  assertAllClose(whole.data, [alignment.data[0] + 0.5 * neighbours.data[0]], { rtol: 1e-12 });
});
