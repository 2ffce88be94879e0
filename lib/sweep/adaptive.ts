// Adaptive samplers at run time: each suggestion is traced into trials, one for each seed, and stored with its position, so that a
// run that goes on later, or is made again from the same observations, suggests the same.

import { canonicalJson } from "../process/mod.ts";
import { canonicalText } from "./canonical_text.ts";
import type { Configurations } from "./configurations.ts";
import type { Objective } from "./objective.ts";
import type { Sampler } from "./sampler.ts";
import type { AnyPoint, Space } from "./space.ts";
import type { StudyStore } from "./store.ts";
import { saveSuggestion, suggestions } from "./store_definitions.ts";
import type { Trial } from "./trial.ts";

/** What an adaptive study traces while it runs. */
export interface AdaptiveSource {
  sampler: Sampler;
  /** Without the axis of seeds. */
  space: Space;
  /** The trials of a configuration, in the order of their seeds. */
  trace: (point: AnyPoint) => Trial[];
}

/** The stored trials of an adaptive study are not those that its present code gives. */
export class ChangedTrialsError extends Error {
  override name = "ChangedTrialsError";
}

/** Asks the sampler of one run. */
export class Suggester {
  readonly #source: AdaptiveSource;
  readonly #store: StudyStore;
  readonly #definition: number;
  readonly #objectives: readonly Objective[];
  readonly #configurations: Configurations;
  /** In the order in which they were suggested. */
  readonly #points: AnyPoint[] = [];
  #complete = false;

  constructor(
    source: AdaptiveSource,
    { store, definition, objectives, configurations }: {
      store: StudyStore;
      definition: number;
      objectives: readonly Objective[];
      configurations: Configurations;
    },
  ) {
    this.#source = source;
    this.#store = store;
    this.#definition = definition;
    this.#objectives = objectives;
    this.#configurations = configurations;
  }

  /** Whether the sampler has said that there are no more. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Notes what was suggested before, by earlier runs. */
  restore(points: readonly AnyPoint[]): void {
    this.#points.push(...points);
  }

  /**
   * The next configuration's trials, stored; none when the sampler repeated itself, null when there are no more.
   *
   * @throws {TypeError} when the sampler suggests something that is no point of the space
   */
  suggest(label: string): Trial[] | null {
    if (this.#complete) return null;
    const { sampler, space, trace } = this.#source;
    const observations = this.#points.map((point) => this.#configurations.observation(point));
    const given = { observations, objectives: this.#objectives, index: this.#points.length };
    const suggested = sampler.suggest!(space, given);
    if (suggested === null) {
      this.#complete = true;
      return null;
    }
    const point = checkedPoint(
      `${label}: suggestion ${this.#points.length + 1} of sampler ${sampler.name}`,
      suggested,
      space,
    );
    const repeated = this.#configurations.has(point);
    const trials = trace(point);
    if (!repeated) this.#store.saveTrials(trials, this.#definition);
    saveSuggestion(this.#store, this.#definition, { position: this.#points.length, point, trial: trials[0].key });
    this.#points.push(point);
    return repeated ? [] : trials;
  }
}

/**
 * What earlier runs suggested under a definition, traced again.
 *
 * @throws {ChangedTrialsError} when the trials are others than those stored
 */
export function restoredTrials(
  source: AdaptiveSource,
  store: StudyStore,
  definition: number,
): { points: AnyPoint[]; trials: Trial[] } {
  const points: AnyPoint[] = [];
  const trials = new Map<string, Trial>();
  for (const { point, trial } of suggestions(store, definition)) {
    points.push(point);
    if (trials.has(trial)) continue; // suggested twice
    const traced = source.trace(point);
    if (traced[0].key !== trial) {
      throw new ChangedTrialsError(`its trial ${JSON.stringify(point)} is defined otherwise now`);
    }
    for (const one of traced) trials.set(one.key, one);
  }
  return { points, trials: [...trials.values()] };
}

function checkedPoint(label: string, point: unknown, space: Space): AnyPoint {
  if (point === null || typeof point !== "object" || Array.isArray(point)) {
    throw new TypeError(`${label}: expected parameters by name, got ${JSON.stringify(point)}`);
  }
  const unknown = Object.keys(point).find((name) => !(name in space));
  if (unknown) throw new TypeError(`${label}: expected parameters of the space, got "${unknown}"`);
  canonicalText(point, { label, path: "point" });
  return JSON.parse(canonicalJson(point));
}
