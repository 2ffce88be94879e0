// Configurations: points without their seed. What samplers and pruners are told of them is gathered here from their trials, one
// for each seed.

import { canonicalJson } from "../process/mod.ts";
import type { AnyPoint } from "./space.ts";
import type { Observation } from "./sampler.ts";
import type { TrialState } from "./store_types.ts";
import type { Trial } from "./trial.ts";

/** A trial of a configuration. */
interface Member {
  trial: Trial;
  state: TrialState;
  /** One for each objective; null before its first epoch. */
  values: readonly (number | null)[] | null;
  /** Of the first objective, after epoch i + 1 at index i. */
  curve: number[];
}

/** A point without its seed, with a trial for each seed. */
export interface Configuration {
  readonly key: string;
  readonly point: AnyPoint;
  /** In the order of their seeds. */
  readonly members: readonly Member[];
}

interface MutableConfiguration extends Configuration {
  members: Member[];
  /** The mean of the members' curves. */
  mean: number[];
}

/** A point without its seed. */
function withoutSeed(point: AnyPoint, seedName: string | null): AnyPoint {
  if (seedName === null) return point;
  const { [seedName]: _, ...rest } = point;
  return rest;
}

/** The configurations of a run. */
export class Configurations {
  readonly #seedName: string | null;
  readonly #byKey = new Map<string, MutableConfiguration>();
  readonly #byTrial = new Map<string, MutableConfiguration>();

  constructor(seedName: string | null) {
    this.#seedName = seedName;
  }

  /** Counts a trial in; those of a configuration in the order of their seeds. */
  add(trial: Trial, state: TrialState): Configuration {
    const point = withoutSeed(trial.parameters, this.#seedName);
    const key = canonicalJson(point);
    const configuration = this.#byKey.get(key) ?? { key, point, members: [], mean: [] };
    configuration.members.push({ trial, state, values: null, curve: [] });
    this.#byKey.set(key, configuration);
    this.#byTrial.set(trial.key, configuration);
    return configuration;
  }

  has(point: AnyPoint): boolean {
    return this.#byKey.has(canonicalJson(point));
  }

  of(trial: Trial): Configuration {
    return this.#byTrial.get(trial.key)!;
  }

  /** Notes where a trial stands; its values stay unless they are given. */
  note(key: string, state: TrialState, values?: readonly (number | null)[]): void {
    const member = this.#member(key);
    member.state = state;
    if (values !== undefined) member.values = values;
  }

  /** Notes a value of the first objective; gives the mean over the seeds that have reached the epoch. */
  addEpoch(key: string, epoch: number, value: number): number {
    const configuration = this.#byTrial.get(key)!;
    const { curve } = this.#member(key);
    while (curve.length < epoch - 1) curve.push(value); // an epoch of an earlier run that was not stored
    curve.length = epoch - 1;
    curve.push(value);
    const reached = configuration.members.flatMap((member) =>
      member.curve.length >= epoch ? [member.curve[epoch - 1]] : []
    );
    configuration.mean[epoch - 1] = mean(reached);
    configuration.mean.length = Math.max(...configuration.members.map((member) => member.curve.length));
    return configuration.mean[epoch - 1];
  }

  /** The mean curves of all configurations but a trial's own. */
  otherCurves(key: string): (readonly number[])[] {
    const own = this.#byTrial.get(key)!;
    const curves: (readonly number[])[] = [];
    for (const configuration of this.#byKey.values()) {
      if (configuration !== own && configuration.mean.length > 0) curves.push(configuration.mean);
    }
    return curves;
  }

  /** What an adaptive sampler is told of a configuration. */
  observation(point: AnyPoint): Observation {
    const { members } = this.#byKey.get(canonicalJson(point))!;
    const states = members.map(({ state }) => state);
    if (states.some((state) => ["waiting", "running", "interrupted"].includes(state))) {
      return { point, state: "running", values: null };
    }
    for (const state of ["finished", "pruned"] as const) {
      const known = members.filter((member) => member.state === state && complete(member.values));
      if (!states.includes(state)) continue;
      const values = known.length === 0 ? null : known[0].values!.map((_, i) => mean(known.map((m) => m.values![i]!)));
      return { point, state, values };
    }
    return { point, state: "failed", values: null };
  }

  #member(key: string): Member {
    return this.#byTrial.get(key)!.members.find(({ trial }) => trial.key === key)!;
  }
}

function complete(values: readonly (number | null)[] | null): boolean {
  return values !== null && !values.includes(null);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
