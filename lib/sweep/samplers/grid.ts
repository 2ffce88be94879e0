// The grid: every combination of the values that axes list or step through.

import type { Sampler } from "../sampler.ts";
import { configurationParameters, gridOf } from "../space.ts";

/**
 * All configurations in grid order: the first parameter changes slowest.
 *
 * @throws {RangeError} from `points`, when a range has no step, or there are more than 100,000 configurations
 *
 * @example
 * ```ts
 * import { grid, int, seeds } from "lib/sweep/mod.ts";
 * const points = grid().points!({ studentDim: int(256, 1024, { step: 256 }), activation: ["relu", "gelu"], seed: seeds(3) });
 * if (points.length !== 8) throw new Error("seeds repeat configurations, they are none");
 * ```
 */
export function grid(): Sampler {
  return {
    name: "grid",
    settings: {},
    points: (space) => gridOf("Cannot make a grid", configurationParameters(space)),
  };
}
