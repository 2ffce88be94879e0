// Bounds of the quantizations for one product, element by element, and what each refuses.

import assert from "node:assert/strict";
import {
  bindDimensions,
  checkFloat16Range,
  constant,
  gemm,
  gradients,
  type Graph,
  graph,
  input,
  interpret,
  layerNormalization,
  matMul,
  mul,
  parameter,
  quantizeDynamicInt8,
  quantizeLinear,
  quantizeStaticInt8,
  quantizeWeightOnlyInt4,
  reduceSum,
  softmax,
  toFloat16,
  topologicalOrder,
  transpose,
  type WeightedGraph,
} from "lib/graph/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { runOnnx } from "./random_dense.ts";

const INITIALIZER = { initializer: { kind: "constant", value: 0 } } as const;
const float32 = (shape: number[], data: Float32Array) => ({ dtype: "float32" as const, shape, data });

interface Product extends WeightedGraph {
  x: Float32Array;
  rows: number;
  k: number;
  n: number;
}

/** `x W` with columns of very different sizes, of which one is zero. */
function product(seed: number, layout: "matMul" | "gemm" | "transposed"): Product {
  const generator = random(seed, "product");
  const [rows, k, n] = [1 + generator.integer(4), 1 + generator.integer(80), 2 + generator.integer(6)];
  const x = Float32Array.from({ length: rows * k }, () => 3 * generator.normal() + 1);
  const matrix = Float32Array.from({ length: k * n }, (_, i) => (i % n === 1 ? 0 : 4 ** (i % n) * generator.normal()));
  const stored = layout === "matMul" ? matrix : matrix.map((_, i) => matrix[(i % k) * n + Math.floor(i / k)]);
  const shape = layout === "matMul" ? [k, n] : [n, k];
  const w = parameter("w", shape, INITIALIZER);
  const input0 = input("x", "float32", ["batch", k]);
  const y = {
    matMul: () => matMul(input0, w),
    gemm: () => gemm(input0, w, null, { transB: true }),
    transposed: () => matMul(input0, transpose(w)),
  }[layout]();
  return { graph: graph("product", { y }), weights: { w: float32(shape, stored) }, x, rows, k, n };
}

const feeds = ({ x, rows, k }: Product, weights: WeightedGraph["weights"]) => ({
  x: { data: x, shape: [rows, k] },
  ...Object.fromEntries(Object.entries(weights).map(([name, { data }]) => [name, { data: data as Float32Array }])),
});

/** The matrix `[k, n]` of a product. */
function matrixOf({ weights, k, n }: Product): (row: number, column: number) => number {
  const { shape, data } = weights.w;
  return (row, column) => Number(shape[0] === k && shape[1] === n ? data[row * n + column] : data[column * k + row]);
}

/** `sum_k (|x| w_j + |W| s + s w_j / 2) / 2` as stated by quantizeDynamicInt8. */
function int8Bound(of: Product, range: [number, number], steps = 127): (row: number, column: number) => number {
  const weight = matrixOf(of);
  const s = (Math.max(0, range[1]) - Math.min(0, range[0])) / 255;
  return (row, column) => {
    let largest = 0;
    for (let i = 0; i < of.k; i++) largest = Math.max(largest, Math.abs(weight(i, column)));
    const step = largest / steps;
    let sum = 0;
    for (let i = 0; i < of.k; i++) {
      sum += (Math.abs(of.x[row * of.k + i]) * step + Math.abs(weight(i, column)) * s + (s * step) / 2) / 2;
    }
    return sum;
  };
}

/** `sum_k |x| s` as stated by quantizeWeightOnlyInt4. */
function int4Bound(of: Product): (row: number, column: number) => number {
  const weight = matrixOf(of);
  const scale = (i: number, column: number) => {
    const start = Math.floor(i / 32) * 32;
    let largest = 0;
    for (let j = start; j < Math.min(of.k, start + 32); j++) largest = Math.max(largest, Math.abs(weight(j, column)));
    return largest / 8;
  };
  return (row, column) => {
    let sum = 0;
    for (let i = 0; i < of.k; i++) sum += Math.abs(of.x[row * of.k + i]) * scale(i, column);
    return sum;
  };
}

const rangeOf = ({ x }: Product): [number, number] => [Math.min(...x), Math.max(...x)];

