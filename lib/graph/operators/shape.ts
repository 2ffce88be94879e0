// Operators that move values without computing: Transpose, Reshape, Expand, Concat, Slice, Pad.

import { broadcastShapes, broadcastStrides, forEachBroadcast } from "../broadcast.ts";
import { addDims, dimTerms } from "../dimensions.ts";
import { applyOne, defineOperators, type GradientContext, type Operator } from "../operator.ts";
import { reshape, slice, TO_END, transpose } from "../ops.ts";
import { constant, constantValues, type Tensor } from "../tensor.ts";
import { concreteShape, type Dim, elementCount, formatShape, normalizeAxis, type Shape } from "../types.ts";
import { sumTo } from "./elementwise.ts";

/** Values of an input that must be a constant, such as the axes of a reduction. */
export function requireConstant(tensor: Tensor | undefined, operator: string, what: string): number[] {
  const values = tensor && constantValues(tensor);
  if (!values) throw new TypeError(`Cannot apply ${operator}: expected constant ${what}`);
  return [...values];
}

/**
 * The axes that a constant input names, counted from the front.
 *
 * @throws {RangeError} when one is out of range, or comes twice
 */
export function requireAxes(axes: Tensor | undefined, rank: number, operator: string): number[] {
  const resolved = requireConstant(axes, operator, "axes").map((axis) => normalizeAxis(axis, rank, operator));
  if (new Set(resolved).size === resolved.length) return resolved;
  throw new RangeError(`Cannot apply ${operator}: expected distinct axes, got ${formatShape(resolved)}`);
}

function inferTranspose([x]: readonly Tensor[], { perm }: Record<string, unknown>) {
  const order = perm as readonly number[];
  if ([...order].sort((a, b) => a - b).some((axis, i) => axis !== i) || order.length !== x.shape.length) {
    throw new TypeError(
      `Cannot transpose ${formatShape(x.shape)}: expected an order of its axes, got ${formatShape(order)}`,
    );
  }
  return [{ dtype: x.dtype, shape: order.map((axis) => x.shape[axis]) }];
}

const transposeOperator: Operator = {
  type: "Transpose",
  attributes: { perm: "ints" },
  infer: inferTranspose,
  gradient({ attributes, gradients: [g] }) {
    const order = attributes.perm as readonly number[];
    const inverse = order.map((_, axis) => order.indexOf(axis));
    return [transpose(g!, inverse)];
  },
  evaluate([x], { perm }, [output]) {
    const order = perm as readonly number[];
    const strides = x.shape.map((_, i) => elementCount(x.shape.slice(i + 1)));
    const data = new Float64Array(x.data.length);
    const moved = order.map((axis) => strides[axis]);
    const index = new Array<number>(order.length).fill(0);
    for (let i = 0; i < data.length; i++) {
      data[i] = x.data[index.reduce((sum, value, axis) => sum + value * moved[axis], 0)];
      for (let axis = order.length - 1; axis >= 0 && ++index[axis] === output.shape[axis]; axis--) index[axis] = 0;
    }
    return [{ ...output, data }];
  },
};

/** Shape after a reshape: 0 keeps a dimension, -1 takes what is left (a name when all names move into it). */
function resolveReshape(shape: Shape, sizes: readonly number[]): Dim[] {
  const fail = () => {
    throw new TypeError(
      `Cannot reshape ${formatShape(shape)} to ${formatShape(sizes)}: expected the same number of elements`,
    );
  };
  const resolved: Dim[] = sizes.map((size, axis) => (size === 0 ? shape[axis] ?? fail() : size));
  const names = (dims: readonly Dim[]) => dims.filter((dim) => typeof dim === "string").sort();
  const count = (dims: readonly Dim[]) =>
    dims.reduce<number>((product, dim) => product * (typeof dim === "number" && dim > 0 ? dim : 1), 1);
  const open = resolved.indexOf(-1);
  const missing = names(shape);
  for (const name of names(resolved)) missing.splice(missing.indexOf(name), 1);
  if (open < 0) {
    if (missing.length > 0 || count(resolved) !== count(shape)) fail();
    return resolved;
  }
  const ratio = count(shape) / count(resolved);
  if (missing.length > 1 || !Number.isInteger(ratio) || (missing.length === 1 && ratio !== 1)) fail();
  resolved[open] = missing[0] ?? ratio;
  return resolved;
}

