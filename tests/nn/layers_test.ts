import assert from "node:assert/strict";
import { assertAllClose } from "../assertions.ts";
import { graph, input, interpret, slice, type Tensor } from "../../lib/graph/mod.ts";
import {
  causalDepthwiseConv,
  crossEntropy,
  embedding,
  groupedQueryAttention,
  gruCell,
  initialValues,
  lstmCell,
  model,
  multiHeadAttention,
  rmsNorm,
  rotary,
  scanSequence,
  type Scope,
  sequencePositions,
  tensor,
} from "../../lib/nn/mod.ts";

/** A layer's result on given inputs, with the parameters' first values of seed 1. */
function applied(
  layer: (scope: Scope, inputs: Readonly<Record<string, Tensor>>) => Tensor,
  feeds: Record<string, { data: number[]; shape: number[]; dtype?: "float32" | "int64"; named?: (string | number)[] }>,
): number[] {
  const specs = Object.entries(feeds).map(([name, { dtype = "float32", shape, named }]) =>
    [name, tensor(dtype, named ?? shape)] as const
  );
  const traced = model("m", { inputs: Object.fromEntries(specs) }, (scope, inputs) => ({ y: layer(scope, inputs) }))
    .trace();
  const weights = traced.parameters.map((leaf) => [leaf.source.name, { data: initialValues(leaf, 1) }] as const);
  return [...interpret(traced, { ...feeds, ...Object.fromEntries(weights) }).y.data];
}

const spread = (count: number) => Array.from({ length: count }, (_, i) => Math.sin(1 + i * 1.7));

Deno.test("rmsNorm starts as division by the root mean square", () => {
  const y = applied((scope, { x }) => rmsNorm(scope, x, { epsilon: 0.5 }), { x: { data: [3, -4], shape: [1, 2] } });
  assertAllClose(y, [3, -4].map((value) => value / Math.sqrt(12.5 + 0.5)));
});

Deno.test("rotary turns pairs by position times frequency, whatever the rank and dtype of positions", () => {
  const [a, b, c, d] = [1, 2, 3, 4];
  const turned = (positions: "float32" | "int64", shape: number[]) =>
    applied((_, { x, p }) => rotary(x, { positions: p, theta: 100 }), {
      x: { data: [a, b, c, d], shape },
      p: { data: [5], shape: [1, 1], dtype: positions },
    });
  const expected = [
    a * Math.cos(5) - c * Math.sin(5),
    b * Math.cos(0.5) - d * Math.sin(0.5),
    c * Math.cos(5) + a * Math.sin(5),
    d * Math.cos(0.5) + b * Math.sin(0.5),
  ];
  for (const shape of [[1, 1, 4], [1, 1, 1, 4], [1, 1, 1, 1, 4]]) {
    assertAllClose(turned("int64", shape), expected, { rtol: 1e-12 });
    assertAllClose(turned("float32", shape), expected, { rtol: 1e-12 });
  }
  assert.throws(
    () => rotary(input("x", "float32", [1, 1, 3]), { positions: input("p", "int64", [1, 1]) }),
    /even width/,
  );
});

Deno.test("sequencePositions counts, also where the sequence has a name and a value is NaN", () => {
  const x = { data: [NaN, 1, Infinity, 0, 0, 0], shape: [2, 3, 1] };
  assert.deepEqual(applied((_, { x }) => sequencePositions(x), { x: { ...x, named: ["b", "s", 1] } }), [
    0,
    1,
    2,
    0,
    1,
    2,
  ]);
  assert.deepEqual(applied((_, { x }) => sequencePositions(x), { x }), [0, 1, 2]);
});

Deno.test("multiHeadAttention of other queries is what these would get among all; keys need no bias", () => {
  const [sequence, width] = [4, 8];
  const x = { data: spread(sequence * width), shape: [1, sequence, width], named: ["batch", "sequence", width] };
  const all = applied((scope, { x }) => multiHeadAttention(scope, x, { heads: 2 }), { x });
  const fixed = { data: x.data, shape: x.shape, named: ["batch", sequence, width] };
  const asked = (options: { keyBias?: boolean }) =>
    applied((scope, { x }) => {
      const last = slice(x, { axis: 1, start: sequence - 1, end: sequence });
      return multiHeadAttention(scope, x, { heads: 2, queries: last, ...options });
    }, { x: fixed });
  assertAllClose(asked({}), all.slice(-width), { rtol: 1e-12 });
  assertAllClose(asked({ keyBias: false }), all.slice(-width), { rtol: 1e-9 });
});

Deno.test("masked positions do not change what the others attend to", () => {
  const [sequence, width] = [4, 8];
  const layers: ((scope: Scope, inputs: Readonly<Record<string, Tensor>>) => Tensor)[] = [
    (scope, { x, mask }) => multiHeadAttention(scope, x, { heads: 2, mask }),
    (scope, { x, mask }) => groupedQueryAttention(scope, x, { heads: 4, keyValueHeads: 2, mask }),
  ];
  for (const layer of layers) {
    const run = (hidden: number, seen: number) => {
      const data = spread(sequence * width);
      data.fill(hidden, width, 2 * width); // position 1, which the mask hides
      const mask = {
        data: [1, seen, 1, 1],
        shape: [1, sequence],
        dtype: "int64" as const,
        named: ["batch", "sequence"],
      };
      return applied(layer, { x: { data, shape: [1, sequence, width], named: ["batch", "sequence", width] }, mask });
    };
    const [one, two] = [run(0.5, 0), run(-3, 0)];
    assertAllClose(two.slice(2 * width), one.slice(2 * width), { rtol: 1e-12 });
    assertAllClose(two.slice(0, width), one.slice(0, width), { rtol: 1e-12 });
    assert.notDeepEqual(run(-3, 1).slice(2 * width), run(0.5, 1).slice(2 * width));
  }
});

