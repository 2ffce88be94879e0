// The same numbers from operators that ONNX Runtime's CoreML provider takes: what lib/runtime's `coverage` refuses, written otherwise.
// Truth values travel as 0 and 1 in float32 wherever they are moved or combined, since the provider moves no bool; int32 travels as
// int64, which CoreML stores as int32 anyway.

import { type Graph } from "../graph.ts";
import { apply, applyOne } from "../operator.ts";
import { add, cast as castTo, div, layerNormalization, matMul, max, mul, relu, sub, transpose, where } from "../ops.ts";
import { squeeze, unsqueeze } from "../ops_indexing.ts";
import { rewriteGraph } from "../rewrite.ts";
import { type Attributes, constant, constantValues, isParameter, type Operation, type Tensor } from "../tensor.ts";
import { type DType, elementCount, isFloating } from "../types.ts";
import { foldConstants } from "./fold_constants.ts";

type Written = (inputs: readonly Tensor[], operation: Operation) => Tensor | null;

/**
 * Rewrites a graph into operators that CoreML's provider takes (MLProgram): comparisons, `Not` and `Or` by arithmetic on truth values,
 * `Neg`, `Abs`, `Min`, `Sign`, `Floor`, `Expand`, `Reciprocal` (CoreML adds 1e-4 to its divisor), `Gemm` with computed
 * operands or factors, `LayerNormalization` with computed scale, int32 and bool operands. `Log`, `TopK`, `GatherElements` and what
 * else has no such form stay; `coverage` of lib/runtime says so.
 *
 * Bound: the interpreter gives the same numbers, for `Gemm`, `LayerNormalization` and `CumSum` but for the order of additions
 * (2^-20 of the output's norm). Compared values must be finite, and compared, picked or summed integers below 2^24 in size.
 *
 * @param original shapes fixed (`bindDimensions`), which `Expand` and running sums need
 *
 * @example
 * ```ts
 * import { forCoreMl, graph, input, neg, topologicalOrder } from "lib/graph/mod.ts";
 * const written = forCoreMl(graph("g", { y: neg(input("x", "float32", [4])) }));
 * if (topologicalOrder([written.outputs.y])[0].type !== "Mul") throw new Error("a product with -1");
 * ```
 */
export function forCoreMl(original: Graph): Graph {
  let current = original;
  for (let changed = true; changed;) {
    changed = false;
    current = foldConstants(rewriteGraph(current, {
      operation(operation, inputs) {
        const written = rewritten(operation, inputs);
        changed ||= written !== null;
        return written;
      },
    }));
  }
  return current;
}

function rewritten(operation: Operation, inputs: readonly Tensor[]): readonly Tensor[] | null {
  const written = WRITTEN[operation.type]?.(inputs, operation);
  if (written) return [written];
  // Of one part, or split into one: nothing happens.
  if ((operation.type === "Concat" || operation.type === "Split") && isAlone(operation)) return [inputs[0]];
  if (!MOVES.has(operation.type) && !COMPUTES.has(operation.type)) return null;
  const data = operation.type === "Concat" ? inputs : inputs.slice(0, COMPUTES.has(operation.type) ? 2 : 1);
  if (data[0].dtype === "int32") return through("int64", data, { operation, inputs });
  return data[0].dtype === "bool" && MOVES.has(operation.type) ? through("float32", data, { operation, inputs }) : null;
}

const isAlone = ({ type, inputs, outputs }: Operation) => (type === "Concat" ? inputs : outputs).length === 1;

/** Operators that only move the values of their input 0 (`Concat`: of all). */
const MOVES = new Set([
  "Concat",
  "Gather",
  "Identity",
  "Pad",
  "Reshape",
  "Slice",
  "Split",
  "Squeeze",
  "Transpose",
  "Unsqueeze",
]);
/** Arithmetic on two operands that int64 has too. */
const COMPUTES = new Set(["Add", "Sub", "Mul", "Div", "Max"]);

/** The operation on its data in another dtype, and back. */
function through(
  dtype: "int64" | "float32",
  data: readonly Tensor[],
  { operation, inputs }: { operation: Operation; inputs: readonly Tensor[] },
): Tensor[] {
  const fed = inputs.map((tensor) => data.includes(tensor) ? cast(tensor, dtype) : tensor);
  return apply(operation.type, fed, operation.attributes).map((output) => cast(output, data[0].dtype));
}

