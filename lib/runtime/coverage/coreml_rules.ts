// What ONNX Runtime's CoreML provider takes as an MLProgram, as data: a rule for each op builder. Read for onnxruntime-node
// 1.30.0: which operators are registered, which dtypes pass and where a later check differs was read off the provider's own code in
// the package's binary for macOS (its build says commit f2c39fe2f); the rest from the builders' sources under
// onnxruntime/core/providers/coreml/builders/impl, in the last versions that could be had before it. Every message below is one
// that the provider logs (at its level VERBOSE) when it refuses a node: a test looks for each in the binary, and fails when
// package.json moves to another version, so that the builders are read again.

import { constantValues, type DType, type Tensor } from "../../graph/mod.ts";
import type { NodeView } from "./node_view.ts";

/** The version of onnxruntime-node that the rules were read for. */
export const COREML_RULES_VERSION = "1.30.0";

/** One thing that a builder asks of a node. */
export interface Condition {
  /** Part of what the provider logs when it is not met. */
  readonly log: string;
  /** What was found instead, for a reader; null when the condition is met. */
  readonly refuses: (node: NodeView) => string | null;
}

/** What one op builder asks of its operators. */
export interface Rule {
  readonly operators: readonly string[];
  /** Its file under builders/impl. */
  readonly source: string;
  /** Inputs whose dtype is checked, each with the dtypes that pass; default input 0 as `DATA`. */
  readonly dtypes?: Readonly<Record<number, readonly DType[]>>;
  readonly conditions?: readonly Condition[];
  /** It moves data only: a part with nothing else is left to the CPU. */
  readonly trivial?: true;
  /** The node is taken, but computes something else than ONNX says. */
  readonly warning?: string;
}

/** Of input 0, unless a builder says otherwise: neither bool nor int32. */
export const DATA: readonly DType[] = ["float32", "float16", "int64"];
const FLOATS: readonly DType[] = ["float32", "float16"];
const CASTABLE: readonly DType[] = ["float32", "float16", "int32", "int64", "bool"];

const MAX_CONVOLUTION_DIM = 16_384;

const constantInput = (index: number, name: string, log: string): Condition => ({
  log,
  refuses: ({ inputs, isConstant }) => inputs[index] && !isConstant(inputs[index]) ? `${name} is not constant` : null,
});

/** Whether a C of Gemm is one row, or one value. */
function isRow({ shape }: Tensor, width: number): boolean {
  if (shape.length === 0) return true;
  if (shape.length === 1) return shape[0] === 1 || shape[0] === width;
  return shape.length === 2 && shape[0] === 1 && shape[1] === width;
}

const GEMM: readonly Condition[] = [
  constantInput(1, "B", " B input must be a constant initializer"),
  {
    log: "Only support for transA == 0, alpha == 1.0 ",
    refuses: ({ attributes: { transA = 0, alpha = 1, beta = 1 } }) =>
      transA === 0 && alpha === 1 && beta === 1 ? null : `transA ${transA}, alpha ${alpha}, beta ${beta}`,
  },
  constantInput(2, "C", "C of Gemm must be a constant initializer"),
  {
    log: "Shape of C Gemm input must be {}, {1}, {N}, or {1, N}. N:",
    refuses: ({ inputs: [, b, c], attributes }) =>
      !c || isRow(c, Number(b.shape[attributes.transB ? 0 : 1])) ? null : `C is [${c.shape.join(", ")}]`,
  },
];

const clipBounds: Condition = {
  log: " input of Clip must be a constant initializer",
  refuses({ inputs: [, low, high] }) {
    const [min, max] = [low, high].map((bound) => bound && constantValues(bound)?.[0]);
    if (min === undefined || max === undefined) return "a bound is not constant";
    return min === max ? "its bounds are equal" : null;
  },
};

