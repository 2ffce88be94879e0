// The registry of operators: shape rule, gradient and float64 evaluation of each, under ONNX's name and semantics.

import { locateError, rememberOrigin } from "./origin.ts";
import type { Attributes, Operation, Tensor } from "./tensor.ts";
import type { NdArray, TensorType } from "./types.ts";

/** How ONNX stores an attribute. */
export type AttributeKind = "int" | "float" | "string" | "ints";

/** What a gradient rule is given. */
export interface GradientContext {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Attributes;
  /** Gradient of the loss with respect to each output; null where the loss does not depend on it. */
  readonly gradients: readonly (Tensor | null)[];
}

/** Definition of one operator. */
export interface Operator {
  /** ONNX's op_type. */
  readonly type: string;
  /** ONNX domain, when it is not the standard one. */
  readonly domain?: string;
  /** Kinds of the attributes that the operator knows. */
  readonly attributes?: Readonly<Record<string, AttributeKind>>;
  /**
   * Places of the inputs among those of ONNX, where optional ones between them are always left out. Default: one after the other.
   */
  readonly places?: readonly number[];
  /** Types of the outputs; raises a TypeError or RangeError that names the operator, what it expected and what it got. */
  infer(inputs: readonly Tensor[], attributes: Attributes): TensorType[];
  /** Gradients for the inputs (null: none flows); absent when the operator is not differentiable. */
  gradient?(context: GradientContext): (Tensor | null)[];
  /** Float64 result, for outputs whose concrete types are given. */
  evaluate(inputs: readonly NdArray[], attributes: Attributes, outputs: readonly ConcreteType[]): NdArray[];
}

/** A tensor type without symbolic dimensions. */
export interface ConcreteType extends TensorType {
  readonly shape: readonly number[];
}

const registry = new Map<string, Operator>();

/** Adds operators to the registry; a type can be defined once. */
export function defineOperators(...operators: Operator[]): void {
  for (const operator of operators) {
    if (registry.has(operator.type)) throw new Error(`internal: operator ${operator.type} is defined twice`);
    registry.set(operator.type, operator);
  }
}

/**
 * The definition of an operator.
 *
 * @throws {TypeError} when it is unknown
 */
export function operatorOf(type: string): Operator {
  const operator = registry.get(type);
  if (!operator) throw new TypeError(`Unknown operator ${type}: known are ${[...registry.keys()].sort().join(", ")}`);
  return operator;
}

/** All registered operator types, sorted. */
export function operatorTypes(): string[] {
  return [...registry.keys()].sort();
}

/**
 * Applies an operator to tensors; shapes are checked here, where the model is written.
 *
 * @throws {TypeError | RangeError} naming operator, what it expected, what it got, and the line of the model
 */
export function apply(type: string, inputs: readonly Tensor[], attributes: Attributes = {}): readonly Tensor[] {
  try {
    return applied(type, inputs, attributes);
  } catch (error) {
    throw locateError(error, { thrownHere: true });
  }
}

function applied(type: string, inputs: readonly Tensor[], attributes: Attributes): readonly Tensor[] {
  const operator = operatorOf(type);
  for (const name of Object.keys(attributes)) {
    if (!operator.attributes?.[name]) throw new TypeError(`Cannot apply ${type}: unknown attribute ${name}`);
  }
  const types = operator.infer(inputs, attributes);
  const outputs: Tensor[] = [];
  const source: Operation = { kind: "operation", type, inputs: [...inputs], attributes, outputs };
  types.forEach((tensorType, index) => outputs.push({ ...tensorType, source, index }));
  rememberOrigin(source);
  return outputs;
}

/** `apply` for the many operators with one output. */
export function applyOne(type: string, inputs: readonly Tensor[], attributes: Attributes = {}): Tensor {
  return apply(type, inputs, attributes)[0];
}
