// Drawing tensors: a pool of those that a random graph has so far, new leaves, and partners of fitting shape. Everything in the
// pool has its values already, so that a rule can look at them before it applies an operator.

import type { Random } from "../../statistics/mod.ts";
import { abs, add } from "../ops.ts";
import { constant, input, parameter, type Tensor } from "../tensor.ts";
import { type ArrayValue, type Dim, type DType, elementCount, isFloating, type Shape } from "../types.ts";
import { Analysis } from "./analysis.ts";
import { toArrayValue } from "./case.ts";
import type { Bounded } from "./bounds.ts";

/** Which values a new leaf gets; floats are drawn as float32. */
export interface LeafOptions {
  dtype?: DType;
  low?: number;
  high?: number;
  /** Values from a small grid, so that exact ties occur. */
  grid?: boolean;
}

/** Options of a draw. */
export interface DrawOptions {
  sizes: Readonly<Record<string, number>>;
  /** Only operators with a gradient between floats. */
  differentiable: boolean;
  /** Dtypes that occur beside float32. */
  dtypes: ReadonlySet<DType>;
}

const MAX_ELEMENTS = 240;
const SIZES = [1, 1, 2, 2, 3, 3, 4, 5, 7, 8];
const LONG_SIZES = [16, 31, 64];

/** The state of a random graph that is growing. */
export class Draw {
  readonly pool: Tensor[] = [];
  readonly analysis: Analysis;
  readonly feeds: Record<string, ArrayValue> = {};
  readonly #random: Random;
  #leaves = 0;

  constructor(random: Random, readonly options: DrawOptions) {
    this.#random = random;
    this.analysis = new Analysis(options.sizes);
  }

  chance(probability: number): boolean {
    return this.#random.next() < probability;
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + this.#random.integer(high - low + 1);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.#random.integer(items.length)];
  }

  /** The items in random order. */
  shuffled<T>(items: readonly T[]): T[] {
    return [...this.#random.permutation(items.length)].map((i) => items[i]);
  }

  /** A dimension: mostly small, sometimes 1, a name or long. */
  dim(): Dim {
    const names = Object.keys(this.options.sizes);
    if (names.length > 0 && this.chance(0.25)) return this.pick(names);
    return this.chance(0.05) ? this.pick(LONG_SIZES) : this.pick(SIZES);
  }

  /** A shape of some rank; at most some hundred elements. */
  shape({ minRank = 0, maxRank = 4 }: { minRank?: number; maxRank?: number } = {}): Dim[] {
    const shape = Array.from({ length: this.integer(minRank, maxRank) }, () => this.dim());
    for (let axis = 0; this.elements(shape) > MAX_ELEMENTS; axis++) shape[axis] = axis % 2 ? 1 : 2;
    return shape;
  }

  elements(shape: Shape): number {
    return elementCount(this.analysis.shapeOf(shape));
  }

  /** Whether a shape is small enough to compute with. */
  fits(shape: Shape): boolean {
    return this.elements(shape) <= 2 * MAX_ELEMENTS;
  }

  valueOf(tensor: Tensor): Bounded {
    return this.analysis.valueOf(tensor);
  }

  /** Whether this graph may hold tensors of a dtype. */
  allows(dtype: DType): boolean {
    return dtype === "float32" || this.options.dtypes.has(dtype);
  }

  /** A new input, parameter or constant of a shape. */
  leaf(shape: Shape, { dtype = "float32", low = -2, high = 2, grid = false }: LeafOptions = {}): Tensor {
    const concrete = this.analysis.shapeOf(shape);
    const draw = () => this.#value(dtype, { low, high, grid });
    const data = Float64Array.from({ length: elementCount(concrete) }, draw);
    const named = shape.some((dim) => typeof dim === "string");
    const kind = named ? "input" : this.pick(["input", "input", "input", "parameter", "constant"]);
    if (kind === "constant") return constant(data, { dtype, shape: concrete });
    const name = `${kind === "parameter" ? "w" : "x"}${this.#leaves++}`;
    const leaf = kind === "parameter" && isFloating(dtype)
      ? parameter(name, concrete, { dtype, initializer: { kind: "constant", value: 0 } })
      : input(name, dtype, shape);
    this.analysis.feed(leaf, data);
    this.feeds[name] = toArrayValue(dtype, concrete, data);
    return leaf;
  }

  #value(dtype: DType, { low, high, grid }: { low: number; high: number; grid: boolean }): number {
    if (dtype === "bool") return this.integer(0, 1);
    if (!isFloating(dtype)) {
      return this.integer(Math.ceil(dtype === "uint8" ? Math.max(low, 0) : low), Math.floor(high));
    }
    return grid ? this.integer(-2, 2) / 2 : Math.fround(this.#random.uniform(low, high));
  }

  /** A tensor of the pool that fits, recent ones more often; else, or now and then, a new leaf. */
  any(
    { dtype = "float32", minRank = 0, maxRank = 4, accept = () => true }: {
      dtype?: DType;
      minRank?: number;
      maxRank?: number;
      accept?: (tensor: Tensor) => boolean;
    } = {},
  ): Tensor {
    const candidates = this.pool.filter((tensor) =>
      tensor.dtype === dtype && tensor.shape.length >= minRank && tensor.shape.length <= maxRank && accept(tensor)
    );
    if (candidates.length > 0 && !this.chance(0.1)) return this.#recent(candidates);
    for (let attempt = 0; attempt < 20; attempt++) {
      const leaf = this.leaf(
        this.shape({ minRank, maxRank }),
        dtype === "int64" ? { dtype, low: -5, high: 5 } : { dtype },
      );
      if (accept(leaf)) return leaf;
    }
    return this.leaf(Array.from({ length: minRank }, () => 2), { dtype });
  }

  #recent(candidates: readonly Tensor[]): Tensor {
    return candidates[Math.max(this.integer(0, candidates.length - 1), this.integer(0, candidates.length - 1))];
  }

