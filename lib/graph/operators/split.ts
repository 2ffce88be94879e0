// Operators on the list of dimensions: Split into parts, Squeeze and Unsqueeze of dimensions of size 1. Unlike Reshape the
// last two leave any number of named dimensions as they are.

import { defineOperators, type GradientContext, type Operator } from "../operator.ts";
import { concat, expand } from "../ops.ts";
import { squeeze, unsqueeze } from "../ops_indexing.ts";
import { constant, describe, type Tensor } from "../tensor.ts";
import { concreteShape, type Dim, elementCount, formatShape, normalizeAxis } from "../types.ts";
import { requireAxes, requireConstant } from "./shape.ts";

/** The parts' gradients joined; a part that the loss does not depend on counts as zeros. */
function splitGradient({ inputs: [x], outputs, attributes, gradients }: GradientContext): (Tensor | null)[] {
  const parts = outputs.map((output, i) =>
    gradients[i] ??
      expand(constant(0, { dtype: x.dtype }), concreteShape(output.shape, "Cannot differentiate Split"))
  );
  return [concat(parts, Number(attributes.axis)), null];
}

const splitOperator: Operator = {
  type: "Split",
  attributes: { axis: "int" },
  infer([x, sizes], attributes) {
    const axis = normalizeAxis(Number(attributes.axis), x.shape.length, "Split");
    const parts = requireConstant(sizes, "Split", "sizes");
    const total = parts.reduce((sum, size) => sum + size, 0);
    if (parts.some((size) => !Number.isInteger(size) || size < 1) || total !== x.shape[axis]) {
      throw new RangeError(
        `Cannot split axis ${axis} of ${describe(x)}: expected sizes of at least 1 that add up to ${
          x.shape[axis]
        }, got ${formatShape(parts)}`,
      );
    }
    return parts.map((size) => ({ dtype: x.dtype, shape: x.shape.map((dim, i) => (i === axis ? size : dim)) }));
  },
  gradient: splitGradient,
  evaluate([x], attributes, outputs) {
    const axis = normalizeAxis(Number(attributes.axis), x.shape.length, "Split");
    const inner = elementCount(x.shape.slice(axis + 1));
    const rows = elementCount(x.shape.slice(0, axis));
    let start = 0;
    return outputs.map((output) => {
      const run = output.shape[axis] * inner;
      const data = new Float64Array(rows * run);
      for (let row = 0; row < rows; row++) {
        const from = row * x.shape[axis] * inner + start;
        data.set(x.data.subarray(from, from + run), row * run);
      }
      start += run;
      return { ...output, data };
    });
  },
};

const sortedAxes = (axes: Tensor | undefined, rank: number, operator: string): number[] =>
  requireAxes(axes, rank, operator).sort((a, b) => a - b);

const squeezeOperator: Operator = {
  type: "Squeeze",
  infer([x, axesTensor]) {
    const axes = sortedAxes(axesTensor, x.shape.length, "Squeeze");
    const wide = axes.find((axis) => x.shape[axis] !== 1);
    if (wide !== undefined) {
      throw new TypeError(`Cannot squeeze axis ${wide} of ${describe(x)}: expected 1, got ${x.shape[wide]}`);
    }
    return [{ dtype: x.dtype, shape: x.shape.filter((_, axis) => !axes.includes(axis)) }];
  },
  gradient: ({ inputs: [x, axes], gradients: [g] }) => [
    unsqueeze(g!, sortedAxes(axes, x.shape.length, "Squeeze")),
    null,
  ],
  evaluate: ([x], _attributes, [output]) => [{ ...output, data: x.data }],
};

const unsqueezeOperator: Operator = {
  type: "Unsqueeze",
  infer([x, axesTensor]) {
    const rank = x.shape.length + requireConstant(axesTensor, "Unsqueeze", "axes").length;
    const shape: Dim[] = [...x.shape];
    for (const axis of sortedAxes(axesTensor, rank, "Unsqueeze")) shape.splice(axis, 0, 1);
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ inputs: [, axes], outputs: [y], gradients: [g] }) => [
    squeeze(g!, sortedAxes(axes, y.shape.length, "Unsqueeze")),
    null,
  ],
  evaluate: ([x], _attributes, [output]) => [{ ...output, data: x.data }],
};

defineOperators(splitOperator, squeezeOperator, unsqueezeOperator);
