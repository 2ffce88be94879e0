// Axes: what one parameter of a space is varied over. All are plain JSON, so that they can be stored with a study and drawn.

import type { JsonValue } from "../process/mod.ts";

/** Seeds as an axis: replicas of each configuration. Made by `seeds`. */
export interface Replicas {
  readonly kind: "replicas";
  readonly values: readonly number[];
}

/** One of several values without order. Made by `choice`; a list means the same. */
export interface Choice<Value extends JsonValue = JsonValue> {
  readonly kind: "choice";
  readonly values: readonly Value[];
}

/** A range of numbers, both ends included. */
interface NumericRange {
  readonly low: number;
  readonly high: number;
  /** Whether samplers spread values evenly over the logarithm. */
  readonly log: boolean;
  /** Values are `low`, `low + step`, ... up to `high`; null: all integers, or all numbers. */
  readonly step: number | null;
}

/** A range of integers. Made by `int`. */
export interface IntegerAxis extends NumericRange {
  readonly kind: "int";
}

/** A range of numbers. Made by `float`. */
export interface FloatAxis extends NumericRange {
  readonly kind: "float";
}

/** An axis that a parameter has whatever the others are. */
export type PlainAxis = readonly JsonValue[] | Choice | IntegerAxis | FloatAxis;

/** An axis that is there only where earlier parameters have given values. Made by `when`. */
export interface Conditional<A extends PlainAxis = PlainAxis> {
  readonly kind: "when";
  /** All must hold: the parameter has one of the values. */
  readonly conditions: Readonly<Record<string, readonly JsonValue[]>>;
  readonly axis: A;
}

/** What one parameter is varied over. */
export type Axis = PlainAxis | Conditional | Replicas;

/** Options of a range. */
export interface RangeOptions {
  /** Spreads values evenly over the logarithm; needs `low` above 0. Default: false. */
  log?: boolean;
  /** Distance of neighbouring values, above 0. Grids need it. */
  step?: number;
}

/**
 * One of several different JSON values, without order.
 *
 * @throws {TypeError | RangeError} when it is no list, or an empty one
 *
 * @example
 * ```ts
 * import { choice } from "lib/sweep/mod.ts";
 * if (choice(["relu", "gelu"]).values[1] !== "gelu") throw new Error("values are kept in order");
 * ```
 */
export function choice<const Values extends readonly JsonValue[]>(values: Values): Choice<Values[number]> {
  if (!Array.isArray(values)) throw new TypeError(`Cannot make a choice: expected a list, got ${kindOf(values)}`);
  if (values.length === 0) throw new RangeError("Cannot make a choice: expected at least one value, got an empty list");
  return { kind: "choice", values };
}

/**
 * The integers from `low` to `high`, both included.
 *
 * @throws {TypeError | RangeError} when a bound or the step is no integer, low > high, or `log` goes with low <= 0
 *
 * @example
 * ```ts
 * import { int } from "lib/sweep/mod.ts";
 * const studentDim = int(256, 8192, { log: true, step: 64 }); // 256, 320, ..., 8192
 * if (studentDim.low !== 256) throw new Error("bounds are kept");
 * ```
 */
export function int(low: number, high: number, { log = false, step, ...rest }: RangeOptions = {}): IntegerAxis {
  return checkedRange({ kind: "int", low, high, log, step: step ?? null }, rest);
}

/**
 * The numbers from `low` to `high`, both included. Samplers round them to about seven digits.
 *
 * @throws {TypeError | RangeError} when a bound is not finite, low > high, or `log` goes with low <= 0
 *
 * @example
 * ```ts
 * import { float } from "lib/sweep/mod.ts";
 * const learningRate = float(1e-4, 1e-2, { log: true });
 * if (!learningRate.log) throw new Error("a learning rate is searched by its logarithm");
 * ```
 */
export function float(low: number, high: number, { log = false, step, ...rest }: RangeOptions = {}): FloatAxis {
  return checkedRange({ kind: "float", low, high, log, step: step ?? null }, rest);
}

