// Quasi-random search: configurations along a scrambled Sobol sequence fill a space more evenly than random ones.

import { MOST_SOBOL_DIMENSIONS, random, sobolSequence } from "../../statistics/mod.ts";
import { type AnyPoint, buildPoint } from "../parameters.ts";
import type { Sampler } from "../sampler.ts";
import { configurationParameters } from "../space.ts";
import { fromUnit } from "./coordinates.ts";
import type { CountedSampling } from "./random.ts";
import { checkInteger, checkNames, MOST_CONFIGURATIONS } from "./settings.ts";
import { Untried } from "./untried.ts";

/**
 * Configurations along a scrambled Sobol sequence, one dimension a parameter; those that come twice in a space of few values are
 * left out. A power of two is the best count. More of them keep those that fewer had.
 *
 * @throws {RangeError} when the count or the seed is no integer in range; from `points`, when the space has more than 64 parameters
 *
 * @example
 * ```ts
 * import { float, int, sobol } from "lib/sweep/mod.ts";
 * const space = { studentDim: int(256, 8192, { log: true }), learningRate: float(1e-4, 1e-2, { log: true }) };
 * const narrow = sobol({ count: 16 }).points!(space).filter(({ studentDim }) => Number(studentDim) < 1448);
 * if (Math.abs(narrow.length - 8) > 1) throw new Error("one half lies below the geometric mean");
 * ```
 */
export function sobol({ count, seed = 1, ...rest }: CountedSampling): Sampler {
  checkNames("a Sobol search", { ...rest }, ["count", "seed"]);
  checkInteger("a Sobol search", "count", count, { least: 1, most: MOST_CONFIGURATIONS });
  checkInteger("a Sobol search", "seed", seed, { least: 0 });
  return {
    name: "sobol",
    settings: { count, seed },
    points: (space) => {
      const parameters = configurationParameters(space);
      if (parameters.length > MOST_SOBOL_DIMENSIONS) {
        throw new RangeError(
          `Cannot sample: expected at most ${MOST_SOBOL_DIMENSIONS} parameters for a Sobol search, got ${parameters.length}`,
        );
      }
      const next = sobolSequence(parameters.length, { seed });
      const dimension = new Map(parameters.map(({ name }, i) => [name, i]));
      const untried = new Untried(parameters);
      const points: AnyPoint[] = [];
      while (points.length < count) {
        const propose = () => {
          const units = next();
          return buildPoint(parameters, ({ name, domain }) => fromUnit(domain, units[dimension.get(name)!]));
        };
        const point = untried.next(propose, random(seed, "sobol search", points.length));
        if (point === null) break;
        points.push(point);
      }
      return points;
    },
  };
}
