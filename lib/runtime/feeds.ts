// What is given to a run is checked against what the graph declares.

import {
  type ArrayValue,
  type DeclaredTensor,
  elementCount,
  fixDims,
  formatShape,
  type Graph,
  sizesOfNames,
  type Tensor,
} from "../graph/mod.ts";

/** Inputs and parameters by name: everything that a run can be given. */
export function leavesOf(graph: Graph): Record<string, Tensor> {
  const parameters = Object.fromEntries(graph.parameters.map((tensor) => [tensor.source.name, tensor]));
  return { ...graph.inputs, ...parameters };
}

/** Those of the leaves that a session is given at each run: all that it does not store. */
export function fedNames(leaves: Readonly<Record<string, Tensor>>, stored: readonly string[]): string[] {
  return Object.keys(leaves).filter((name) => !stored.includes(name));
}

/** Checks a value against the type that the graph declares. */
export function checkValue(name: string, tensor: Tensor, value: ArrayValue | undefined): asserts value is ArrayValue {
  const expected = `${tensor.dtype} ${formatShape(tensor.shape)}`;
  if (!value) throw new TypeError(`Cannot run: expected ${name} ${expected}, got none`);
  const fits = value.dtype === tensor.dtype && value.shape.length === tensor.shape.length &&
    tensor.shape.every((dim, axis) => typeof dim === "string" || dim === value.shape[axis]) &&
    elementCount(value.shape) === value.data.length;
  if (!fits) {
    const got = `${value.dtype} ${formatShape(value.shape)} with ${value.data.length} values`;
    throw new TypeError(`Cannot run: expected ${name} ${expected}, got ${got}`);
  }
}

/** Checks that there is a value of the declared type for each input, one size for each name, and nothing else. */
export function checkFeeds(
  feeds: Readonly<Record<string, ArrayValue>>,
  leaves: Readonly<Record<string, Tensor>>,
  inputNames: readonly string[],
): void {
  checkNames(feeds, inputNames);
  const sizes = new Map<string, number>();
  let sums = false;
  for (const name of inputNames) {
    const { shape } = leaves[name];
    checkValue(name, leaves[name], feeds[name]);
    shape.forEach((dim, axis) => {
      if (typeof dim === "number") return;
      if (dim.includes("+")) sums = true;
      const size = feeds[name].shape[axis];
      const known = sizes.get(dim) ?? size;
      if (known !== size) {
        throw new TypeError(`Cannot run: expected ${dim} ${known} in ${name} ${formatShape(shape)}, got ${size}`);
      }
      sizes.set(dim, size);
    });
  }
  if (sums) checkSums(feeds, leaves, inputNames);
}

/** Sizes such as `past+1` have to agree with those of their names. */
function checkSums(
  feeds: Readonly<Record<string, ArrayValue>>,
  leaves: Readonly<Record<string, Tensor>>,
  inputNames: readonly string[],
): void {
  const sizes = sizesOfNames(inputNames.map((name) => [leaves[name].shape, feeds[name].shape]));
  for (const name of inputNames) {
    const { shape } = leaves[name];
    fixDims(shape, sizes).forEach((expected, axis) => {
      const size = feeds[name].shape[axis];
      if (expected === size) return;
      throw new TypeError(
        `Cannot run: expected ${shape[axis]} ${expected} in ${name} ${formatShape(shape)}, got ${size}`,
      );
    });
  }
}

/**
 * Checks values against what a model file declares. Sizes of free dimensions are left to ONNX Runtime: names that files give them need
 * not agree.
 */
export function checkDeclaredFeeds(
  feeds: Readonly<Record<string, ArrayValue>>,
  inputs: readonly DeclaredTensor[],
): void {
  checkNames(feeds, inputs.map(({ name }) => name));
  for (const input of inputs) checkDeclared(input, feeds[input.name]);
}

/** Checks a value against an input or output of a model file; one without a declared shape, as exporters leave them, takes any. */
export function checkDeclared({ name, dtype, shape }: DeclaredTensor, value: ArrayValue | undefined): void {
  const expected = `${dtype} [${shape.map((size) => size ?? "?").join(", ")}]`;
  if (!value) throw new TypeError(`Cannot run: expected ${name} ${expected}, got none`);
  const fits = value.dtype === dtype && elementCount(value.shape) === value.data.length &&
    (shape.length === 0 || shape.length === value.shape.length) &&
    shape.every((size, axis) => typeof size !== "number" || size === value.shape[axis]);
  if (fits) return;
  const got = `${value.dtype} ${formatShape(value.shape)} with ${value.data.length} values`;
  throw new TypeError(`Cannot run: expected ${name} ${expected}, got ${got}`);
}

function checkNames(feeds: Readonly<Record<string, ArrayValue>>, inputNames: readonly string[]): void {
  const unknown = Object.keys(feeds).find((name) => !inputNames.includes(name));
  if (unknown) throw new TypeError(`Cannot run: "${unknown}" is no input; inputs are ${inputNames.join(", ")}`);
}
