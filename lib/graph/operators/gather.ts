// Operators that look values up: Gather (rows of a table), GatherElements (one value each), and ScatterElements, which adds
// values back where they came from. ScatterND with addition would be faster, but ONNX Runtime's CPU provider runs it in
// parallel without a lock: sums over repeated indices come out wrong, and differently each time.

import { defineOperators, type GradientContext, type Operator } from "../operator.ts";
import { expand, reshape } from "../ops.ts";
import { gatherElements, scatterElements } from "../ops_indexing.ts";
import { constant, describe, type Tensor } from "../tensor.ts";
import { concreteShape, elementCount, formatShape, normalizeAxis, type Shape } from "../types.ts";

function expectIndices(operator: string, indices: Tensor): void {
  if (indices.dtype !== "int64" && indices.dtype !== "int32") {
    throw new TypeError(
      `Cannot apply ${operator}: expected int64 or int32 indices, got ${indices.dtype} ${formatShape(indices.shape)}`,
    );
  }
}

/** Refuses indices whose shape differs from the data's elsewhere than along `axis`. */
function expectAligned(operator: string, data: Tensor, { indices, axis }: { indices: Tensor; axis: number }): void {
  const expected = data.shape.map((dim, i) => (i === axis ? indices.shape[i] ?? dim : dim));
  if (formatShape(expected) !== formatShape(indices.shape)) {
    throw new TypeError(
      `Cannot apply ${operator} to ${describe(data)} along axis ${axis}: expected indices ${
        formatShape(expected)
      }, got ${formatShape(indices.shape)}`,
    );
  }
}

/** An index counted from the end when negative. */
function resolveIndex(index: number, size: number, operator: string): number {
  const resolved = index < 0 ? index + size : index;
  if (!(resolved >= 0 && resolved < size)) {
    throw new RangeError(`Cannot apply ${operator}: expected indices in [${-size}, ${size - 1}], got ${index}`);
  }
  return resolved;
}

const zeros = ({ dtype, shape }: Tensor, operator: string): Tensor =>
  expand(constant(0, { dtype }), concreteShape(shape, `Cannot differentiate ${operator}`));

/** Adds each row of the gradient to the row of the table that it was read from. */
function gatherGradient({ inputs: [table, indices], attributes, gradients: [g] }: GradientContext) {
  const label = "Cannot differentiate Gather";
  const axis = normalizeAxis(Number(attributes.axis), table.shape.length, "Gather");
  const count = elementCount(concreteShape(indices.shape, label));
  const rows = concreteShape(table.shape, label).map((dim, i) => (i === axis ? count : dim));
  const line = rows.map((_, i) => (i === axis ? count : 1));
  const where = expand(reshape(indices, line), rows);
  return [scatterElements(zeros(table, "Gather"), where, { updates: reshape(g!, rows), axis }), null];
}

const gatherOperator: Operator = {
  type: "Gather",
  attributes: { axis: "int" },
  infer([table, indices], attributes) {
    expectIndices("Gather", indices);
    const axis = normalizeAxis(Number(attributes.axis), table.shape.length, "Gather");
    const shape = [...table.shape.slice(0, axis), ...indices.shape, ...table.shape.slice(axis + 1)];
    return [{ dtype: table.dtype, shape }];
  },
  gradient: gatherGradient,
  evaluate([table, indices], attributes, [output]) {
    const axis = normalizeAxis(Number(attributes.axis), table.shape.length, "Gather");
    const size = table.shape[axis];
    const inner = elementCount(table.shape.slice(axis + 1));
    const data = new Float64Array(elementCount(output.shape));
    let offset = 0;
    for (let outer = 0; outer < elementCount(table.shape.slice(0, axis)); outer++) {
      for (const index of indices.data) {
        const start = (outer * size + resolveIndex(index, size, "Gather")) * inner;
        data.set(table.data.subarray(start, start + inner), offset);
        offset += inner;
      }
    }
    return [{ ...output, data }];
  },
};

/** Offset into an array of `shape` for each of the indices, which pick along `axis` and keep every other position. */
function* elementOffsets(
  indices: { readonly shape: readonly number[]; readonly data: Float64Array },
  { shape, axis, operator }: { shape: Shape; axis: number; operator: string },
): Generator<number> {
  const stride = elementCount(indices.shape.slice(axis + 1));
  const size = Number(shape[axis]);
  for (let i = 0; i < indices.data.length; i++) {
    const outer = Math.floor(i / (stride * indices.shape[axis]));
    yield (outer * size + resolveIndex(indices.data[i], size, operator)) * stride + i % stride;
  }
}

const gatherElementsOperator: Operator = {
  type: "GatherElements",
  attributes: { axis: "int" },
  infer([x, indices], attributes) {
    expectIndices("GatherElements", indices);
    const axis = normalizeAxis(Number(attributes.axis), x.shape.length, "GatherElements");
    expectAligned("GatherElements", x, { indices, axis });
    return [{ dtype: x.dtype, shape: indices.shape }];
  },
  gradient: ({ inputs: [x, indices], attributes, gradients: [g] }) => [
    scatterElements(zeros(x, "GatherElements"), indices, { updates: g!, axis: Number(attributes.axis) }),
    null,
  ],
  evaluate([x, indices], attributes, [output]) {
    const axis = normalizeAxis(Number(attributes.axis), x.shape.length, "GatherElements");
    const offsets = elementOffsets(indices, { shape: x.shape, axis, operator: "GatherElements" });
    return [{ ...output, data: Float64Array.from(offsets, (offset) => x.data[offset]) }];
  },
};

const scatterElementsOperator: Operator = {
  type: "ScatterElements",
  attributes: { axis: "int", reduction: "string" },
  infer([x, indices, updates], { axis: given, reduction }) {
    expectIndices("ScatterElements", indices);
    const axis = normalizeAxis(Number(given), x.shape.length, "ScatterElements");
    expectAligned("ScatterElements", x, { indices, axis });
    if (reduction !== "add") {
      throw new TypeError(`Cannot apply ScatterElements: expected reduction "add", got "${reduction}"`);
    }
    if (updates.dtype !== x.dtype || formatShape(updates.shape) !== formatShape(indices.shape)) {
      throw new TypeError(
        `Cannot apply ScatterElements: expected updates ${x.dtype} ${
          formatShape(indices.shape)
        }, got ${updates.dtype} ${formatShape(updates.shape)}`,
      );
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient: ({ inputs: [, indices], attributes, gradients: [g] }) => [
    g,
    null,
    gatherElements(g!, indices, Number(attributes.axis)),
  ],
  evaluate([x, indices, updates], attributes, [output]) {
    const axis = normalizeAxis(Number(attributes.axis), x.shape.length, "ScatterElements");
    const data = x.data.slice();
    let i = 0;
    for (const offset of elementOffsets(indices, { shape: x.shape, axis, operator: "ScatterElements" })) {
      data[offset] += updates.data[i++];
    }
    return [{ ...output, data }];
  },
};

defineOperators(gatherOperator, gatherElementsOperator, scatterElementsOperator);
