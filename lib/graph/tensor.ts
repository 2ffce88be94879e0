// Symbolic tensors: immutable nodes of the expression graph that tracing a model builds.

import { checkShape, type DType, elementCount, formatShape, type Shape, type TensorType } from "./types.ts";

/** Value of an operator attribute, in ONNX's kinds: int, float, string, ints. */
export type AttributeValue = number | string | readonly number[];
/** Attributes of an operator by name, in camelCase. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** How a parameter's first values are drawn; `fanIn` counts the inputs of one output unit. */
export type Initializer =
  | { readonly kind: "uniform"; readonly low: number; readonly high: number }
  | { readonly kind: "normal"; readonly mean: number; readonly standardDeviation: number }
  | { readonly kind: "constant"; readonly value: number };

/** A value fed at run time. */
export interface InputSource {
  readonly kind: "input";
  readonly name: string;
}

/** A learned value: fed at run time while training, stored in the file when shipped. */
export interface ParameterSource {
  readonly kind: "parameter";
  readonly name: string;
  readonly initializer: Initializer;
  readonly trainable: boolean;
}

/** A value known when the graph is built. */
export interface ConstantSource {
  readonly kind: "constant";
  readonly data: Float64Array;
}

/** The application of an operator. */
export interface Operation {
  readonly kind: "operation";
  readonly type: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly outputs: readonly Tensor[];
}

export type Source = InputSource | ParameterSource | ConstantSource | Operation;

/** A symbolic tensor: where it comes from, its dtype and its shape. Never holds computed values. */
export interface Tensor extends TensorType {
  readonly source: Source;
  /** Which of the source's outputs this is; 0 for leaves. */
  readonly index: number;
}

/** A leaf of kind parameter. */
export type Parameter = Tensor & { readonly source: ParameterSource };

/**
 * A tensor fed at run time.
 *
 * @example
 * ```ts
 * import { input } from "lib/graph/mod.ts";
 * const x = input("x", "float32", ["batch", 384]);
 * ```
 */
export function input(name: string, dtype: DType, shape: Shape): Tensor {
  checkShape(shape, `Input ${name}`);
  return { source: { kind: "input", name }, dtype, shape: [...shape], index: 0 };
}

/**
 * A learned tensor.
 *
 * @param name path of the parameter, for example `compression.weight`
 * @param shape fixed dimensions only
 */
export function parameter(
  name: string,
  shape: readonly number[],
  { initializer, dtype = "float32", trainable = true }: {
    initializer: Initializer;
    dtype?: DType;
    trainable?: boolean;
  },
): Parameter {
  checkShape(shape, `Parameter ${name}`);
  return { source: { kind: "parameter", name, initializer, trainable }, dtype, shape: [...shape], index: 0 };
}

/**
 * A tensor of known values.
 *
 * @param values one number for a scalar, else the elements in row-major order
 */
export function constant(
  values: number | ArrayLike<number>,
  { dtype = "float32", shape }: { dtype?: DType; shape?: readonly number[] } = {},
): Tensor {
  const data = typeof values === "number" ? Float64Array.of(values) : Float64Array.from(values);
  const resolved = shape ?? (typeof values === "number" ? [] : [data.length]);
  if (elementCount(resolved) !== data.length) {
    throw new RangeError(
      `Cannot make a constant: expected ${elementCount(resolved)} values for ${
        formatShape(resolved)
      }, got ${data.length}`,
    );
  }
  return { source: { kind: "constant", data }, dtype, shape: [...resolved], index: 0 };
}

/** Integers that an operator takes as an input, such as axes. */
export function integers(values: number | readonly number[]): Tensor {
  return constant(values, { dtype: "int64" });
}

/** The values of a constant tensor, or null when it is computed or fed. */
export function constantValues(tensor: Tensor): Float64Array | null {
  return tensor.source.kind === "constant" ? tensor.source.data : null;
}

/** Whether the tensor is a parameter, trainable or not. */
export function isParameter(tensor: Tensor): tensor is Parameter {
  return tensor.source.kind === "parameter";
}

/** How a tensor is called in an error message: its name if it has one, else the operator that made it. */
export function describe(tensor: Tensor): string {
  const { source } = tensor;
  const shape = formatShape(tensor.shape);
  if (source.kind === "input" || source.kind === "parameter") return `${source.name} ${shape}`;
  return source.kind === "constant" ? `constant ${shape}` : `${source.type} ${shape}`;
}
