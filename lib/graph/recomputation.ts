// Gradient checkpointing (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost"): what a segment of the forward
// pass computes is forgotten, and computed again from what enters the segment when the backward pass reaches it.

import { barrier } from "./barrier.ts";
import { topologicalOrder } from "./graph.ts";
import { apply } from "./operator.ts";
import { withOriginOf } from "./origin.ts";
import { type Operation, type Tensor } from "./tensor.ts";
import { concreteShape, tensorBytes } from "./types.ts";

/** What the gradient rule of an operation is to read in the place of its own inputs and outputs. */
export interface Recomputation {
  /**
   * Called before the backward pass goes through an operation.
   *
   * @param adjoints that are known by now and not yet used up; some are replaced where a segment begins
   */
  enter(operation: Operation, adjoints: Map<Tensor, Tensor>): void;
  tensorsOf(operation: Operation): Pick<Operation, "inputs" | "outputs">;
}

/** Gradient rules read the forward pass itself. */
export const NO_RECOMPUTATION: Recomputation = { enter: () => {}, tensorsOf: (operation) => operation };

/**
 * Divides the forward pass into segments of about equal size, cut where least has to be kept.
 *
 * @param segments integer of at least 1; the last one is kept, since the backward pass begins with it
 * @throws {RangeError} when `segments` is no such integer, or a dimension is still a name
 */
export function recomputation(loss: Tensor, segments: number): Recomputation {
  if (!Number.isInteger(segments) || segments < 1) {
    throw new RangeError(`Cannot recompute: expected an integer of at least 1 for segments, got ${segments}`);
  }
  const order = topologicalOrder([loss]);
  for (const { outputs } of order) for (const { shape } of outputs) concreteShape(shape, "Cannot recompute");
  return segments === 1 ? NO_RECOMPUTATION : new SegmentRecomputation(order, segmentNumbers(order, segments));
}

class SegmentRecomputation implements Recomputation {
  readonly #segmentOf: ReadonlyMap<Operation, number>;
  readonly #last: number;
  /** Computed from parameters and constants alone: never worth a second time. */
  readonly #fixed = new Set<Tensor>();
  readonly #kept = new Set<Tensor>();
  /** The first segment that reads a tensor, which is the last one that adds to its adjoint. */
  readonly #firstReader = new Map<Tensor, number>();
  readonly #again = new Map<Tensor, Tensor>();
  readonly #barriers = new Map<number, (tensor: Tensor) => Tensor>();