/** All rules; an operator without one is not registered. */
export const COREML_RULES: readonly Rule[] = [
  {
    operators: ["Sigmoid", "Tanh", "Relu", "LeakyRelu", "Gelu", "Softplus", "Elu", "HardSigmoid"],
    source: "activation_op_builder.cc",
  },
  { operators: ["Erf", "Round", "Sqrt", "Exp", "Sin", "Cos"], source: "unary_op_builder.cc" },
  { operators: ["Ceil"], source: "unary_op_builder.cc", trivial: true },
  {
    operators: ["Reciprocal"],
    source: "unary_op_builder.cc",
    warning: "CoreML computes 1 / (x + 1e-4)",
  },
  { operators: ["Add", "Div", "Mul", "Max", "Sub"], source: "binary_op_builder.cc" },
  {
    operators: ["Pow"],
    source: "binary_op_builder.cc",
    conditions: [{
      log: "] has unsupported inputs",
      refuses: ({ inputs: [base, exponent] }) =>
        base.dtype === exponent.dtype ? null : `base ${base.dtype}, exponent ${exponent.dtype}`,
    }],
  },
  {
    operators: ["ReduceMean", "ReduceMin", "ReduceMax", "ReduceProd", "ReduceSum"],
    source: "reduction_op_builder.cc",
    conditions: [constantInput(1, "axes", "Axes of reduction must be a constant initializer")],
  },
  {
    operators: ["LayerNormalization"],
    source: "normalization_op_builder.cc",
    dtypes: { 0: FLOATS },
    conditions: [
      {
        log: "Input types of LayerNorm must be the same",
        refuses: ({ inputs }) =>
          inputs.every(({ dtype }) => dtype === inputs[0].dtype)
            ? null
            : `${inputs.map(({ dtype }) => dtype).join(", ")}`,
      },
      constantInput(1, "scale", "Scale must be a constant initializer"),
      constantInput(2, "bias", "Bias must be a constant initializer"),
    ],
  },
  { operators: ["And"], source: "logical_op_builder.cc", dtypes: { 0: ["bool"], 1: ["bool"] } },
  { operators: ["ArgMax"], source: "argmax_op_builder.cc" },
  {
    operators: ["Cast"],
    source: "cast_op_builder.cc",
    dtypes: { 0: CASTABLE },
    conditions: [castTarget()],
    trivial: true,
  },
  { operators: ["Clip"], source: "clip_op_builder.cc", conditions: [clipBounds] },
  {
    operators: ["Concat"],
    source: "concat_op_builder.cc",
    conditions: [{
      log: "Concat only support 2+ inputs, actual number of inputs: ",
      refuses: ({ inputs }) => (inputs.length >= 2 ? null : "it has one input"),
    }],
  },
  { operators: ["Conv"], source: "conv_op_builder.cc", conditions: convolution() },
  {
    operators: ["Gather"],
    source: "gather_op_builder.cc",
    dtypes: { 0: DATA, 1: ["int32", "int64"] },
    conditions: gatherRanks(),
  },
  { operators: ["Gemm"], source: "gemm_op_builder.cc", conditions: GEMM },
  {
    operators: ["MatMul"],
    source: "gemm_op_builder.cc",
    conditions: [{
      log: "Skipping due to bug in CoreML ML Program when one of the inputs is 1D.",
      refuses({ inputs: [a, b] }) {
        const ranks = [a.shape.length, b.shape.length];
        return ranks.includes(1) && Math.max(...ranks) > 1 ? `ranks ${ranks.join(" and ")}` : null;
      },
    }],
  },
  { operators: ["Identity"], source: "identity_op_builder.cc", trivial: true },
  { operators: ["Pad"], source: "pad_op_builder.cc", conditions: padding() },
  {
    operators: ["Reshape"],
    source: "reshape_op_builder.cc",
    trivial: true,
    conditions: [
      constantInput(1, "shape", "New shape of reshape must be a constant initializer"),
      {
        log: "Reshape does not support empty input shape",
        refuses: ({ inputs: [x] }) => (x.shape.length > 0 ? null : "its input is a scalar"),
      },
      {
        log: "New shape of reshape cannot be empty",
        refuses: ({ outputs: [y] }) => (y.shape.length > 0 ? null : "its result is a scalar"),
      },
      {
        log: "Reshape does not support new shape with rank greater than 5. Input shape: ",
        refuses: ({ outputs: [y] }) => (y.shape.length <= 5 ? null : `its result has rank ${y.shape.length}`),
      },
    ],
  },
  {
    operators: ["Slice"],
    source: "slice_op_builder.cc",
    conditions: ["starts", "ends", "axes", "steps"].map(sliceInput),
  },
  {
    operators: ["Split"],
    source: "split_op_builder.cc",
    conditions: [
      constantInput(1, "split", "CoreML 'splits' input must be a constant initializer."),
      {
        log: "CoreML Split must produce at least 2 outputs.",
        refuses: ({ outputs }) => (outputs.length >= 2 ? null : "it has one output"),
      },
    ],
  },
  { operators: ["Softmax"], source: "softmax_op_builder.cc" },
  {
    operators: ["Squeeze", "Unsqueeze"],
    source: "squeeze_op_builder.cc",
    trivial: true,
    conditions: [
      constantInput(1, "axes", "Input axes must be known"),
      {
        log: "Unsqueeze to output shape with > 5 dimensions is not supported",
        refuses: ({ outputs: [y] }) => (y.shape.length <= 5 ? null : `its result has rank ${y.shape.length}`),
      },
    ],
  },
  { operators: ["Transpose"], source: "transpose_op_builder.cc", trivial: true },
  {
    operators: ["Where"],
    source: "where_op_builder.cc",
    dtypes: { 0: ["bool"], 1: FLOATS, 2: FLOATS },
    conditions: [{
      log: "Where: 'X' and 'Y' inputs must both be float or float16. Got types: ",
      refuses: ({ inputs: [, x, y] }) => (x.dtype === y.dtype ? null : `${x.dtype} and ${y.dtype}`),
    }],
  },
];

