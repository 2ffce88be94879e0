// Search spaces: which parameters a study varies, and over which values. Seeds are marked, because they repeat a configuration
// instead of being one.

import type { Axis, Choice, Conditional, FloatAxis, IntegerAxis, Replicas } from "./axes.ts";
import { type AnyPoint, checkedParameters, isPresent, type Parameter, valueAt, valueCount } from "./parameters.ts";

export {
  type Axis,
  type Choice,
  choice,
  type Conditional,
  float,
  type FloatAxis,
  int,
  type IntegerAxis,
  type PlainAxis,
  type RangeOptions,
  type Replicas,
  seeds,
  when,
} from "./axes.ts";
export type { AnyPoint } from "./parameters.ts";

/** Parameters by name. */
export type Space = Readonly<Record<string, Axis>>;

/** The type of a parameter that takes the values of a list: numbers and booleans widened, texts kept literal. */
type Widened<T> = T extends number ? number : T extends boolean ? boolean : T;

type ValueOf<A> = A extends Replicas | IntegerAxis | FloatAxis ? number
  : A extends Choice<infer Value> ? Widened<Value>
  : A extends Conditional<infer Inner> ? ValueOf<Inner>
  : A extends readonly (infer Value)[] ? Widened<Value>
  : never;

type Flat<T> = { [Name in keyof T]: T[Name] };

/** One point of a space: a value for each parameter; those of conditional axes may be absent. */
export type Point<S extends Space> = Flat<
  & { -readonly [Name in keyof S as S[Name] extends Conditional ? never : Name]: ValueOf<S[Name]> }
  & { -readonly [Name in keyof S as S[Name] extends Conditional ? Name : never]?: ValueOf<S[Name]> }
>;

const MOST_POINTS = 100_000;

/** The name of the axis that is marked as replicas, or null. */
export function replicaAxis(space: Space): string | null {
  const isReplicas = (axis: Axis) => (axis as { kind?: unknown } | null)?.kind === "replicas";
  return Object.keys(space).find((name) => isReplicas(space[name])) ?? null;
}

/**
 * Refuses a space that cannot be searched.
 *
 * @param label how messages begin: `Cannot define study "x"`
 * @param reserved names that a parameter cannot have
 * @throws {TypeError | RangeError} naming the axis
 */
export function checkSpace(label: string, space: Space, reserved: readonly string[] = []): void {
  checkedParameters(label, space, reserved);
}

/**
 * All points of the space in grid order: the first parameter changes slowest, the last one fastest. Points that would differ only
 * in a conditional parameter which they do not have are one point.
 *
 * @param label how messages begin: `Cannot define study "x"`
 * @param reserved names that a parameter cannot have
 * @throws {TypeError} when the space or an axis is of no known kind, or holds something that is not JSON
 * @throws {RangeError} when the space or an axis is empty, a value stands twice, a range has no step, there are more than 100,000
 * points, or a condition cannot hold
 */
export function gridPoints(label: string, space: Space, reserved: readonly string[]): AnyPoint[] {
  return gridOf(label, checkedParameters(label, space, reserved));
}

/** The points of checked parameters in grid order. */
export function gridOf(label: string, parameters: readonly Parameter[]): AnyPoint[] {
  let points: AnyPoint[] = [{}];
  for (const [i, parameter] of parameters.entries()) {
    const { name, domain } = parameter;
    if (domain.kind === "numbers" && !domain.stepGiven) {
      throw new RangeError(
        `${label}: expected space.${name} to have a step in a grid, got a range without one; ` +
          "give it a step, or another sampler (randomSearch, sobol or tpe)",
      );
    }
    const present = points.map((point) => isPresent(parameter, point));
    const count = present.reduce((sum, there) => sum + (there ? valueCount(domain) : 1), 0);
    if (count > MOST_POINTS) {
      // Without conditions the later axes multiply it.
      const rest = parameters.slice(i + 1);
      const total = rest.some(({ conditions }) => conditions.size > 0)
        ? count
        : rest.reduce((product, later) => product * valueCount(later.domain), count);
      throw new RangeError(`${label}: expected at most ${MOST_POINTS} points in the space, got ${total}`);
    }
    points = points.flatMap((point, k) => {
      if (!present[k]) return [point];
      return Array.from({ length: valueCount(domain) }, (_, index) => ({ ...point, [name]: valueAt(domain, index) }));
    });
  }
  // Values were shared between the points that grew from one: each gets its own, so that a trial which changes a value it was
  // given changes no other trial.
  return points.map((point) => structuredClone(point));
}

/** The parameters without the seeds: what a configuration consists of. */
export function configurationParameters(space: Space): Parameter[] {
  return checkedParameters("Cannot sample", space, []).filter(({ replicas }) => !replicas);
}