const QUANTIZATIONS: [
  string,
  (of: Product) => Promise<WeightedGraph>,
  (of: Product) => ReturnType<typeof int4Bound>,
][] = [
  ["quantizeDynamicInt8", (of) => Promise.resolve(quantizeDynamicInt8(of)), (of) => int8Bound(of, rangeOf(of))],
  [
    "quantizeStaticInt8",
    (of) => quantizeStaticInt8(of, { batches: [{ x: { data: of.x, shape: [of.rows, of.k] } }] }),
    (of) => int8Bound(of, rangeOf(of)),
  ],
  [
    "quantizeDynamicInt8 with 7 bits",
    (of) => Promise.resolve(quantizeDynamicInt8(of, { weightBits: 7 })),
    (of) => int8Bound(of, rangeOf(of), 63),
  ],
  [
    "quantizeStaticInt8 with 7 bits",
    (of) => quantizeStaticInt8(of, { batches: [{ x: { data: of.x, shape: [of.rows, of.k] } }], weightBits: 7 }),
    (of) => int8Bound(of, rangeOf(of), 63),
  ],
  ["quantizeWeightOnlyInt4", (of) => Promise.resolve(quantizeWeightOnlyInt4(of)), int4Bound],
];

for (const [name, quantize, boundOf] of QUANTIZATIONS) {
  for (const layout of ["matMul", "gemm", "transposed"] as const) {
    Deno.test(`${name} of one product (${layout}) stays within its bound at every element`, async () => {
      for (let seed = 1; seed <= 12; seed++) {
        const original = product(seed, layout);
        const expected = interpret(original.graph, feeds(original, original.weights)).y.data;
        const { graph: small, weights } = await quantize(original);
        const x = float32([original.rows, original.k], original.x);
        const executed = (await runOnnx(small, weights, { x })).y;
        const interpreted = interpret(small, feeds(original, weights)).y.data;
        const bound = boundOf(original);
        const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        expected.forEach((value, i) => {
          const allowed = bound(Math.floor(i / original.n), i % original.n) * 1.0001 + 1e-5 * largest;
          for (const got of [executed[i], interpreted[i]]) {
            assert.ok(Math.abs(got - value) <= allowed, `seed ${seed}, element ${i}: ${got}, ${value} +- ${allowed}`);
          }
        });
        assert.ok(!("w" in weights), "the float matrix is gone");
      }
    });
  }
}

Deno.test("parameters that other operators need stay, and products that are not selected too", () => {
  const { graph: original, weights } = product(1, "gemm");
  const { outputs, parameters: [w] } = original;
  const shared = { graph: graph("shared", { y: outputs.y, sum: reduceSum(w) }), weights };
  assert.deepEqual(Object.keys(quantizeDynamicInt8(shared).weights).sort(), ["w", "w.int8", "w.int8.scale"]);
  assert.equal(quantizeDynamicInt8({ graph: original, weights }, { select: () => false }).graph.outputs.y, outputs.y);
});

Deno.test("a matrix used by two products is converted once, one used both ways round twice", () => {
  const w = parameter("w", [4, 4], INITIALIZER);
  const x = input("x", "float32", ["batch", 4]);
  const weights = { w: float32([4, 4], Float32Array.from({ length: 16 }, (_, i) => i)) };
  const twice = { graph: graph("g", { y: matMul(matMul(x, w), w) }), weights };
  assert.deepEqual(Object.keys(quantizeWeightOnlyInt4(twice).weights).length, 2);
  const around = { graph: graph("g", { y: gemm(matMul(x, w), w, null, { transB: true }) }), weights };
  assert.deepEqual(Object.keys(quantizeDynamicInt8(around).weights).length, 4);
});

const dtypesOf = (whole: Graph, type: string) =>
  topologicalOrder(Object.values(whole.outputs)).filter((operation) => operation.type === type)
    .map(({ inputs }) => inputs[0].dtype);

Deno.test("toFloat16 keeps softmax, normalisation, norms and masks in float32 and products in float16", () => {
  const x = input("x", "float32", ["batch", 8]);
  const [scale, w] = [parameter("scale", [8], INITIALIZER), parameter("w", [8, 8], INITIALIZER)];
  const normal = layerNormalization(x, scale);
  const h = matMul(normal, w);
  const masked = softmax(mul(h, constant([1, 1, 1, 1, 1, 1, 1, -1e9])));
  const squares = reduceSum(mul(h, h), { axes: [1] });
  const weights = { scale: float32([8], new Float32Array(8)), w: float32([8, 8], new Float32Array(64)) };
  const half = toFloat16({ graph: graph("g", { masked, squares }), weights });
  assert.deepEqual(dtypesOf(half.graph, "MatMul"), ["float16"]);
  for (const type of ["LayerNormalization", "Softmax", "ReduceSum"]) {
    assert.deepEqual(dtypesOf(half.graph, type), ["float32"], type);
  }
  assert.deepEqual(dtypesOf(half.graph, "Mul"), ["float32", "float32"], "the squares and the mask");
  assert.deepEqual([half.weights.w.dtype, half.weights.scale.dtype], ["float16", "float32"]);
  const io = toFloat16({ graph: graph("g", { masked }), weights }, { io: "float16" }).graph;
  assert.deepEqual([io.inputs.x.dtype, io.outputs.masked.dtype], ["float16", "float16"]);
});