function castTarget(): Condition {
  return {
    log: "] is not supported.",
    refuses: ({ outputs: [y] }) => (CASTABLE.includes(y.dtype) ? null : `to ${y.dtype}`),
  };
}

function convolution(): Condition[] {
  return [
    {
      log: "Only 1D and 2D Conv are supported currently.",
      refuses: ({ inputs: [x] }) => ([3, 4].includes(x.shape.length) ? null : `its input has rank ${x.shape.length}`),
    },
    {
      log: " exceeds CoreML convolution memory limit of 16384",
      refuses({ inputs, outputs }) {
        const large = [...inputs.slice(0, 2), ...outputs].flatMap(({ shape }) => shape)
          .find((dim) => Number(dim) > MAX_CONVOLUTION_DIM);
        return large === undefined ? null : `a dimension of ${large}`;
      },
    },
    constantInput(2, "bias", "The bias of Conv ["),
  ];
}

function gatherRanks(): Condition[] {
  return [
    {
      log: "Gather with scalar 'indices' supports 'data' rank up to 4",
      refuses: ({ inputs: [data, indices] }) =>
        indices.shape.length === 0 && data.shape.length > 4 ? `data of rank ${data.shape.length}` : null,
    },
    {
      log: "Gather does not support output with rank greater than 5",
      refuses: ({ outputs: [y] }) => (y.shape.length <= 5 ? null : `its result has rank ${y.shape.length}`),
    },
  ];
}

function padding(): Condition[] {
  return [
    constantInput(1, "pads", "pads must be a constant initializer."),
    {
      log: "For ML Program, only `constant` and `reflect` modes are supported, mode: ",
      refuses: ({ attributes: { mode = "constant" } }) =>
        mode === "constant" || mode === "reflect" ? null : `mode ${mode}`,
    },
    {
      log: "Negative pad value is not supported: pads[",
      refuses: (
        { inputs: [, pads] },
      ) => (constantValues(pads)?.some((value) => value < 0) ? "a pad is negative" : null),
    },
    constantInput(2, "constant_value", "constant_value must be a constant initializer."),
  ];
}

function sliceInput(name: string, position: number): Condition {
  return constantInput(position + 1, name, `'${name}'`);
}