const reshapeOperator: Operator = {
  type: "Reshape",
  infer: ([x, sizes]) => [
    { dtype: x.dtype, shape: resolveReshape(x.shape, requireConstant(sizes, "Reshape", "sizes")) },
  ],
  gradient: ({ inputs: [x], gradients: [g] }) => [reshape(g!, x.shape), null],
  evaluate: ([x], _attributes, [output]) => [{ ...output, data: x.data }],
};

const expandOperator: Operator = {
  type: "Expand",
  infer: ([x, sizes]) => [
    { dtype: x.dtype, shape: broadcastShapes(x.shape, requireConstant(sizes, "Expand", "sizes"), "expand") },
  ],
  gradient: ({ inputs: [x], gradients: [g] }) => [sumTo(g!, x.shape), null],
  evaluate([x], _attributes, [output]) {
    const data = new Float64Array(elementCount(output.shape));
    forEachBroadcast(output.shape, [x.shape], (offset, [from]) => (data[offset] = x.data[from]));
    return [{ ...output, data }];
  },
};

function inferConcat(inputs: readonly Tensor[], { axis }: Record<string, unknown>) {
  const [first] = inputs;
  if (!first) throw new TypeError("Cannot apply Concat: expected at least one tensor, got none");
  const along = normalizeAxis(Number(axis), first.shape.length, "Concat");
  for (const tensor of inputs) {
    const odd = tensor.shape.length !== first.shape.length || tensor.dtype !== first.dtype ||
      tensor.shape.some((dim, i) => i !== along && dim !== first.shape[i]);
    if (odd) {
      throw new TypeError(
        `Cannot concatenate along axis ${along}: expected shapes like ${formatShape(first.shape)}, got ${
          formatShape(tensor.shape)
        }`,
      );
    }
  }
  const size = addDims(inputs.map(({ shape }) => shape[along]));
  return [{ dtype: first.dtype, shape: first.shape.map((dim, i) => (i === along ? size : dim)) }];
}

function concatGradient({ inputs, attributes, gradients: [g] }: GradientContext): Tensor[] {
  const axis = normalizeAxis(Number(attributes.axis), g!.shape.length, "Concat");
  const sizes = concreteShape(inputs.map(({ shape }) => shape[axis]), "Cannot differentiate Concat");
  let start = 0;
  return inputs.map((_, i) => {
    const end = start + sizes[i];
    const part = slice(g!, { axis, start, end });
    start = end;
    return part;
  });
}

const concatOperator: Operator = {
  type: "Concat",
  attributes: { axis: "int" },
  infer: inferConcat,
  gradient: concatGradient,
  evaluate(inputs, attributes, [output]) {
    const axis = normalizeAxis(Number(attributes.axis), output.shape.length, "Concat");
    const outer = elementCount(output.shape.slice(0, axis));
    const data = new Float64Array(elementCount(output.shape));
    let offset = 0;
    for (let row = 0; row < outer; row++) {
      for (const { data: part } of inputs) {
        const length = part.length / outer;
        data.set(part.subarray(row * length, (row + 1) * length), offset);
        offset += length;
      }
    }
    return [{ ...output, data }];
  },
};

