// One list of operator applications: the gradient check and the comparison with ONNX Runtime both walk it.

import {
  abs,
  add,
  cast,
  concat,
  constant,
  div,
  equal,
  erf,
  exp,
  expand,
  gelu,
  gemm,
  greater,
  identity,
  layerNormalization,
  less,
  log,
  matMul,
  max,
  min,
  mul,
  neg,
  pow,
  reduceMax,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  sigmoid,
  sign,
  slice,
  softmax,
  sqrt,
  sub,
  tanh,
  type Tensor,
  topK,
  transpose,
  where,
} from "../../lib/graph/mod.ts";
import { QUANTIZATION_CASES } from "./quantization_cases.ts";

/** An application: shapes of its float32 inputs, the range their values are drawn from, the expression. */
export interface OperatorCase {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly range?: readonly [number, number];
  readonly build: (...inputs: Tensor[]) => Tensor;
}

/** Shapes that broadcast left, right, in both directions and with size 1. */
const PAIRS: [number[], number[]][] = [[[2, 3], [2, 3]], [[2, 3], [3]], [[3], [2, 3]], [[2, 1], [1, 3]], [[1], [1]], [
  [],
  [2, 2],
]];

function binaryCases(
  name: string,
  build: (a: Tensor, b: Tensor) => Tensor,
  range: [number, number] = [-2, 2],
): OperatorCase[] {
  return PAIRS.map((shapes) => ({ name: `${name} ${JSON.stringify(shapes)}`, shapes, range, build }));
}

function unaryCases(name: string, build: (x: Tensor) => Tensor, range: [number, number] = [-2, 2]): OperatorCase[] {
  return [[2, 3], [1], []].map((shape) => ({
    name: `${name} ${JSON.stringify(shape)}`,
    shapes: [shape],
    range,
    build,
  }));
}

const asFloat = (x: Tensor) => cast(x, "float32");

