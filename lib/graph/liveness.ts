// Which results are in memory at the same time when ONNX Runtime's CPU provider computes a graph.

import { type Operation, type Tensor } from "./tensor.ts";
import { tensorBytes } from "./types.ts";

/** Operators that hand on their input's memory. */
export const ALIASES: ReadonlySet<string> = new Set(["Reshape", "Identity", "Squeeze", "Unsqueeze", "Flatten"]);

/** Operators that ONNX Runtime writes over an input that is read for the last time, if it has the result's size. */
const IN_PLACE = new Set([
  ...["Add", "Sub", "Mul", "Div", "Neg", "Abs", "Exp", "Log", "Sqrt", "Erf", "Tanh", "Sigmoid", "Relu", "Softmax"],
]);

/**
 * The order in which ONNX Runtime computes: depth first from the operations that nothing reads, the last of the file first.
 * The gradients of the last layers are thus computed before those of the first, and free what they read.
 *
 * @param order in the order of the file
 */
export function executionOrder(order: readonly Operation[]): Operation[] {
  const places = new Map(order.map((operation, i) => [operation, i]));
  const read = new Set<Operation>();
  const producers = order.map(({ inputs }) => {
    const sources = inputs.flatMap(({ source }) => (source.kind === "operation" ? [source] : []));
    for (const source of sources) read.add(source);
    return [...new Set(sources)].sort((a, b) => places.get(a)! - places.get(b)!);
  });
  const stack = order.filter((operation) => !read.has(operation)).map((operation) => ({ operation, leave: false }));
  const entered = new Set<Operation>();
  const result: Operation[] = [];
  while (stack.length > 0) {
    const { operation, leave } = stack.pop()!;
    if (leave) result.push(operation);
    if (leave || entered.has(operation)) continue;
    entered.add(operation);
    stack.push({ operation, leave: true });
    for (const producer of producers[places.get(operation)!]) {
      if (!entered.has(producer)) stack.push({ operation: producer, leave: false });
    }
  }
  return result;
}

/** Memory that a kernel takes while it computes, in sizes of its result: Where makes both selections before it joins them. */
const WORKSPACE: Readonly<Record<string, number>> = { Where: 2 };

/** Operators that ONNX Runtime lets read a matrix as it lies or transposed. */
const PRODUCTS: ReadonlySet<string> = new Set(["MatMul", "Gemm"]);

/**
 * Matrices that are transposed for products alone: ONNX Runtime makes that part of each product (FusedMatMul, Gemm), and nothing of two
 * transpositions, so that they have no memory of their own.
 */
function fusedTransposes(order: readonly Operation[], outputs: readonly Tensor[]): Set<Tensor> {
  const needed = new Set(outputs);
  const fused = new Set<Tensor>();
  // Backwards: whatever reads a tensor has been seen before what computes it.
  for (const { type, inputs, attributes, outputs: [result] } of order.toReversed()) {
    const isSwap = type === "Transpose" && result.dtype === "float32" &&
      swapsMatrix(attributes.perm as readonly number[]);
    if (isSwap && !needed.has(result)) fused.add(result);
    else for (const input of PRODUCTS.has(type) ? inputs.slice(2) : inputs) needed.add(input);
  }
  return fused;
}

/** Whether the last two dimensions change places and no others do. */
function swapsMatrix(perm: readonly number[]): boolean {
  const rank = perm.length;
  return rank >= 2 && perm.every((from, to) => from === (to < rank - 2 ? to : 2 * rank - 3 - to));
}

/** One piece of memory and the tensors that live in it. */
interface Buffer {
  bytes: number;
  /** Reads still to come. */
  reads: number;
}

/** The most bytes that results hold at one time; memory of `outputs` is the caller's and not counted. */
export function peakLiveBytes(order: readonly Operation[], outputs: readonly Tensor[]): number {
  const reads = new Map<Tensor, number>();
  for (const { inputs } of order) for (const input of inputs) reads.set(input, (reads.get(input) ?? 0) + 1);
  const owned = new Set(outputs);
  const fused = fusedTransposes(order, outputs);
  const buffers = new Map<Tensor, Buffer>();
  let live = 0;
  let peak = 0;
  for (const { type, inputs, outputs: results } of order) {
    for (const result of results) {
      if (owned.has(result)) continue;
      const reused = fused.has(result)
        ? buffers.get(inputs[0]) ?? { bytes: 0, reads: 0 }
        : reusedBuffer(type, { inputs, result, buffers });
      const bytes = reused ? 0 : tensorBytes(result);
      const buffer = reused ?? { bytes, reads: 0 };
      // A result that nothing reads is freed at once.
      buffer.reads += reads.get(result) ?? 0;
      buffers.set(result, buffer);
      live += bytes;
    }
    peak = Math.max(peak, live + (WORKSPACE[type] ?? 0) * tensorBytes(results[0]));
    for (const result of results) {
      const buffer = buffers.get(result);
      if (buffer && buffer.reads === 0) live -= buffer.bytes;
    }
    for (const input of inputs) {
      const buffer = buffers.get(input);
      if (buffer && --buffer.reads === 0) live -= buffer.bytes;
    }
  }
  return peak;
}

function reusedBuffer(
  type: string,
  { inputs, result, buffers }: { inputs: readonly Tensor[]; result: Tensor; buffers: ReadonlyMap<Tensor, Buffer> },
): Buffer | null {
  if (ALIASES.has(type)) return buffers.get(inputs[0]) ?? null;
  if (!IN_PLACE.has(type)) return null;
  for (const input of inputs) {
    const buffer = buffers.get(input);
    const last = buffer && buffer.reads === inputs.filter((other) => buffers.get(other) === buffer).length;
    if (last && tensorBytes(input) === tensorBytes(result)) return buffer;
  }
  return null;
}