  /** A tensor of exactly this shape, from the pool if there is one. */
  like(shape: Shape, options: LeafOptions = {}): Tensor {
    const { dtype = "float32" } = options;
    const same = this.pool.filter((tensor) => tensor.dtype === dtype && tensor.shape.join() === shape.join());
    return same.length > 0 && this.chance(0.7) ? this.#recent(same) : this.leaf(shape, options);
  }

  /** A shape that broadcasts with `shape`: some dimensions 1, leading ones left out, or more of them in front. */
  broadcastable(shape: Shape): Dim[] {
    const dims: Dim[] = shape.map((dim) => (this.chance(0.25) ? 1 : dim === 1 && this.chance(0.5) ? this.dim() : dim));
    if (this.chance(0.3)) return dims.slice(this.integer(0, dims.length));
    const longer = [this.dim(), ...dims];
    return this.chance(0.15) && longer.length <= 4 && this.fits(longer) ? longer : dims;
  }

  /** Two tensors of one dtype that broadcast, in random order. */
  pair(dtype: DType = "float32", options: LeafOptions = {}): [Tensor, Tensor] {
    const first = this.any({ dtype });
    const partners = this.pool.filter((tensor) => tensor.dtype === dtype && broadcasts(tensor.shape, first.shape));
    const useful = partners.length > 0 && this.chance(0.5);
    const ints = dtype === "int64" || dtype === "int32" ? { low: -5, high: 5 } : {};
    const shape = this.#limited(first.shape, this.broadcastable(first.shape));
    const second = useful ? this.#recent(partners) : this.leaf(shape, { dtype, ...ints, ...options });
    return this.chance(0.5) ? [first, second] : [second, first];
  }

  /** `second`, or `first` where both together would get too large. */
  #limited(first: Shape, second: Shape): Shape {
    const rank = Math.max(first.length, second.length);
    const padded = (shape: Shape) => [...new Array<Dim>(rank - shape.length).fill(1), ...shape];
    const [a, b] = [padded(first), padded(second)];
    return this.fits(a.map((dim, axis) => (dim === 1 ? b[axis] : dim))) ? second : first;
  }

  /** A tensor whose values are all above 0.2: `x` itself when it is, else `|x| + c`. */
  positive(x: Tensor): Tensor {
    return this.valueOf(x).data.every((value) => value > 0.2) ? x : add(abs(x), this.pick([0.25, 0.5, 1]));
  }

  /** A tensor of `x`'s dtype and shape without values near 0, positive ones or also negative ones. */
  awayFromZero(x: Tensor): Tensor {
    if (this.valueOf(x).data.every((value) => Math.abs(value) > 0.2)) return x;
    if (x.source.kind === "operation") return this.positive(x);
    return this.leaf(x.shape, this.chance(0.5) ? { low: 0.3, high: 2 } : { low: -2, high: -0.3 });
  }
}

/** Whether two shapes broadcast by name and number. */
export function broadcasts(left: Shape, right: Shape): boolean {
  for (let i = 1; i <= Math.min(left.length, right.length); i++) {
    const [a, b] = [left.at(-i), right.at(-i)];
    if (a !== b && a !== 1 && b !== 1) return false;
  }
  return true;
}
