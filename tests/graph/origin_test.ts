// Errors that name the line of the model: where it is written, in its gradients, in its rewrites, and where they say nothing.

import assert from "node:assert/strict";
import {
  add,
  bindDimensions,
  checkFloat16Range,
  constant,
  deserializeGraph,
  div,
  exp,
  foldConstants,
  gradients,
  graph,
  input,
  matMul,
  mul,
  type Operation,
  originOf,
  reduceMean,
  reduceSum,
  relu,
  serializeGraph,
  sign,
  sub,
  type Tensor,
  toFloat16,
  topologicalOrder,
} from "lib/graph/mod.ts";
import { groupedQueryAttention, layerNorm, linear, meanSquaredError, model, tensor } from "lib/nn/mod.ts";
import { traceProgram } from "lib/train/mod.ts";

/** The number of the line that calls this. */
function lineHere(): number {
  return Number(/origin_test\.ts:(\d+):\d+/.exec(new Error().stack!.split("\n")[2])![1]);
}

const at = (line: number) => String.raw`, at file://\S*/tests/graph/origin_test\.ts:${line}:\d+$`;
const origin = ({ source }: Tensor) => originOf(source as Operation);
const inputs = { x: tensor("float32", ["batch", 4]) };

Deno.test("a shape mismatch in the middle of a model names the line, whoever traces it", () => {
  let line = 0;
  const broken = model("broken", { inputs }, (scope, { x }) => {
    const hidden = relu(linear(scope.child("up"), x, 8));
    const twisted = [3, 5].map((width) => linear(scope.child(`to${width}`), hidden, width));
    line = lineHere() + 1;
    return { output: add(twisted[0], twisted[1]) };
  });
  const expected = (error: Error) => {
    assert.match(
      String(error),
      new RegExp(
        String.raw`^TypeError: Cannot add: expected shapes that broadcast, got \[batch, 3\] and \[batch, 5\]${
          at(line)
        }`,
      ),
    );
    assert.ok(error.stack!.startsWith(String(error)), "the stack begins with the same message");
    return true;
  };
  assert.throws(() => broken.trace(), expected);
  assert.throws(() => traceProgram({ model: broken, loss: ({ output }) => reduceMean(output) }), expected);
});

Deno.test("what a layer or a loss refuses names the line that called it", () => {
  let line = 0;
  const heads = model("heads", { inputs: { x: tensor("float32", ["batch", 5, 6]) } }, (scope, { x }) => {
    line = lineHere() + 1;
    return { y: groupedQueryAttention(scope.child("attention"), x, { heads: 4, keyValueHeads: 2 }) };
  });
  assert.throws(
    () => heads.trace(),
    (error) => new RegExp(`^RangeError: .*a number of heads that divides 6, got 4${at(line)}`).test(String(error)),
  );
  const fine = model("fine", { inputs }, (scope, { x }) => ({ y: linear(scope.child("head"), x, 2) }));
  assert.throws(
    () =>
      traceProgram({
        model: fine,
        loss: ({ y }, { x }) => {
          line = lineHere() + 1;
          return meanSquaredError(y, x);
        },
      }),
    (error) => new RegExp(`^TypeError: .*\\[batch, 2\\].*${at(line)}`).test(String(error)),
  );
});

Deno.test("an operator without a gradient is refused with the line that applied it", () => {
  const x = input("x", "float32", [3]);
  const line = lineHere() + 1;
  const signs = sign(mul(x, 2));
  assert.throws(
    () => gradients(reduceSum(signs), [x]),
    (error) => new RegExp(`^TypeError: Cannot differentiate: Sign has no gradient${at(line)}`).test(String(error)),
  );
});

Deno.test("gradients and rewrites keep the line of the operation that they come from", () => {
  const x = input("x", "float32", ["batch", 3]);
  const line = lineHere() + 1;
  const y = exp(mul(x, 2));
  const whole = graph("g", { y: reduceMean(layerNorm2(y)) });
  const lineOf = (text: string | null) => Number(/:(\d+):\d+$/.exec(text ?? "")?.[1]);
  const exponentials = (tensor: Tensor) => topologicalOrder([tensor]).filter(({ type }) => type === "Exp");
  const bound = bindDimensions(whole, { batch: 2 });
  const [dx] = gradients(bound.outputs.y, [bound.inputs.x], { segments: 3 });
  const half = toFloat16({ graph: whole, weights: {} }).graph;
  for (const tensor of [bound.outputs.y, dx, half.outputs.y, foldConstants(whole).outputs.y]) {
    const found = exponentials(tensor).map((operation) => lineOf(originOf(operation)));
    assert.ok(found.length > 0);
    assert.deepEqual(new Set(found), new Set([line]));
  }
  // Each operation of the gradient has a line of this file.
  const places = topologicalOrder([dx]).map((operation) => originOf(operation));
  assert.ok(places.every((place) => place?.includes("/tests/graph/origin_test.ts:")), places.join("\n"));
});

/** Of layers in one place: what it applies is of the line that calls `sub` and `div` here. */
function layerNorm2(x: Tensor): Tensor {
  return div(sub(x, 1), 2);
}

Deno.test("a graph from JSON has no lines to tell, and its errors keep their words", () => {
  const y = relu(input("x", "float32", ["n"]));
  assert.match(origin(y)!, /origin_test\.ts:\d+:\d+$/);
  const read = deserializeGraph(serializeGraph(graph("g", { y: sign(y) }))).outputs.y;
  assert.equal(origin(read), null);
  const fixed = bindDimensions(graph("g", { y: reduceSum(read) }), { n: 2 });
  assert.throws(
    () => gradients(fixed.outputs.y, [fixed.inputs.x]),
    /^TypeError: Cannot differentiate: Sign has no gradient$/,
  );
  // Outside again, lines are told as before.
  assert.match(origin(relu(y))!, /origin_test\.ts:/);
});

Deno.test("layers are looked through: their operations have the line of the model", () => {
  let line = 0;
  const normal = model("normal", { inputs }, (scope, { x }) => {
    line = lineHere() + 1;
    return { y: layerNorm(scope.child("norm"), x) };
  }).trace();
  assert.match(origin(normal.outputs.y)!, new RegExp(`origin_test\\.ts:${line}:`));
});

Deno.test("a value beyond float16 names the line of its node", async () => {
  const x = input("x", "float32", ["n", 2]);
  const line = lineHere() + 1;
  const y = matMul(x, constant([300, 0, 0, 300], { shape: [2, 2] }));
  await assert.rejects(
    checkFloat16Range({ graph: graph("g", { y }), weights: {} }, {
      batches: [{ x: { data: [300, 1], shape: [1, 2] } }],
    }),
    new RegExp(
      String.raw`^RangeError: Cannot run g in float16: MatMul_0 \[n,2\] reaches 90000, expected at most 65504${
        at(line)
      }`,
    ),
  );
});
