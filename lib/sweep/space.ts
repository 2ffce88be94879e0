// Search spaces: which parameters a study varies, and over which values. Today every axis is a list, and the points are their
// grid; seeds are marked, because they repeat a configuration instead of being one.

import type { JsonValue } from "../process/mod.ts";
import { canonicalText } from "./canonical_text.ts";

/** Seeds as an axis: replicas of each configuration. Made by `seeds`. */
export interface Replicas {
  readonly kind: "replicas";
  readonly values: readonly number[];
}

/** What one parameter is varied over: a list of different JSON values, or replicas. */
export type Axis = readonly JsonValue[] | Replicas;

/** Parameters by name. */
export type Space = Readonly<Record<string, Axis>>;

/** The type of a parameter that takes the values of a list: numbers and booleans widened, texts kept literal. */
type Widened<T> = T extends number ? number : T extends boolean ? boolean : T;

/** One point of a space: a value for each parameter. */
export type Point<S extends Space> = {
  -readonly [Name in keyof S]: S[Name] extends Replicas ? number
    : S[Name] extends readonly (infer Value)[] ? Widened<Value>
    : never;
};

/** A point whose parameters are not known to the type checker. */
export type AnyPoint = Readonly<Record<string, JsonValue>>;

const MOST_POINTS = 100_000;

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

/** The name of the axis that is marked as replicas, or null. */
export function replicaAxis(space: Space): string | null {
  return Object.keys(space).find((name) => isReplicas(space[name])) ?? null;
}

/**
 * All points of the space in grid order: the first parameter changes slowest, the last one fastest.
 *
 * @param label how messages begin: `Cannot define study "x"`
 * @param reserved names that a parameter cannot have
 * @throws {TypeError} when the space or an axis is no list, or holds something that is not JSON
 * @throws {RangeError} when the space or an axis is empty, a value stands twice, or there are more than 100,000 points
 */
export function gridPoints(label: string, space: Space, reserved: readonly string[]): AnyPoint[] {
  const axes = checkedAxes(label, space, reserved);
  const count = axes.reduce((product, { texts }) => product * texts.length, 1);
  if (count > MOST_POINTS) {
    throw new RangeError(`${label}: expected at most ${MOST_POINTS} points in the space, got ${count}`);
  }
  return Array.from({ length: count }, (_, index) => {
    const entries: [string, JsonValue][] = [];
    for (let rest = index, i = axes.length - 1; i >= 0; i--) {
      const { name, texts } = axes[i];
      // Parsed anew for each point, so that a trial which changes a value it was given changes no other trial.
      entries.unshift([name, JSON.parse(texts[rest % texts.length])]);
      rest = Math.floor(rest / texts.length);
    }
    return Object.fromEntries(entries);
  });
}

/** The names of parameters and their values as canonical JSON. */
function checkedAxes(label: string, space: Space, reserved: readonly string[]): { name: string; texts: string[] }[] {
  if (space === null || typeof space !== "object" || Array.isArray(space)) {
    throw new TypeError(`${label}: expected space to be an object of lists, got ${kindOf(space)}`);
  }
  const names = Object.keys(space);
  if (names.length === 0) throw new RangeError(`${label}: expected at least one parameter in the space, got none`);
  const replicas = names.filter((name) => isReplicas(space[name]));
  if (replicas.length > 1) {
    throw new RangeError(`${label}: expected one axis of seeds at most, got ${replicas.join(" and ")}`);
  }
  for (const name of names) checkName(label, name, reserved);
  return names.map((name) => ({ name, texts: axisTexts(label, `space.${name}`, space[name]) }));
}

function checkName(label: string, name: string, reserved: readonly string[]): void {
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) {
    throw new RangeError(`${label}: expected parameter names of letters, digits and _, got "${name}"`);
  }
  if (reserved.includes(name)) {
    throw new RangeError(`${label}: expected another name for the parameter "${name}", which rows use themselves`);
  }
}

function axisTexts(label: string, path: string, axis: Axis): string[] {
  const values: unknown = isReplicas(axis) ? axis.values : axis;
  if (!Array.isArray(values)) throw new TypeError(`${label}: expected ${path} to be a list, got ${kindOf(values)}`);
  if (values.length === 0) throw new RangeError(`${label}: expected at least one value in ${path}, got an empty list`);
  const texts = Array.from(values, (value, i) => canonicalText(value, { label, path: `${path}[${i}]` }));
  const twice = texts.findIndex((text, i) => texts.indexOf(text) < i);
  if (twice >= 0) {
    throw new RangeError(`${label}: expected different values in ${path}, got ${texts[twice]} twice`);
  }
  return texts;
}

function isReplicas(axis: unknown): axis is Replicas {
  return axis !== null && typeof axis === "object" && (axis as { kind?: unknown }).kind === "replicas";
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value;
}
