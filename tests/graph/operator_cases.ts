// One list of operator applications: the gradient check and the comparison with ONNX Runtime both walk it.

import {
  abs,
  add,
  and,
  argMax,
  cast,
  clip,
  concat,
  constant,
  convolveDepthwise,
  cos,
  cumSum,
  div,
  equal,
  erf,
  exp,
  expand,
  floor,
  gather,
  gatherElements,
  gelu,
  gemm,
  greater,
  greaterOrEqual,
  identity,
  layerNormalization,
  less,
  lessOrEqual,
  log,
  logSoftmax,
  matMul,
  max,
  min,
  mul,
  neg,
  not,
  or,
  pow,
  reciprocal,
  reduceLogSumExp,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceSum,
  relu,
  reshape,
  round,
  scatterElements,
  sigmoid,
  sign,
  sin,
  slice,
  softmax,
  softplus,
  split,
  sqrt,
  squeeze,
  sub,
  tanh,
  type Tensor,
  topK,
  transpose,
  unsqueeze,
  where,
} from "../../lib/graph/mod.ts";
import { FUSED_CASES } from "./fused_cases.ts";
import { QUANTIZATION_CASES } from "./quantization_cases.ts";

/** An application: shapes of its inputs, the range their values are drawn from, the expression. */
export interface OperatorCase {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly range?: readonly [number, number];
  /** For each input null (float32) or the range [low, high) that its int64 values are drawn from. */
  readonly integers?: readonly (readonly [number, number] | null)[];
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

/** Lookups, parts and running sums; some positions repeat. */
function indexingCases(): OperatorCase[] {
  const integers = (high: number) => [null, [-high, high] as const, null];
  return [
    { name: "Gather rows", shapes: [[3, 2], [2, 4]], integers: integers(3), build: (t, i) => gather(t, i) },
    { name: "Gather a scalar", shapes: [[3, 2], []], integers: integers(3), build: (t, i) => gather(t, i) },
    { name: "Gather inside", shapes: [[2, 3, 2], [5]], integers: integers(3), build: (t, i) => gather(t, i, 1) },
    { name: "Gather last axis", shapes: [[2, 3], [1, 2]], integers: integers(3), build: (t, i) => gather(t, i, -1) },
    { name: "Gather from one", shapes: [[1, 2], [3]], integers: integers(1), build: (t, i) => gather(t, i) },
    { name: "GatherElements", shapes: [[2, 3], [2, 1]], integers: integers(3), build: (x, i) => gatherElements(x, i) },
    {
      name: "GatherElements inside",
      shapes: [[2, 3, 2], [2, 5, 2]],
      integers: integers(3),
      build: (x, i) => gatherElements(x, i, 1),
    },
    {
      name: "ScatterElements",
      shapes: [[2, 3], [2, 4], [2, 4]],
      integers: integers(3),
      build: (x, indices, updates) => scatterElements(x, indices, { updates }),
    },
    {
      name: "ScatterElements first axis",
      shapes: [[3, 2], [5, 2], [5, 2]],
      integers: integers(3),
      build: (x, indices, updates) => scatterElements(x, indices, { updates, axis: 0 }),
    },
    { name: "ArgMax", shapes: [[2, 3, 2]], build: (x) => asFloat(argMax(x, 1)) },
    { name: "ArgMax of one", shapes: [[2, 1]], build: (x) => asFloat(argMax(x)) },
    { name: "LogSoftmax", shapes: [[2, 3]], range: [-9, 9], build: (x) => logSoftmax(x) },
    { name: "LogSoftmax inner axis", shapes: [[2, 3, 2]], build: (x) => logSoftmax(x, 1) },
    { name: "LogSoftmax of one", shapes: [[2, 1]], build: (x) => logSoftmax(x) },
    { name: "CumSum", shapes: [[2, 3]], build: (x) => cumSum(x, { axis: 1 }) },
    { name: "CumSum exclusive", shapes: [[3, 2]], build: (x) => cumSum(x, { axis: 0, exclusive: true }) },
    {
      name: "CumSum reverse",
      shapes: [[2, 3, 1]],
      build: (x) => cumSum(x, { axis: -2, exclusive: true, reverse: true }),
    },
    { name: "Split", shapes: [[2, 6]], build: (x) => mul(...pair(split(x, [2, 2, 2], 1))) },
    { name: "Split one part unused", shapes: [[4, 2]], build: (x) => split(x, [1, 3], 0)[1] },
    { name: "Squeeze", shapes: [[1, 2, 1]], build: (x) => squeeze(x, [0, -1]) },
    { name: "Squeeze to a scalar", shapes: [[1]], build: (x) => squeeze(x, [0]) },
    { name: "Unsqueeze", shapes: [[2, 3]], build: (x) => unsqueeze(x, [1, -1]) },
    { name: "Unsqueeze a scalar", shapes: [[]], build: (x) => unsqueeze(x, [0]) },
    { name: "Conv causal", shapes: [[2, 3, 5], [3, 1, 3]], build: (x, w) => convolveDepthwise(x, w, [2, 0]) },
    { name: "Conv centred", shapes: [[1, 2, 4], [2, 1, 3]], build: (x, w) => convolveDepthwise(x, w, [1, 1]) },
    { name: "Conv without padding", shapes: [[2, 1, 3], [1, 1, 3]], build: (x, w) => convolveDepthwise(x, w, [0, 0]) },
    { name: "Conv of one", shapes: [[2, 1, 1], [1, 1, 1]], build: (x, w) => convolveDepthwise(x, w, [0, 0]) },
    {
      name: "Conv longer than its input",
      shapes: [[1, 2, 1], [2, 1, 3]],
      build: (x, w) => convolveDepthwise(x, w, [2, 0]),
    },
  ];
}

const pair = ([first, , last]: readonly Tensor[]): [Tensor, Tensor] => [first, last];

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
  ...binaryCases("GreaterOrEqual", (a, b) => asFloat(greaterOrEqual(a, b))),
  ...binaryCases("LessOrEqual", (a, b) => asFloat(lessOrEqual(a, b))),
  ...binaryCases("And", (a, b) => asFloat(and(greater(a, 0), greater(b, 0)))),
  ...binaryCases("Or", (a, b) => asFloat(or(greater(a, 0), greater(b, 0)))),
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
  { name: "ReduceMin", shapes: [[2, 3]], build: (x) => reduceMin(x, { axes: [1] }) },
  { name: "ReduceMin of one", shapes: [[2, 1, 2]], build: (x) => reduceMin(x, { axes: [1], keepDims: true }) },
  { name: "ReduceLogSumExp", shapes: [[2, 3]], range: [-9, 9], build: (x) => reduceLogSumExp(x, { axes: [-1] }) },
  {
    name: "ReduceLogSumExp keep",
    shapes: [[2, 3, 1]],
    build: (x) => reduceLogSumExp(x, { axes: [0, 1], keepDims: true }),
  },
  ...unaryCases("Not", (x) => asFloat(not(greater(x, 0)))),
  ...unaryCases("Sin", sin, [-4, 4]),
  ...unaryCases("Cos", cos, [-4, 4]),
  ...unaryCases("Reciprocal", reciprocal, [0.5, 2]),
  ...unaryCases("Softplus", softplus, [-9, 9]),
  ...unaryCases("Floor", floor, [-4, 4]),
  ...unaryCases("Round", round, [-4, 4]),
  ...unaryCases("Clip", (x) => clip(x, -0.7, 1.1)),
  ...indexingCases(),
  { name: "constant operand", shapes: [[2, 2]], build: (x) => mul(x, constant([1, -2])) },
  ...QUANTIZATION_CASES,
  ...FUSED_CASES,
];
