import assert from "node:assert/strict";
import {
  add,
  bindDimensions,
  concat,
  exp,
  explain,
  gemm,
  graph,
  input,
  matMul,
  parameter,
  quantizeWeightOnlyInt4,
  reduceSum,
  relu,
  reshape,
  type Tensor,
  transpose,
} from "lib/graph/mod.ts";

const INITIALIZER = { initializer: { kind: "constant", value: 0 } } as const;
const of = (y: Tensor) => explain(graph("g", { y }));

Deno.test("explain counts operators, parameters, arithmetic and traffic", () => {
  const x = input("x", "float32", [8, 64]);
  const [w, b] = [parameter("w", [32, 64], INITIALIZER), parameter("b", [32], INITIALIZER)];
  const costs = of(reduceSum(relu(gemm(x, w, b, { transB: true })), { axes: [1] }));
  assert.deepEqual(costs.operators, { Gemm: 1, ReduceSum: 1, Relu: 1 });
  assert.equal(costs.operationCount, 3);
  assert.equal(costs.parameterCount, 32 * 64 + 32);
  assert.equal(costs.parameterBytes, 4 * (32 * 64 + 32));
  assert.equal(costs.flops, 2 * 8 * 64 * 32 + 8 * 32 + 8 * 32 + 8 * 32);
  const [hidden, result, axes] = [8 * 32 * 4, 8 * 4, 8];
  assert.equal(costs.bytesMoved, 4 * 8 * 64 + costs.parameterBytes + hidden + 2 * hidden + hidden + axes + result);
  assert.equal(costs.activationBytes, 2 * hidden + result);
});

Deno.test("the peak frees what is read for the last time and writes elementwise results in place", () => {
  const bytes = 4 * 1000;
  const x = input("x", "float32", [1000]);
  const far = reduceSum(exp(exp(exp(x))));
  assert.equal(of(far).peakActivationBytes, bytes, "one buffer serves three Exp");
  const first = exp(x);
  assert.equal(of(reduceSum(add(exp(first), first))).peakActivationBytes, 2 * bytes, "the first is read again");
  assert.equal(of(reduceSum(reshape(exp(x), [10, 100]))).peakActivationBytes, bytes, "a reshape takes nothing");
  assert.equal(of(exp(x)).peakActivationBytes, 0, "the output's memory is the caller's");
  assert.equal(of(exp(x)).peakBytes, 2 * bytes, "input and output");
  const wide = of(reduceSum(concat([exp(x), exp(exp(x))], 0)));
  assert.equal(wide.peakActivationBytes, 4 * bytes, "both parts and the whole");
});

Deno.test("a matrix that is transposed for products alone takes no memory, and stays while they read it", () => {
  const [x, w] = [input("x", "float32", [10, 20]), parameter("w", [30, 20], INITIALIZER)];
  const across = transpose(w);
  const product = 4 * 10 * 30;
  assert.equal(of(reduceSum(matMul(x, across))).peakActivationBytes, product);
  assert.equal(of(reduceSum(matMul(matMul(x, across), transpose(across)))).peakActivationBytes, product + 4 * 10 * 20);
  const summed = reduceSum(matMul(x, add(across, across)));
  assert.ok(of(summed).peakActivationBytes >= 4 * 20 * 30, "a sum reads what was moved");
  // What was computed stays until the product has read it through its transposition.
  const made = exp(w);
  assert.equal(of(reduceSum(matMul(x, transpose(made)))).peakActivationBytes, 4 * 20 * 30 + product);
  const batched = input("b", "float32", [2, 10, 20]);
  assert.equal(of(reduceSum(matMul(batched, transpose(batched, [0, 2, 1])))).peakActivationBytes, 4 * 2 * 10 * 10);
  assert.ok(of(reduceSum(matMul(transpose(batched, [1, 0, 2]), across))).peakActivationBytes > 4 * 2 * 10 * 30);
});

Deno.test("a transposed matrix is moved, not computed, and 4-bit weights count in bytes", () => {
  const x = input("x", "float32", [1, 64]);
  const w = parameter("w", [64, 64], INITIALIZER);
  const whole = graph("g", { y: matMul(x, transpose(w)) });
  assert.equal(explain(whole).flops, 2 * 64 * 64);
  const weights = { w: { dtype: "float32" as const, shape: [64, 64], data: new Float32Array(64 * 64).fill(1) } };
  const { parameterBytes, flops } = explain(quantizeWeightOnlyInt4({ graph: whole, weights }).graph);
  assert.deepEqual([parameterBytes, flops], [64 * 64 / 2 + 4 * 64 * 2, 2 * 64 * 64]);
});

Deno.test("explain asks for fixed dimensions", () => {
  const open = graph("open", { y: relu(input("x", "float32", ["batch", 3])) });
  assert.throws(() => explain(open), /^RangeError: Cannot explain open: .*fix "batch" with bindDimensions/);
  assert.equal(explain(bindDimensions(open, { batch: 2 })).flops, 6);
});

Deno.test("the shape of a scalar, a constant without elements, is nothing to be counted", () => {
  assert.equal(of(reshape(reduceSum(input("x", "float32", [3])), [])).flops, 3);
});
