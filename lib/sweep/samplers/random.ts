// Random search (Bergstra and Bengio 2012, "Random Search for Hyper-Parameter Optimization").

import { random } from "../../statistics/mod.ts";
import type { AnyPoint } from "../parameters.ts";
import type { Sampler } from "../sampler.ts";
import { configurationParameters } from "../space.ts";
import { checkInteger, checkNames, MOST_CONFIGURATIONS } from "./settings.ts";
import { Untried } from "./untried.ts";

/** Settings of samplers that know how many configurations they give. */
export interface CountedSampling {
  /** Configurations, from 1 to 100,000; fewer when the space has fewer. */
  count: number;
  /** Default: 1. */
  seed?: number;
}

/**
 * Configurations drawn independently, each different. More of them keep those that fewer had.
 *
 * @throws {RangeError} when the count or the seed is no integer in range
 *
 * @example
 * ```ts
 * import { float, randomSearch } from "lib/sweep/mod.ts";
 * const space = { learningRate: float(1e-4, 1e-2, { log: true }) };
 * const [first] = randomSearch({ count: 5 }).points!(space);
 * const [same] = randomSearch({ count: 9 }).points!(space);
 * if (first.learningRate !== same.learningRate) throw new Error("a longer search begins alike");
 * ```
 */
export function randomSearch({ count, seed = 1, ...rest }: CountedSampling): Sampler {
  checkNames("a random search", { ...rest }, ["count", "seed"]);
  checkInteger("a random search", "count", count, { least: 1, most: MOST_CONFIGURATIONS });
  checkInteger("a random search", "seed", seed, { least: 0 });
  return {
    name: "random",
    settings: { count, seed },
    points: (space) => {
      const untried = new Untried(configurationParameters(space));
      const points: AnyPoint[] = [];
      while (points.length < count) {
        const point = untried.random(random(seed, "random search", points.length));
        if (point === null) break;
        points.push(point);
      }
      return points;
    },
  };
}
