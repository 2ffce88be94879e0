// Which configurations were tried, and drawing others: no sampler suggests one twice.

import { canonicalJson } from "../../process/mod.ts";
import type { Random } from "../../statistics/mod.ts";
import { type AnyPoint, buildPoint, type Parameter, valueCount } from "../parameters.ts";
import { gridOf } from "../space.ts";
import { fromUnit } from "./coordinates.ts";

/** Draws that may be repeats before what is left is counted, where it can be. */
const DRAWS = 40;
/** Draws before a space is taken as exhausted whose configurations cannot be listed. */
const MOST_DRAWS = 2_000;
const MOST_LISTED = 100_000;

/** The configurations of a space that were not tried. */
export class Untried {
  readonly #parameters: readonly Parameter[];
  readonly #tried = new Set<string>();

  constructor(parameters: readonly Parameter[], tried: Iterable<AnyPoint> = []) {
    this.#parameters = parameters;
    for (const point of tried) this.add(point);
  }

  /** Whether it was not tried before; from now on it was. */
  add(point: AnyPoint): boolean {
    const size = this.#tried.size;
    return this.#tried.add(canonicalJson(point)).size > size;
  }

  /** The first of the points that `propose` gives which is new; one of those that are left when it gives none; null when none is. */
  next(propose: () => AnyPoint, stream: Random): AnyPoint | null {
    for (let draw = 0; draw < MOST_DRAWS; draw++) {
      const point = propose();
      if (this.add(point)) return point;
      if (draw !== DRAWS) continue;
      const left = this.#left();
      if (left === null) continue;
      if (left.length === 0) return null;
      const chosen = left[stream.integer(left.length)];
      this.add(chosen);
      return chosen;
    }
    return null;
  }

  /** A configuration drawn with equal probabilities along each parameter's line; null when all were tried. */
  random(stream: Random): AnyPoint | null {
    return this.next(() => randomConfiguration(this.#parameters, stream), stream);
  }

  /** Null: too many to list. */
  #left(): AnyPoint[] | null {
    const most = this.#parameters.reduce((product, { domain }) => product * valueCount(domain), 1);
    if (most > MOST_LISTED) return null;
    const listed = this.#parameters.map((parameter) => (
      { ...parameter, domain: { ...parameter.domain, stepGiven: true } } as Parameter
    ));
    return gridOf("Cannot list a space", listed).filter((point) => !this.#tried.has(canonicalJson(point)));
  }
}

/** One draw for each parameter, whether it is there or not, so that its value does not depend on the others'. */
function randomConfiguration(parameters: readonly Parameter[], stream: Random): AnyPoint {
  const units = new Map(parameters.map(({ name }) => [name, stream.next()]));
  return buildPoint(parameters, ({ name, domain }) => fromUnit(domain, units.get(name)!));
}