/** Start and length of a slice with step 1 along one axis. */
function sliceRange([x, ...rest]: readonly Tensor[]): { axis: number; start: number; length: Dim } {
  const [[start], [given], [axisValue]] = rest.map((tensor) => requireConstant(tensor, "Slice", "bounds"));
  const axis = normalizeAxis(axisValue, x.shape.length, "Slice");
  const size = x.shape[axis];
  const fromEnd = given < 0 ? given : given === TO_END ? 0 : null;
  if (typeof size !== "number") {
    const { names, count } = dimTerms(size);
    const rest = fromEnd === null || start < 0 ? -1 : count - start + fromEnd;
    if (rest < 0) throw new TypeError(`Cannot slice the named dimension "${size}"`);
    return { axis, start, length: addDims([...names, rest]) };
  }
  const end = fromEnd === null ? given : size + fromEnd;
  if (!(start >= 0 && start < end && end <= size)) {
    throw new RangeError(
      `Cannot slice axis ${axis} of ${
        formatShape(x.shape)
      }: expected 0 <= start < end <= ${size}, got [${start}, ${end})`,
    );
  }
  return { axis, start, length: end - start };
}

const sliceOperator: Operator = {
  type: "Slice",
  infer(inputs) {
    const [x] = inputs;
    const { axis, length } = sliceRange(inputs);
    return [{ dtype: x.dtype, shape: x.shape.map((dim, i) => (i === axis ? length : dim)) }];
  },
  gradient({ inputs, gradients: [g] }) {
    const [x] = inputs;
    const { axis, start, length: named } = sliceRange(inputs);
    const [size, length] = concreteShape([x.shape[axis], named], "Cannot differentiate Slice");
    const rank = x.shape.length;
    const pads = new Array<number>(2 * rank).fill(0);
    pads[axis] = start;
    pads[rank + axis] = size - start - length;
    return [applyOne("Pad", [g!, constant(pads, { dtype: "int64" })]), null, null, null];
  },
  evaluate([x, starts, , axes], _attributes, [output]) {
    const axis = normalizeAxis(axes.data[0], x.shape.length, "Slice");
    const inner = elementCount(x.shape.slice(axis + 1));
    const data = new Float64Array(elementCount(output.shape));
    const run = output.shape[axis] * inner;
    for (let row = 0; row * run < data.length; row++) {
      const from = row * x.shape[axis] * inner + starts.data[0] * inner;
      data.set(x.data.subarray(from, from + run), row * run);
    }
    return [{ ...output, data }];
  },
};

const padOperator: Operator = {
  type: "Pad",
  infer([x, pads]) {
    const amounts = requireConstant(pads, "Pad", "pads");
    const rank = x.shape.length;
    const shape = x.shape.map((dim, axis) => {
      const amount = amounts[axis] + amounts[rank + axis];
      if (amount === 0) return dim;
      if (typeof dim !== "number") throw new TypeError(`Cannot pad the named dimension "${dim}"`);
      return dim + amount;
    });
    return [{ dtype: x.dtype, shape }];
  },
  gradient({ inputs: [x, pads], gradients: [g] }) {
    const amounts = requireConstant(pads, "Pad", "pads");
    return [
      x.shape.reduce((part, dim, axis) => {
        if (part.shape[axis] === dim) return part;
        return slice(part, { axis, start: amounts[axis], end: amounts[axis] + Number(dim) });
      }, g!),
      null,
    ];
  },
  evaluate([x, pads], _attributes, [output]) {
    const strides = broadcastStrides(output.shape, output.shape);
    const data = new Float64Array(elementCount(output.shape));
    const base = strides.reduce((sum, stride, axis) => sum + stride * pads.data[axis], 0);
    const index = new Array<number>(x.shape.length).fill(0);
    for (const value of x.data) {
      data[base + index.reduce((sum, position, axis) => sum + position * strides[axis], 0)] = value;
      for (let axis = index.length - 1; axis >= 0 && ++index[axis] === x.shape[axis]; axis--) index[axis] = 0;
    }
    return [{ ...output, data }];
  },
};

defineOperators(transposeOperator, reshapeOperator, expandOperator, concatOperator, sliceOperator, padOperator);
