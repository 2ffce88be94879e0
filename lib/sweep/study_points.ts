// Tracing a study's trials: of samplers that know their points at once, of adaptive ones for each suggestion.

import { canonicalJson } from "../process/mod.ts";
import { checkMeasured, type Objective } from "./objective.ts";
import { ROW_FIELDS } from "./rows.ts";
import type { Sampler } from "./sampler.ts";
import { type AnyPoint, checkSpace, gridPoints, replicaAxis, type Replicas, type Space } from "./space.ts";
import { relabelled, tracedTrial, type Trial, type TrialSpec } from "./trial.ts";
import { TrialPrograms } from "./trial_programs.ts";

/** A study's space and function, checked as far as possible without calling it. */
export interface TracingStudy {
  /** How messages begin. */
  label: string;
  space: Space;
  trial: (parameters: AnyPoint) => TrialSpec;
  where?: (parameters: AnyPoint) => boolean;
  objectives: readonly Objective[];
  sampler: Sampler | null;
}

/** Traces one point after another; trials that differ in seed or settings only share a program. */
export class Tracer {
  readonly #study: TracingStudy;
  readonly #seedName: string | null;
  readonly #programs = new TrialPrograms();
  readonly #byKey = new Map<string, Trial>();

  constructor(study: TracingStudy) {
    this.#study = study;
    this.#seedName = replicaAxis(study.space);
  }

  /** @throws {TypeError | RangeError} with the point, also when another point has given the same trial */
  trace(parameters: AnyPoint): Trial {
    const { label, trial, objectives } = this.#study;
    const pointLabel = `${label}, trial ${JSON.stringify(parameters)}`;
    const seed = this.#seedName === null ? 1 : parameters[this.#seedName] as number;
    let traced: Trial;
    try {
      const options = { label: pointLabel, parameters, seed, programs: this.#programs };
      traced = tracedTrial(trial(structuredClone(parameters)), options);
      checkMeasured(pointLabel, objectives, traced.definition);
    } catch (error) {
      throw relabelled(pointLabel, error);
    }
    return this.#refuseTwin(traced);
  }

  /** The trials of a configuration, in the order of their seeds. */
  traceSeeds(point: AnyPoint): Trial[] {
    return withSeeds(this.#study.space, point).map((parameters) => this.trace(parameters));
  }

  /** Two points with one definition: one of the parameters does nothing, which is a mistake. */
  #refuseTwin(trial: Trial): Trial {
    const twin = this.#byKey.get(trial.key);
    if (twin === undefined || canonicalJson(twin.parameters) === canonicalJson(trial.parameters)) {
      this.#byKey.set(trial.key, trial);
      return trial;
    }
    const points = [twin, trial].map(({ parameters }) => JSON.stringify(parameters)).join(" and ");
    throw new RangeError(
      `${this.#study.label}: expected different trials, but ${points} give the same one; use all parameters`,
    );
  }
}

/** The space without its axis of seeds. */
export function spaceWithoutSeeds(space: Space): Space {
  const seedName = replicaAxis(space);
  return Object.fromEntries(Object.entries(space).filter(([name]) => name !== seedName));
}

/**
 * All points, where the sampler knows them ahead.
 *
 * @throws {RangeError} when there are none
 */
export function studyPoints({ label, space, where, sampler }: TracingStudy): AnyPoint[] {
  checkSpace(label, space, ROW_FIELDS);
  const all = sampler?.points === undefined
    ? gridPoints(label, space, ROW_FIELDS)
    : sampler.points(spaceWithoutSeeds(space)).flatMap((point) => withSeeds(space, point));
  const points = all.filter((point) => {
    const kept: unknown = where === undefined || where(structuredClone(point));
    if (typeof kept !== "boolean") {
      throw new TypeError(`${label}: expected where to give a boolean, got ${typeof kept}`);
    }
    return kept;
  });
  if (points.length > 0) return points;
  throw new RangeError(
    all.length === 0
      ? `${label}: expected at least one point, but sampler ${sampler?.name} gives none`
      : `${label}: expected at least one point, but where leaves out all`,
  );
}

/** A configuration with each of the space's seeds, in the order of the space's parameters. */
function withSeeds(space: Space, point: AnyPoint): AnyPoint[] {
  const seedName = replicaAxis(space);
  if (seedName === null) return [point];
  const { values } = space[seedName] as Replicas;
  const names = Object.keys(space).filter((name) => name === seedName || Object.hasOwn(point, name));
  return values.map((seed) =>
    structuredClone(Object.fromEntries(names.map((name) => [name, name === seedName ? seed : point[name]])))
  );
}
