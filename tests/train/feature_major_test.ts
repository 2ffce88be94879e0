import assert from "node:assert/strict";
import {
  bindDimensions,
  gelu,
  gradients,
  type Graph,
  graph,
  interpret,
  sigmoid,
  tanh,
  topologicalOrder,
} from "lib/graph/mod.ts";
import { lnspStudent } from "lib/models/lnsp.ts";
import { alignmentLoss, layerNorm, linear, meanSquaredError, type Model, model, tensor } from "lib/nn/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { traceProgram } from "lib/train/mod.ts";
import { featureMajor } from "lib/train/feature_major.ts";
import { assertAllClose } from "tests/assertions.ts";

const x = tensor("float32", ["batch", 4]);

const varied = model("varied", { inputs: { x } }, (scope, { x }) => {
  const first = tanh(linear(scope.child("first"), x, 5));
  const second = sigmoid(linear(scope.child("second"), layerNorm(scope.child("norm"), first), 5, { bias: false }));
  return { output: linear(scope.child("third"), gelu(linear(scope.child("skip"), second, 5), "tanh"), 4) };
});

function lossGraph(model: Model): Graph {
  const { loss } = traceProgram({ model, loss: ({ output }, { x }) => alignmentLoss(output, x, 0.3) });
  return bindDimensions(loss, { batch: 3 });
}

/** The graph's loss and gradients for random values, in float64. */
function evaluate(original: Graph): Record<string, Float64Array> {
  const stream = random(1, "values");
  const names = original.parameters.map(({ source }) => source.name);
  const wanted = gradients(original.outputs.loss, original.parameters).map((gradient, i) => [names[i], gradient]);
  const full = graph("step", { loss: original.outputs.loss, ...Object.fromEntries(wanted) });
  const feeds = [...full.parameters.map((leaf) => [leaf.source.name, leaf.shape] as const), ["x", [3, 4]] as const]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, shape]) => {
      const size = (shape as number[]).reduce((a, b) => a * b, 1);
      return [name, { shape: shape as number[], data: stream.fillNormal(new Float64Array(size), 0, 1) }];
    });
  return Object.fromEntries(
    Object.entries(interpret(full, Object.fromEntries(feeds))).map(([name, { data }]) => [name, data]),
  );
}

for (const model of [lnspStudent({ inputDim: 4, studentDim: 6, latentDim: 3 }), varied]) {
  Deno.test(`featureMajor keeps loss and gradients of ${model.name}`, () => {
    const original = evaluate(lossGraph(model));
    const rewritten = evaluate(featureMajor(lossGraph(model)));
    assert.deepEqual(Object.keys(rewritten).sort(), Object.keys(original).sort());
    for (const [name, values] of Object.entries(original)) {
      assertAllClose(rewritten[name], values, { rtol: 1e-9, atol: 1e-12, label: name });
    }
  });
}

Deno.test("featureMajor puts weights on the left of every product, with one transposition at the end", () => {
  const student = lnspStudent({ inputDim: 4, studentDim: 6, latentDim: 3 });
  const { loss } = traceProgram({ model: student, loss: ({ output }, { x }) => meanSquaredError(output, x) });
  const fixed = bindDimensions(loss, { batch: 3 });
  const operations = topologicalOrder(Object.values(featureMajor(fixed).outputs));
  const products = operations.filter(({ type }) => type === "Gemm");
  assert.deepEqual(products.map(({ inputs: [left] }) => left.source.kind), new Array(4).fill("parameter"));
  assert.equal(operations.filter(({ type }) => type === "Transpose").length, 1);
});

Deno.test("featureMajor leaves products that are no linear layers alone", () => {
  const attention = model("attention", { inputs: { x: tensor("float32", ["batch", 2, 4]) } }, (scope, { x }) => ({
    output: linear(scope, x, 4),
  }));
  const { loss } = traceProgram({ model: attention, loss: ({ output }, { x }) => meanSquaredError(output, x) });
  const types = (g: Graph) => topologicalOrder(Object.values(g.outputs)).map(({ type }) => type);
  const fixed = bindDimensions(loss, { batch: 3 });
  assert.deepEqual(types(featureMajor(fixed)), types(fixed));
});

Deno.test("featureMajor leaves graphs with large activations alone", () => {
  const student = lnspStudent({ studentDim: 2048 });
  const { loss } = traceProgram({ model: student, loss: ({ output }, { x }) => meanSquaredError(output, x) });
  const [small, large] = [128, 256].map((batch) => bindDimensions(loss, { batch }));
  assert.notEqual(featureMajor(small), small);
  assert.equal(featureMajor(large), large);
});