/** `x` in a dtype; itself where it has it already. */
const cast = (x: Tensor, dtype: DType): Tensor => (x.dtype === dtype ? x : castTo(x, dtype));
/** 1 where a truth value holds, else 0. */
const truth = (condition: Tensor): Tensor => cast(condition, "float32");
const holds = (indicator: Tensor): Tensor => cast(indicator, "bool");
const opposite = (condition: Tensor): Tensor => holds(sub(1, truth(condition)));

/** `left - right` in a dtype that CoreML computes with; null where it has none. */
function difference(left: Tensor, right: Tensor): Tensor | null {
  const { dtype } = left;
  if (dtype === "bool") return sub(truth(left), truth(right));
  if (dtype === "int32" || dtype === "int64") return sub(cast(left, "int64"), cast(right, "int64"));
  if (dtype !== "float32" && dtype !== "float16") return null;
  return constantValues(right)?.every((value) => value === 0) && right.shape.length === 0 ? left : sub(left, right);
}

function exceeds(left: Tensor, right: Tensor): Tensor | null {
  const rest = difference(left, right);
  return rest && holds(isFloating(rest.dtype) ? relu(rest) : max(rest, 0));
}

function writtenEqual(left: Tensor, right: Tensor): Tensor | null {
  const rest = difference(left, right);
  return rest && opposite(holds(rest));
}

const negative = (x: Tensor): Tensor => mul(x, -1);

const orNull = <T>(value: T | null, use: (value: T) => Tensor): Tensor | null => (value === null ? null : use(value));

/** Whether the model holds the tensor; parameters of a shipped one do. */
const isKnown = (tensor: Tensor): boolean => tensor.source.kind === "constant" || isParameter(tensor);

const WRITTEN: Readonly<Record<string, Written>> = {
  Neg: ([x]) => negative(x),
  Abs: ([x]) => max(x, negative(x)),
  Min: ([left, right]) => negative(max(negative(left), negative(right))),
  Sign: ([x]) => {
    const zero = constant(0, { dtype: x.dtype });
    return orNull(exceeds(x, zero), (above) => cast(sub(truth(above), truth(exceeds(zero, x)!)), x.dtype));
  },
  Floor: ([x]) => {
    const nearest = applyOne("Round", [x]);
    return orNull(exceeds(nearest, x), (above) => sub(nearest, cast(truth(above), x.dtype)));
  },
  Reciprocal: ([x]) => div(1, x),
  Greater: ([left, right]) => exceeds(left, right),
  Less: ([left, right]) => exceeds(right, left),
  GreaterOrEqual: ([left, right]) => orNull(exceeds(right, left), opposite),
  LessOrEqual: ([left, right]) => orNull(exceeds(left, right), opposite),
  Equal: ([left, right]) => writtenEqual(left, right),
  Not: ([x]) => opposite(x),
  Or: ([left, right]) => holds(max(truth(left), truth(right))),
  Where: writtenWhere,
  Expand: writtenExpand,
  CumSum: writtenCumSum,
  Gemm: writtenGemm,
  LayerNormalization: writtenLayerNormalization,
  Reshape: writtenReshape,
};

function writtenWhere([condition, yes, no]: readonly Tensor[], { outputs: [{ shape }] }: Operation): Tensor | null {
  const [first, second] = [yes, no].map((tensor) =>
    tensor.shape.length === 0 ? constantValues(tensor)?.[0] : undefined
  );
  if (first !== undefined && first === second && shape.every((dim) => typeof dim === "number")) {
    const sizes = shape as readonly number[];
    return constant(new Float64Array(elementCount(sizes)).fill(first), { dtype: yes.dtype, shape: sizes });
  }
  const { dtype } = yes;
  if (dtype === "bool") return holds(where(condition, truth(yes), truth(no)));
  if (dtype !== "int32" && dtype !== "int64") return null;
  return cast(where(condition, cast(yes, "float32"), cast(no, "float32")), dtype);
}