Deno.test("causal layers ignore what comes later", () => {
  const layers: ((scope: Scope, inputs: Readonly<Record<string, Tensor>>) => Tensor)[] = [
    (scope, { x }) => groupedQueryAttention(scope, x, { heads: 2, keyValueHeads: 1 }),
    (scope, { x }) => causalDepthwiseConv(scope, x),
    (scope, { x }) => scanSequence(x, gruCell(scope, 4, 4)).outputs,
    (scope, { x }) => scanSequence(x, lstmCell(scope, 4, 4)).outputs,
  ];
  for (const layer of layers) {
    const run = (last: number) => {
      const data = spread(12);
      data.fill(last, 8);
      return applied(layer, { x: { data, shape: [1, 3, 4] } });
    };
    assert.deepEqual(run(9).slice(0, 8), run(-9).slice(0, 8));
    assert.notDeepEqual(run(9).slice(8), run(-9).slice(8));
  }
});

Deno.test("scanSequence in chunks gives what it gives at once, also where they do not divide the steps", () => {
  const x = { data: spread(14), shape: [1, 7, 2] };
  const run = (chunk?: number) =>
    applied((scope, { x }) => scanSequence(x, lstmCell(scope, 2, 3), { chunk }).outputs, { x });
  for (const chunk of [1, 2, 3, 7, 100]) assertAllClose(run(chunk), run(), { rtol: 1e-12 });
  for (const chunk of [0, 1.5, NaN]) assert.throws(() => run(chunk), /expected a chunk of an integer of at least 1/);
});

Deno.test("scanSequence continues from given states", () => {
  const data = spread(12);
  const whole = applied((scope, { x }) => scanSequence(x, gruCell(scope, 2, 3)).outputs, {
    x: { data, shape: [1, 6, 2] },
  });
  const halves = applied((scope, { first, second }) => {
    const cell = gruCell(scope, 2, 3);
    return scanSequence(second, cell, { initial: scanSequence(first, cell).states }).outputs;
  }, { first: { data: data.slice(0, 6), shape: [1, 3, 2] }, second: { data: data.slice(6), shape: [1, 3, 2] } });
  assertAllClose(halves, whole.slice(9), { rtol: 1e-12 });
});

Deno.test("crossEntropy is 0 where every label is ignored, and takes int32 labels", () => {
  const value = (labels: number[], dtype: "int32" | "int64") => {
    const loss = crossEntropy(input("logits", "float32", ["n", "s", 3]), input("labels", dtype, ["n", "s"]), {
      ignoreIndex: -1,
    });
    const logits = { data: [0, 0, 0, 900, 0, 0], shape: [1, 2, 3] };
    return interpret(graph("g", { loss }), { logits, labels: { data: labels, shape: [1, 2] } }).loss.data[0];
  };
  assert.equal(value([-1, -1], "int64"), 0);
  assertAllClose([value([2, -1], "int32")], [Math.log(3)]);
  assertAllClose([value([2, 1], "int64")], [(Math.log(3) + 900) / 2]);
});

Deno.test("layers refuse what does not fit, naming expected and got", () => {
  const x = input("x", "float32", ["batch", "sequence", 6]);
  const ids = input("ids", "int64", ["batch", "sequence"]);
  const inScope = (use: (scope: Scope) => Tensor) => model("m", { inputs: {} }, (scope) => ({ y: use(scope) })).trace();
  assert.throws(
    () => inScope((scope) => multiHeadAttention(scope, x, { heads: 4 })),
    /Cannot apply multiHeadAttention: expected a number of heads that divides 6, got 4/,
  );
  assert.throws(
    () => inScope((scope) => groupedQueryAttention(scope, x, { heads: 3, keyValueHeads: 2, headDim: 2 })),
    /expected a number of heads that divides 3, got 2/,
  );
  assert.throws(
    () => inScope((scope) => multiHeadAttention(scope, input("y", "float32", ["batch", 6]), { heads: 2 })),
    /expected \[batch, sequence, width\]/,
  );
  assert.throws(
    () => inScope((scope) => scanSequence(x, gruCell(scope, 6, 2)).outputs),
    /Cannot scan x \[batch, sequence, 6\]: expected \[batch, steps, width\] with a fixed number of steps/,
  );
  assert.throws(
    () =>
      inScope((scope) =>
        scanSequence(input("z", "float32", ["batch", 2, 6]), lstmCell(scope, 6, 2), { initial: [x] }).outputs
      ),
    /expected 2 initial states, got 1/,
  );
  assert.throws(
    () => inScope((scope) => embedding(scope, x, { count: 3, width: 2 })),
    /expected int64 or int32 indices/,
  );
  assert.throws(
    () => crossEntropy(x, input("labels", "int64", ["batch"])),
    /expected \[batch, sequence\], got labels \[batch\]/,
  );
  assert.throws(
    () => crossEntropy(input("c", "float32", ["batch", 2]), ids),
    /expected \[batch\], got ids \[batch, sequence\]/,
  );
});