export const OPERATOR_CASES: readonly OperatorCase[] = [
  ...binaryCases("Add", add),
  ...binaryCases("Sub", sub),
  ...binaryCases("Mul", mul),
  ...binaryCases("Div", div, [0.5, 2]),
  ...binaryCases("Max", max),
  ...binaryCases("Min", min),
  ...binaryCases("Greater", (a, b) => asFloat(greater(a, b))),
  ...binaryCases("Less", (a, b) => asFloat(less(a, b))),
  ...binaryCases("Equal", (a, b) => asFloat(equal(a, b))),
  ...binaryCases("Where", (a, b) => where(greater(a, 0), a, b)),
  { name: "Pow", shapes: [[2, 3]], range: [0.5, 2], build: (x) => pow(x, 3) },
  { name: "Pow root", shapes: [[4]], range: [0.5, 2], build: (x) => pow(x, -0.5) },
  ...unaryCases("Neg", neg),
  ...unaryCases("Abs", abs),
  ...unaryCases("Sign", sign),
  ...unaryCases("Exp", exp),
  ...unaryCases("Log", log, [0.5, 3]),
  ...unaryCases("Sqrt", sqrt, [0.5, 3]),
  ...unaryCases("Erf", erf, [-3, 3]),
  ...unaryCases("Tanh", tanh),
  ...unaryCases("Sigmoid", sigmoid),
  ...unaryCases("Relu", relu),
  ...unaryCases("Gelu", (x) => gelu(x), [-3, 3]),
  ...unaryCases("Gelu tanh", (x) => gelu(x, "tanh"), [-3, 3]),
  ...unaryCases("Identity", identity),
  ...unaryCases("Cast", (x) => cast(cast(x, "float64"), "float32")),
  { name: "MatMul", shapes: [[2, 3], [3, 4]], build: matMul },
  { name: "MatMul column", shapes: [[1, 1], [1, 4]], build: matMul },
  { name: "MatMul batched", shapes: [[2, 2, 3], [2, 3, 4]], build: matMul },
  { name: "MatMul left broadcast", shapes: [[2, 3], [2, 3, 4]], build: matMul },
  { name: "MatMul right broadcast", shapes: [[2, 1, 2, 3], [3, 4]], build: matMul },
  { name: "Gemm", shapes: [[2, 3], [3, 4], [4]], build: (a, b, c) => gemm(a, b, c) },
  { name: "Gemm without bias", shapes: [[2, 3], [3, 4]], build: (a, b) => gemm(a, b) },
  { name: "Gemm transA", shapes: [[3, 2], [3, 4]], build: (a, b) => gemm(a, b, null, { transA: true, alpha: 0.5 }) },
  {
    name: "Gemm transB",
    shapes: [[2, 3], [4, 3], [2, 1]],
    build: (a, b, c) => gemm(a, b, c, { transB: true, beta: 2 }),
  },
  {
    name: "Gemm both transposed",
    shapes: [[3, 2], [4, 3], [1]],
    build: (a, b, c) => gemm(a, b, c, { transA: true, transB: true }),
  },
  { name: "Transpose", shapes: [[2, 3]], build: (x) => transpose(x) },
  { name: "Transpose cycle", shapes: [[2, 3, 4]], build: (x) => transpose(x, [1, 2, 0]) },
  { name: "Reshape", shapes: [[2, 6]], build: (x) => reshape(x, [3, 4]) },
  { name: "Reshape scalar", shapes: [[1, 1]], build: (x) => reshape(x, []) },
  { name: "Expand", shapes: [[2, 1]], build: (x) => expand(x, [3, 2, 4]) },
  { name: "Concat", shapes: [[2, 1], [2, 3]], build: (a, b) => concat([a, b], 1) },
  { name: "Concat negative axis", shapes: [[2, 2, 1], [2, 1, 1]], build: (a, b) => concat([a, b], -2) },
  { name: "Slice", shapes: [[4, 3]], build: (x) => slice(x, { axis: 0, start: 1, end: 3 }) },
  { name: "Slice last axis", shapes: [[2, 3, 4]], build: (x) => slice(x, { axis: -1, start: 3, end: 4 }) },
  { name: "ReduceSum all", shapes: [[2, 3]], build: (x) => reduceSum(x) },
  { name: "ReduceSum keep", shapes: [[2, 3]], build: (x) => reduceSum(x, { axes: [1], keepDims: true }) },
  { name: "ReduceMean first", shapes: [[2, 3]], build: (x) => reduceMean(x, { axes: [0] }) },
  { name: "ReduceMean outer", shapes: [[2, 3, 4]], build: (x) => reduceMean(x, { axes: [0, 2] }) },
  { name: "ReduceMean negative", shapes: [[2, 3, 1]], build: (x) => reduceMean(x, { axes: [-1] }) },
  { name: "ReduceMax", shapes: [[2, 3]], build: (x) => reduceMax(x, { axes: [1] }) },
  { name: "ReduceMax keep", shapes: [[2, 3, 2]], build: (x) => reduceMax(x, { axes: [1], keepDims: true }) },
  { name: "Softmax", shapes: [[2, 3]], build: (x) => softmax(x) },
  { name: "Softmax inner axis", shapes: [[2, 3, 2]], build: (x) => softmax(x, 1) },
  { name: "LayerNormalization", shapes: [[2, 5], [5], [5]], build: (x, s, b) => layerNormalization(x, s, b) },
  { name: "LayerNormalization without bias", shapes: [[2, 2, 4], [4]], build: (x, s) => layerNormalization(x, s) },
  {
    name: "LayerNormalization over two axes",
    shapes: [[2, 2, 3], [2, 3], [2, 3]],
    build: (x, s, b) => layerNormalization(x, s, b, { axis: 1, epsilon: 1e-3 }),
  },
  { name: "TopK values", shapes: [[3, 5]], build: (x) => topK(x, 2).values },
  { name: "TopK indices", shapes: [[3, 5]], build: (x) => asFloat(topK(x, 2).indices) },
  { name: "constant operand", shapes: [[2, 2]], build: (x) => mul(x, constant([1, -2])) },
  ...QUANTIZATION_CASES,
];