/** A product with ones: exact, NaN and the sign of zero included. */
function writtenExpand([x]: readonly Tensor[], { outputs: [{ shape }] }: Operation): Tensor | null {
  if (shape.some((dim) => typeof dim === "string")) return null;
  if (x.dtype === "bool") return holds(stretched(truth(x), shape as number[]));
  if (x.dtype === "int32") return cast(stretched(cast(x, "int64"), shape as number[]), "int32");
  return x.dtype === "int8" || x.dtype === "uint8" ? null : stretched(x, shape as number[]);
}

function stretched(x: Tensor, shape: readonly number[]): Tensor {
  const missing = shape.length - x.shape.length;
  const sizes = shape.map((size, axis) => (x.shape[axis - missing] === size ? 1 : size));
  return mul(x, constant(new Float64Array(elementCount(sizes)).fill(1), { dtype: x.dtype, shape: sizes }));
}

/** A product with a triangle of ones along the last axis. */
function writtenCumSum([x, axisTensor]: readonly Tensor[], operation: Operation): Tensor | null {
  const rank = x.shape.length;
  const axis = (constantValues(axisTensor)![0] + rank) % rank;
  const length = x.shape[axis];
  if (typeof length !== "number") return null;
  if (rank === 1) return squeeze(runningSum(unsqueeze(x, [0]), length, operation), [0]);
  const order = x.shape.map((_, i) => (i === axis ? rank - 1 : i === rank - 1 ? axis : i));
  return transpose(runningSum(transpose(x, order), length, operation), order);
}

function runningSum(x: Tensor, length: number, { attributes }: Operation): Tensor {
  const dtype = isFloating(x.dtype) ? x.dtype : "float32";
  const triangle = constant(triangleOf(length, attributes), { dtype, shape: [length, length] });
  return cast(matMul(cast(x, dtype), triangle), x.dtype);
}

/** `[from, to]`: 1 where element `from` is part of sum `to`. */
function triangleOf(length: number, { exclusive = 0, reverse = 0 }: Attributes): Float64Array {
  return Float64Array.from({ length: length * length }, (_, i) => {
    const ahead = (i % length) - Math.floor(i / length);
    return Number((reverse ? -ahead : ahead) >= Number(exclusive));
  });
}

function writtenGemm([a, b, c]: readonly Tensor[], { attributes }: Operation): Tensor | null {
  const { transA = 0, transB = 0, alpha = 1, beta = 1 } = attributes;
  const width = b.shape[transB ? 0 : 1];
  const isRow = !c ||
    (isComputedFromKnown(c) && c.shape.slice(0, -1).every((dim) => dim === 1) &&
      [1, width].includes(c.shape.at(-1) ?? 1));
  const taken = !transA && alpha === 1 && beta === 1 && isComputedFromKnown(b) && isRow;
  if (taken) return null;
  const product = matMul(transA ? transpose(a) : a, transB ? transpose(b) : b);
  const scaled = alpha === 1 ? product : mul(product, Number(alpha));
  return c ? add(scaled, beta === 1 ? c : mul(c, Number(beta))) : scaled;
}

/** Whether ONNX Runtime knows the tensor when it makes a session. */
function isComputedFromKnown(tensor: Tensor): boolean {
  const { source } = tensor;
  return isKnown(tensor) || (source.kind === "operation" && source.inputs.every(isComputedFromKnown));
}

function writtenLayerNormalization([x, scale, bias]: readonly Tensor[], { attributes }: Operation): Tensor | null {
  if ([scale, bias].every((tensor) => !tensor || isComputedFromKnown(tensor))) return null;
  const shape = scale.shape as readonly number[];
  const ones = constant(new Float64Array(elementCount(shape)).fill(1), { dtype: scale.dtype, shape });
  const { axis, epsilon } = attributes as Record<string, number>;
  const scaled = mul(layerNormalization(x, ones, null, { axis, epsilon }), scale);
  return bias ? add(scaled, bias) : scaled;
}

/** CoreML reshapes no scalar, and to none. */
function writtenReshape([x]: readonly Tensor[], { outputs: [y] }: Operation): Tensor | null {
  const axes = (shape: readonly unknown[]) => shape.map((_, i) => i);
  if (x.shape.length === 0) return y.shape.length === 0 ? x : unsqueeze(x, axes(y.shape));
  return y.shape.length === 0 ? squeeze(x, axes(x.shape)) : null;
}
