// Samplers say which points of a space are tried. Most know all their points ahead; an adaptive one chooses the next by what
// is known of those before. All are pure functions of their arguments and their seed.

import type { JsonValue } from "../process/mod.ts";
import type { Objective } from "./objective.ts";
import type { AnyPoint, Space } from "./space.ts";

/** What is known of a configuration: a point without its seed. */
export interface Observation {
  point: AnyPoint;
  /** One for each objective, the mean over the seeds that have finished; null while it runs, or when it failed. */
  values: readonly number[] | null;
  state: "running" | "finished" | "pruned" | "failed";
}

/** What an adaptive sampler is asked with. */
export interface Suggestion {
  /** In the order in which they were suggested. */
  observations: readonly Observation[];
  objectives: readonly Objective[];
  /** How many configurations were suggested before. */
  index: number;
}

/** A way to choose points. */
export interface Sampler {
  readonly name: string;
  /** Its settings, as they are stored with the study. */
  readonly settings: Readonly<Record<string, JsonValue>>;
  /** All configurations, when they are known ahead. */
  points?(space: Space): AnyPoint[];
  /** The next configuration, for adaptive samplers; null when there are no more. */
  suggest?(space: Space, given: Suggestion): AnyPoint | null;
}
