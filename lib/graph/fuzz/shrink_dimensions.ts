// Shrinking the dimensions of a failing case: leaves are cut to their first elements, and the graph is built again on them.

import { leaves } from "../graph.ts";
import { apply } from "../operator.ts";
import { rebuild } from "../rewrite.ts";
import { constant, type Operation, type Tensor } from "../tensor.ts";
import { type ArrayValue, elementCount, type Shape } from "../types.ts";
import { numbersIn, toArrayValue } from "./case.ts";
import { attempt, type Candidate, withOutputs } from "./shrink.ts";

/** New size of an axis of a leaf, given its present size; the same size keeps it. */
type Resize = (leaf: Tensor, axis: number, size: number) => number;

/** Every size made smaller wherever it occurs, then axis by axis; then names replaced by numbers. */
export function* smallerDimensions(candidate: Candidate): Generator<Candidate> {
  const { graph, feeds } = candidate;
  const found = leaves(Object.values(graph.outputs)).filter((leaf) => !isIndexConstant(leaf));
  const shapeOf = (leaf: Tensor) => concreteShapeOf(leaf, feeds);
  const sizes = [...new Set(found.flatMap(shapeOf))].filter((size) => size > 1).sort((a, b) => b - a);
  for (const from of sizes) {
    for (const to of smallerSizes(from)) {
      yield* resized(candidate, (_leaf, _axis, size) => (size === from ? to : size), [from, to]);
    }
  }
  for (const leaf of found) {
    for (const [axis, size] of shapeOf(leaf).entries()) {
      for (const to of smallerSizes(size)) {
        yield* resized(candidate, (other, at, present) => (other === leaf && at === axis ? to : present), null);
      }
    }
  }
  const named = found.some(({ shape }) => shape.some((dim) => typeof dim === "string"));
  if (named) yield* resized(candidate, (_leaf, _axis, size) => size, null);
}

function smallerSizes(size: number): number[] {
  return [...new Set([1, 2, Math.ceil(size / 2), size - 1])].filter((smaller) => smaller >= 1 && smaller < size);
}

/** Axes, sizes and bounds: constants that say how, not what to compute with. */
function isIndexConstant({ source, dtype }: Tensor): boolean {
  return source.kind === "constant" && dtype === "int64";
}

function concreteShapeOf(leaf: Tensor, feeds: Candidate["feeds"]): readonly number[] {
  return leaf.source.kind === "constant" ? leaf.shape as number[] : feeds[nameOf(leaf)].shape;
}

function nameOf({ source }: Tensor): string {
  return (source as { name: string }).name;
}

/** The first elements along every axis. */
function cropped(data: ArrayLike<number>, shape: readonly number[], target: readonly number[]): number[] {
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  return Array.from({ length: elementCount(target) }, (_, index) => {
    let [rest, offset] = [index, 0];
    for (let axis = target.length - 1; axis >= 0; axis--) {
      offset += (rest % target[axis]) * strides[axis];
      rest = Math.floor(rest / target[axis]);
    }
    return data[offset];
  });
}

function* resized(
  candidate: Candidate,
  resize: Resize,
  everywhere: readonly [number, number] | null,
): Generator<Candidate> {
  const { graph, feeds } = candidate;
  const changed: Record<string, ArrayValue> = {};
  const leaf = (tensor: Tensor): Tensor | null => {
    if (isIndexConstant(tensor)) return null;
    const shape = concreteShapeOf(tensor, feeds);
    const target = shape.map((size, axis) => resize(tensor, axis, size));
    if (tensor.source.kind === "constant") {
      return constant(cropped(tensor.source.data, shape, target), { dtype: tensor.dtype, shape: target });
    }
    const fed = feeds[nameOf(tensor)];
    changed[nameOf(tensor)] = toArrayValue(fed.dtype, target, cropped(numbersIn(fed), shape, target));
    // Names stay while whole sizes shrink; axis by axis they become numbers.
    return { ...tensor, shape: everywhere ? withNames(tensor.shape, target) : target };
  };
  const operation = ({ type, attributes }: Operation, inputs: readonly Tensor[]) =>
    everywhere && (type === "Reshape" || type === "Expand")
      ? attempt(() => reapply(type, { inputs, attributes, everywhere }))
      : null;
  const names = Object.keys(graph.outputs);
  const results = attempt(() => rebuild(Object.values(graph.outputs), { leaf, operation }));
  if (results) {
    yield withOutputs(
      { graph, feeds: { ...feeds, ...changed } },
      Object.fromEntries(names.map((name, i) => [name, results[i]])),
    );
  }
}

function withNames(shape: Shape, target: readonly number[]): Shape {
  return shape.map((dim, axis) => (typeof dim === "string" ? dim : target[axis]));
}

/** Reshape or Expand with the changed size in its constant too. */
function reapply(
  type: string,
  { inputs: [x, sizes], attributes, everywhere: [from, to] }: Pick<Operation, "attributes"> & {
    inputs: readonly Tensor[];
    everywhere: readonly [number, number];
  },
): readonly Tensor[] {
  if (sizes.source.kind !== "constant") throw new TypeError("sizes are no constant");
  const changed = sizes.source.data.map((size) => (size === from ? to : size));
  return apply(type, [x, constant(changed, { dtype: "int64", shape: sizes.shape as number[] })], attributes);
}
