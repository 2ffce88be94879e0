// A weighted sum of a graph's outputs, and which leaves it can be differentiated in.

import { leaves, topologicalOrder } from "../graph.ts";
import { operatorOf } from "../operator.ts";
import { add, mul, reduceSum } from "../ops.ts";
import { constant, constantValues, isParameter, type Operation, type Tensor } from "../tensor.ts";
import { concreteShape, elementCount, isFloating } from "../types.ts";

/** The sum of all elements times weights; null without tensors. Shapes are fixed. */
export function weightedSum(tensors: readonly Tensor[], nextWeight: () => number): Tensor | null {
  let sum: Tensor | null = null;
  for (const tensor of tensors) {
    const shape = concreteShape(tensor.shape, "Cannot sum");
    const weights = Array.from({ length: elementCount(shape) }, nextWeight);
    const term = reduceSum(mul(tensor, constant(weights, { shape })));
    sum = sum ? add(sum, term) : term;
  }
  return sum;
}

/**
 * Float inputs and parameters to which gradients of the loss flow: along floats alone, and not through the exponent of a
 * power. Null when an operator without a gradient is on the way.
 */
export function differentiableLeaves(loss: Tensor): Tensor[] | null {
  const reached = new Set<Tensor>([loss]);
  for (const operation of topologicalOrder([loss]).reverse()) {
    if (!operation.outputs.some((output) => isFloating(output.dtype) && reached.has(output))) continue;
    const inputs = differentiableInputs(operation);
    if (inputs === null) return null;
    inputs.forEach((tensor) => reached.add(tensor));
  }
  return leaves([loss]).filter((leaf) => reached.has(leaf) && (leaf.source.kind === "input" || isParameter(leaf)));
}

function differentiableInputs({ type, inputs }: Operation): readonly Tensor[] | null {
  if (!operatorOf(type).gradient) return null;
  if (type === "Pow" && !constantValues(inputs[1])) return null;
  return (type === "Pow" ? inputs.slice(0, 1) : inputs).filter(({ dtype }) => isFloating(dtype));
}