  constructor(order: readonly Operation[], numbers: readonly number[]) {
    this.#segmentOf = new Map(order.map((operation, i) => [operation, numbers[i]]));
    this.#last = numbers.at(-1) ?? 0;
    for (const operation of order) {
      const segment = this.#segmentOf.get(operation)!;
      for (const tensor of operation.inputs) {
        if (this.#segment(tensor) !== segment) this.#kept.add(tensor);
        if (!this.#firstReader.has(tensor)) this.#firstReader.set(tensor, segment);
      }
      if (!operation.inputs.every((tensor) => this.#isFixed(tensor))) continue;
      for (const tensor of operation.outputs) {
        this.#fixed.add(tensor);
        this.#kept.add(tensor);
      }
    }
  }

  /**
   * A segment begins once the adjoints that pass into it are there, and the sums that it or an earlier one adds to, such as those over
   * weights that all steps of a recurrent network share. Otherwise ONNX Runtime, which goes depth first, follows the adjoints through all
   * segments and leaves such sums for later: until then it holds what they are of.
   */
  enter(operation: Operation, adjoints: Map<Tensor, Tensor>): void {
    const segment = this.#segmentOf.get(operation)!;
    if (segment === this.#last || this.#barriers.has(segment)) return;
    const known = [...adjoints];
    const sums = known.filter(([tensor]) => this.#isFixed(tensor) && this.#firstReader.get(tensor)! <= segment);
    const passing = known.filter(([tensor]) => !this.#isFixed(tensor));
    // ONNX Runtime computes what was written last first: the sums in the order in which they can be.
    const wait = barrier([...passing, ...sums.reverse()].map(([, adjoint]) => adjoint));
    for (const [tensor, adjoint] of passing) adjoints.set(tensor, wait(adjoint));
    this.#barriers.set(segment, wait);
  }

  tensorsOf(operation: Operation): Pick<Operation, "inputs" | "outputs"> {
    const segment = this.#segmentOf.get(operation)!;
    if (segment === this.#last) return operation;
    const read = (tensor: Tensor) => this.#isForgotten(tensor) ? this.#recomputed(tensor, segment) : tensor;
    return { inputs: operation.inputs.map(read), outputs: operation.outputs.map(read) };
  }

  /** The segment that computes a tensor; null for leaves. */
  #segment({ source }: Tensor): number | null {
    return source.kind === "operation" ? this.#segmentOf.get(source) ?? null : null;
  }

  #isForgotten(tensor: Tensor): boolean {
    const segment = this.#segment(tensor);
    return segment !== null && segment !== this.#last && !this.#kept.has(tensor);
  }

  #isFixed(tensor: Tensor): boolean {
    const { kind } = tensor.source;
    return kind === "operation" ? this.#fixed.has(tensor) : kind !== "input";
  }

  #recomputed(wanted: Tensor, segment: number): Tensor {
    // Iterative, since a segment of a deep model may be deeper than the stack.
    const stack = [wanted];
    while (stack.length > 0) {
      const tensor = stack[stack.length - 1];
      if (this.#again.has(tensor)) {
        stack.pop();
        continue;
      }
      const { type, inputs, attributes, outputs } = tensor.source as Operation;
      const missing = inputs.filter((input) => this.#isForgotten(input) && !this.#again.has(input));
      if (missing.length > 0) {
        stack.push(...missing);
        continue;
      }
      const read = inputs.map((input) => this.#again.get(input) ?? this.#entering(input, segment));
      const results = withOriginOf(tensor.source as Operation, () => apply(type, read, attributes));
      outputs.forEach((output, i) => this.#again.set(output, results[i]));
    }
    return this.#again.get(wanted)!;
  }

  /** A kept tensor as a segment's second computation reads it. */
  #entering(tensor: Tensor, segment: number): Tensor {
    return this.#isFixed(tensor) ? tensor : this.#barriers.get(segment)!(tensor);
  }
}

/** The segment of each operation, in order. */
function segmentNumbers(order: readonly Operation[], segments: number): number[] {
  const bytes = order.map(({ outputs }) => outputs.reduce((sum, output) => sum + tensorBytes(output), 0));
  const crossing = crossingBytes(order);
  const total = bytes.reduce((sum, value) => sum + value, 0);
  const before: number[] = []; // bytes up to and with each operation
  bytes.reduce((sum, value, i) => (before[i] = sum + value), 0);
  const cuts: number[] = [];
  for (let k = 1; k < segments; k++) {
    const target = (k / segments) * total;
    const near = order.map((_, i) => i).filter((i) =>
      i > (cuts.at(-1) ?? -1) && i < order.length - 1 && Math.abs(before[i] - target) <= total / segments / 2
    );
    if (near.length === 0) continue;
    const distance = (i: number) => Math.abs(before[i] - target);
    cuts.push(
      near.reduce((best, i) =>
        crossing[i] < crossing[best] || (crossing[i] === crossing[best] && distance(i) < distance(best)) ? i : best
      ),
    );
  }
  let number = 0;
  return order.map((_, i) => (cuts.includes(i) ? number++ : number));
}

/** Bytes that are computed up to an operation and read after it. */
function crossingBytes(order: readonly Operation[]): number[] {
  const lastRead = new Map<Tensor, number>();
  order.forEach(({ inputs }, i) => inputs.forEach((tensor) => lastRead.set(tensor, i)));
  const change = new Array<number>(order.length + 1).fill(0);
  order.forEach(({ outputs }, i) => {
    for (const output of outputs) {
      const last = lastRead.get(output);
      if (last === undefined) continue;
      change[i] += tensorBytes(output);
      change[last] -= tensorBytes(output);
    }
  });
  let live = 0;
  return order.map((_, i) => (live += change[i]));
}