Deno.test("values that float16 cannot hold are refused, by the name of the parameter or the node", async () => {
  const large = product(1, "gemm");
  const [row] = [large.weights.w.data as Float32Array];
  const weights = { w: float32([...large.weights.w.shape], row.map(() => 70_000)) };
  assert.throws(
    () => toFloat16({ graph: large.graph, weights }),
    /^RangeError: Cannot convert w to float16: expected magnitudes up to 65504, got 70000/,
  );
  const many = { graph: large.graph, weights: { w: float32([...large.weights.w.shape], row.map(() => 60_000)) } };
  const ones = (value: number) => [{ x: { data: new Array(large.k).fill(value), shape: [1, large.k] } }];
  await assert.rejects(
    checkFloat16Range(many, { batches: ones(3) }),
    /^RangeError: Cannot run product in float16: Gemm_0 \[batch,\d\] reaches \d+, expected at most 65504/,
  );
  await checkFloat16Range(many, { batches: ones(1e-6) });
});

Deno.test("quantization refuses missing weights, wrong shapes and calibration without batches", async () => {
  const { graph: whole, weights } = product(1, "gemm");
  assert.throws(() => quantizeDynamicInt8({ graph: whole, weights: {} }), /expected w float32 \[\d, \d+\], got none/);
  const short = { w: float32([1], new Float32Array(1)) };
  assert.throws(() => quantizeWeightOnlyInt4({ graph: whole, weights: short }), /got float32 \[1\] with 1 values/);
  await assert.rejects(quantizeStaticInt8({ graph: whole, weights }, { batches: [] }), /at least one batch, got none/);
  const k = Number(whole.inputs.x.shape[1]);
  const broken = [{ x: { data: new Array(k).fill(NaN), shape: [1, k] } }];
  await assert.rejects(quantizeStaticInt8({ graph: whole, weights }, { batches: broken }), /batch 1 .* not finite/);
});

Deno.test("quantization operators refuse wrong dtypes and shapes, and gradients", () => {
  const x = input("x", "float32", [2, 3]);
  const zero = (shape: number[], dtype: "uint8" | "int32" = "uint8") =>
    constant(new Array(shape.reduce((a, b) => a * b, 1)).fill(0), { dtype, shape });
  assert.throws(
    () => quantizeLinear(x, constant(1), zero([], "int32")),
    /expected int8 or uint8, got constant \[\] int32/,
  );
  assert.throws(() => quantizeLinear(x, constant([1, 1]), zero([2])), /expected a scale \[\] or \[3\], got \[2\]/);
  assert.throws(() => quantizeLinear(x, constant([1, 1, 1]), zero([])), /expected a zero point \[3\], got \[\]/);
  const small = bindDimensions(quantizeDynamicInt8(product(1, "gemm")).graph, { batch: 2 });
  const loss = reduceSum(small.outputs.y);
  assert.throws(() => gradients(loss, [small.inputs.x]), /Cannot differentiate: DynamicQuantizeLinear has no gradient/);
});

Deno.test("quantizeStaticInt8 puts a bias into the product's operator, with the same result, and refuses other bits", async () => {
  const [w, b] = [parameter("w", [3, 4], INITIALIZER), parameter("b", [3], INITIALIZER)];
  const model = graph("g", { y: gemm(input("x", "float32", [2, 4]), w, b, { transB: true }) });
  const values = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i + 1));
  const weights = { w: float32([3, 4], values(12)), b: float32([3], values(3)) };
  const x = float32([2, 4], values(8));
  const batches = [{ x: { data: x.data, shape: [2, 4] } }];
  const quantized = await quantizeStaticInt8({ graph: model, weights }, { batches });
  const types = topologicalOrder(Object.values(quantized.graph.outputs)).map(({ type }) => type);
  assert.deepEqual(types, ["QuantizeLinear", "MatMulIntegerToFloat"]);
  const got = (await runOnnx(quantized.graph, quantized.weights, { x })).y;
  const expected = interpret(model, {
    x: { data: x.data, shape: [2, 4] },
    w: { data: weights.w.data, shape: [3, 4] },
    b: { data: weights.b.data, shape: [3] },
  }).y.data;
  expected.forEach((value, i) => assert.ok(Math.abs(got[i] - value) < 0.02, `${got[i]} ${value}`));
  await assert.rejects(
    quantizeStaticInt8({ graph: model, weights }, { batches, weightBits: 6 as 7 }),
    /expected weightBits 8 or 7, got 6/,
  );
});