/**
 * An axis that is there only where all named parameters, which stand earlier in the space, have the given value (or one of a list
 * of values; a value that is itself a list is given as a list of one). Elsewhere the key is absent from the point.
 *
 * @throws {TypeError | RangeError} when there is no condition, one has no values, or the axis is conditional itself or seeds
 *
 * @example
 * ```ts
 * import { choice, float, when } from "lib/sweep/mod.ts";
 * const space = { optimizer: choice(["adam", "sgd"]), momentum: when({ optimizer: "sgd" }, float(0, 0.99)) };
 * if (space.momentum.conditions.optimizer[0] !== "sgd") throw new Error("conditions are lists of values");
 * ```
 */
export function when<const A extends PlainAxis>(
  conditions: Readonly<Record<string, JsonValue>>,
  axis: A,
): Conditional<A> {
  const names = Object.keys(conditions ?? {});
  if (names.length === 0) {
    throw new RangeError("Cannot make a conditional axis: expected at least one condition, got none");
  }
  const kind = (axis as { kind?: unknown } | null)?.kind;
  if (kind === "when" || kind === "replicas") {
    const advice = kind === "when" ? "put all conditions into one" : "every configuration has the same seeds";
    throw new TypeError(
      `Cannot make a conditional axis: expected a list, choice, int or float, got ${kind}; ${advice}`,
    );
  }
  const lists = names.map((name): [string, readonly JsonValue[]] => {
    const value = conditions[name];
    const list = Array.isArray(value) ? value as readonly JsonValue[] : [value];
    if (list.length > 0) return [name, list];
    throw new RangeError(`Cannot make a conditional axis: expected values of ${name}, got an empty list`);
  });
  return { kind: "when", conditions: Object.fromEntries(lists), axis };
}

/**
 * The seeds 1 to `count` as an axis: each configuration is run once with each, and the trial's seed is this value unless the trial
 * gives another.
 *
 * @param count integer from 1 to 1000
 *
 * @example
 * ```ts
 * import { seeds } from "lib/sweep/mod.ts";
 * if (seeds(3).values.join() !== "1,2,3") throw new Error("seeds start at 1");
 * ```
 */
export function seeds(count: number): Replicas {
  if (!Number.isInteger(count) || count < 1 || count > 1000) {
    throw new RangeError(`Cannot make seeds: expected a count from 1 to 1000, got ${count}`);
  }
  return { kind: "replicas", values: Array.from({ length: count }, (_, i) => i + 1) };
}

/** What is wrong with a range, as `expected ..., got ...`; null when nothing is. */
export function rangeProblem({ kind, low, high, log, step }: IntegerAxis | FloatAxis): string | null {
  const fits = kind === "int" ? Number.isSafeInteger : Number.isFinite;
  const numbers = kind === "int" ? "an integer" : "a finite number";
  for (const [name, value] of Object.entries({ low, high, ...(step !== null && { step }) })) {
    if (!fits(value)) return `expected ${name} to be ${numbers}, got ${describe(value)}`;
  }
  if (typeof log !== "boolean") return `expected log to be true or false, got ${describe(log)}`;
  if (low > high) return `expected low <= high, got ${low} and ${high}`;
  if (!Number.isFinite(high - low)) return `expected a span that is finite, got ${low} to ${high}`;
  if (log && low <= 0) return `expected low above 0 on a logarithmic axis, got ${low}`;
  if (step !== null && step <= 0) return `expected step above 0, got ${step}`;
  if (step !== null && (high - low) / step > 1e9) return `expected at most 1e9 steps, got a step of ${step}`;
  return null;
}

function checkedRange<A extends IntegerAxis | FloatAxis>(axis: A, rest: Record<string, unknown>): A {
  const unknown = Object.keys(rest)[0];
  const problem = unknown === undefined ? rangeProblem(axis) : `expected log and step, got option "${unknown}"`;
  if (problem === null) return axis;
  throw new RangeError(`Cannot make ${axis.kind === "int" ? "an int" : "a float"} axis: ${problem}`);
}

function describe(value: unknown): string {
  return typeof value === "number" ? String(value) : kindOf(value);
}

/** `a list`, `null` or what `typeof` gives. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value;
}
