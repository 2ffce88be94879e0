// Dropout whose mask is a function of seed, layer, step and position, computed inside the graph.
//
// No provider's random operators agree with another's, so the mask is hashed with operators that all of them have. Every value
// is a whole number below 2^24, or such a number times 2^-12: float32 holds it exactly, so the CPU, WebGPU, tfjs and the
// float64 interpreter drop the same elements, and a recomputed or resumed step sees the mask it saw before.

import {
  add,
  constant,
  cumSum,
  describe,
  elementCount,
  equal,
  floor,
  greaterOrEqual,
  mul,
  reduceMax,
  reshape,
  slice,
  sub,
  type Tensor,
  where,
} from "../graph/mod.ts";
import { random } from "../statistics/mod.ts";
import type { ForwardOptions, Scope } from "./model.ts";

/** Values of a 12-bit fraction. */
const LEVELS = 4096;
/** Column keys have one bit less, so that a product of the two with its carry stays below 2^24. */
const COLUMN_LEVELS = 2048;

const fraction = (x: Tensor): Tensor => sub(x, floor(x));

/** Two 12-bit fractions that name a row of a mask. */
interface Keys {
  left: Tensor;
  right: Tensor;
}

/** A Feistel network: each round adds the upper half of a product to the other fraction. */
function mix(keys: Keys, multipliers: readonly number[]): Keys {
  return multipliers.reduce(({ left, right }, multiplier) => {
    const carry = floor(mul(right, multiplier));
    return { left: right, right: fraction(add(left, mul(carry, 1 / LEVELS))) };
  }, keys);
}

/** A whole number below 2^24 as two fractions. */
function limbs(count: Tensor): Keys {
  const scaled = mul(count, 1 / LEVELS);
  const upper = floor(scaled);
  return { left: sub(scaled, upper), right: fraction(mul(upper, 1 / LEVELS)) };
}

const STEP_MULTIPLIERS = [3367, 2897, 3923, 2521];
const ROW_MULTIPLIERS = [2683, 3709, 3041, 2269];

/** 0, 1, 2, ... along an axis; a named size is counted at run time, and other named sizes stay. */
function positionsAlong(x: Tensor, axis: number): Tensor {
  const size = x.shape[axis];
  const line = x.shape.map((_, i) => (i === axis ? size : 1));
  if (typeof size === "number") {
    return constant(Array.from({ length: size }, (_, i) => i), { shape: line as number[] });
  }
  const column = x.shape.reduce<Tensor>(
    (part, other, i) => (typeof other === "string" ? part : slice(part, { axis: i, start: 0, end: 1 })),
    x,
  );
  const ones = where(equal(column, column), constant(1), constant(1)); // one even where the value is NaN
  return cumSum(ones, { axis, exclusive: true });
}

/** The number of each row, `[..., 1]`: all dimensions of `x` but the last in one count. */
function rowNumbers(x: Tensor): Tensor {
  const inner = x.shape.slice(1, -1);
  if (inner.every((size) => typeof size === "number")) {
    const innerCount = elementCount(inner);
    const within = constant(Array.from({ length: innerCount }, (_, i) => i), { shape: [1, ...inner, 1] });
    return add(mul(positionsAlong(x, 0), innerCount), within);
  }
  return inner.reduce<Tensor>((number, size, i) => {
    const along = positionsAlong(x, i + 1);
    return add(mul(number, typeof size === "number" ? size : add(reduceMax(along), 1)), along);
  }, positionsAlong(x, 0));
}

/** Keys of each row at a step: all dimensions of `x` but the last. */
function rowKeys(x: Tensor, step: Tensor): Keys {
  const rows = limbs(rowNumbers(x));
  const steps = mix(limbs(step), STEP_MULTIPLIERS);
  return mix({
    left: fraction(add(rows.left, steps.left)),
    right: fraction(add(rows.right, steps.right)),
  }, ROW_MULTIPLIERS);
}

/** Keys of the columns: they alone carry seed and layer, so layers of one height share the rows' keys. */
function columnKeys(width: number, { seed, path }: { seed: number; path: string }): Record<"a" | "b" | "c", Tensor> {
  const generator = random(seed, "dropout", path);
  const draw = (levels: number, finish: (value: number) => number) =>
    constant(Array.from({ length: width }, () => finish(Math.floor(generator.uniform(0, levels)))));
  return {
    a: draw(COLUMN_LEVELS / 2, (value) => 2 * value + 1),
    b: draw(COLUMN_LEVELS, (value) => value),
    c: draw(LEVELS, (value) => value / LEVELS),
  };
}

/** Uniform 12-bit fractions in the shape of `x`. */
function uniformFractions(x: Tensor, options: { seed: number; path: string; step: Tensor }): Tensor {
  const { left, right } = rowKeys(x, options.step);
  const { a, b, c } = columnKeys(x.shape.at(-1) as number, options);
  const product = add(mul(left, a), right);
  const carry = floor(product);
  return fraction(add(mul(sub(product, carry), add(carry, b)), c));
}

/**
 * Sets elements to 0 with probability `rate` while training and scales the others by 1 / (1 - rate); otherwise gives `x`
 * itself (Srivastava et al. 2014). The rate is taken as the nearest multiple of 1/4096.
 *
 * @param scope its path tells layers apart: give each dropout a child of its own
 * @param x `[..., width]`, the last dimension fixed; fewer than 2^24 rows, which all other dimensions count together
 * @param options rate in [0, 1); seed, an integer of at least 0; training and step as the model's function gets them
 * @throws {RangeError} when the rate or seed is out of range
 * @throws {TypeError} while training without a step number, or when the last dimension has a name
 *
 * @example
 * ```ts
 * import { dropout, linear, model, tensor } from "lib/nn/mod.ts";
 * const noisy = model("noisy", { inputs: { x: tensor("float32", ["batch", 8]) } }, (scope, { x }, options) => ({
 *   y: linear(scope.child("head"), dropout(scope.child("drop"), x, { rate: 0.1, seed: 1, ...options }), 2),
 * }));
 * if ("trainingStep" in noisy.trace().inputs) throw new Error("without training there is no dropout");
 * ```
 */
export function dropout(
  scope: Pick<Scope, "path">,
  x: Tensor,
  { rate, seed, training, step }: { rate: number; seed: number } & ForwardOptions,
): Tensor {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`Cannot drop out: expected a rate in [0, 1), got ${rate}`);
  if (!Number.isInteger(seed) || seed < 0) {
    throw new RangeError(`Cannot drop out: expected an integer seed of at least 0, got ${seed}`);
  }
  const dropped = Math.min(Math.round(rate * LEVELS), LEVELS - 1) / LEVELS;
  if (!training || dropped === 0) return x;
  if (!step) throw new TypeError(`Cannot drop out ${scope.path}: expected the step number while training, got none`);
  if (x.shape.length === 0 || typeof x.shape.at(-1) === "string") {
    throw new TypeError(`Cannot drop out ${describe(x)}: expected its last dimension to be fixed`);
  }
  const rows = x.shape.length === 1 ? reshape(x, [x.shape[0], 1]) : x;
  const uniform = uniformFractions(rows, { seed, path: scope.path, step });
  const factors = where(greaterOrEqual(uniform, dropped), constant(1 / (1 - dropped)), constant(0));
  return reshape(mul(rows, factors), x.shape);
}
