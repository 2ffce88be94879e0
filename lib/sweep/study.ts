// Studies: a search space and what to train at each of its points.

import { join } from "node:path";
import type { MachineFacts } from "../record/mod.ts";
import { type AdaptiveSource, ChangedTrialsError, restoredTrials } from "./adaptive.ts";
import { checkStudyName, projectEnvironment, projectRelative, type StudyEnvironment } from "./environment.ts";
import { checkObjectives, COST_METRICS, type Objective } from "./objective.ts";
import type { Pruner } from "./pruner.ts";
import type { KeepWeights } from "./retention.ts";
import { ROW_FIELDS, StudyFailedError, type StudyRows, studyRows } from "./rows.ts";
import { type RunnableStudy, runStudy } from "./run.ts";
import { checkRunOptions, type StudyRunOptions } from "./run_options.ts";
import type { Sampler } from "./sampler.ts";
import { type AnyPoint, checkSpace, type Point, replicaAxis, type Space } from "./space.ts";
import { StudyStore } from "./store.ts";
import { definitionHash, definitionNumber } from "./store_definitions.ts";
import type { StudyDefinition } from "./store_types.ts";
import { rowsOf } from "./stored_rows.ts";
import { spaceWithoutSeeds, studyPoints, Tracer, type TracingStudy } from "./study_points.ts";
import type { Trial, TrialSpec } from "./trial.ts";

/** What a study consists of. */
export interface StudyOptions<S extends Space, Metric extends string> {
  /** Lower-case letters, digits and hyphens; the folder under `checkpoints/`. */
  name: string;
  /** Axes by parameter: lists of values, `choice`, `int`, `float`, `when`, and `seeds(n)` for replicas. */
  space: S;
  /**
   * What to train at a point. Called once for each point, here, or while the study runs when an adaptive sampler suggests it; must
   * give the same for the same point.
   */
  trial: (parameters: Point<S>) => TrialSpec<Metric>;
  /** Leaves out the points for which it is false; for samplers that know their points ahead. */
  where?: (parameters: Point<S>) => boolean;
  /** Which points are tried. Default: the grid over the lists. Seeds are replicas: each configuration is tried with all. */
  sampler?: Sampler;
  /**
   * What is made small or large; the first one decides about pruning and the best trials. Default: the lowest validation loss.
   */
  objectives?: readonly {
    metric: NoInfer<Metric> | "loss" | "parameterCount" | "trainSeconds";
    direction: Objective["direction"];
  }[];
  /**
   * Ends trials early that would not win. All configurations are then tried with their first seed first, and one that was pruned
   * is tried with no other.
   */
  pruner?: Pruner;
  /**
   * Whose weights stay: of "all" finished trials, or of the 3 "best" by the first objective and those that are pinned. Default:
   * "all" for a grid without a pruner, whose rows a report may load; else "best".
   */
  keepWeights?: KeepWeights;
}

/** A trial in the store that is not (or no longer) one of the study's. */
export interface Stranger {
  key: string;
  parameters: AnyPoint;
  parameterCount: number;
  /** When it was first stored, ISO 8601. */
  createdAt: string;
  finished: boolean;
}

/** A defined study. What is stored under its name is found by the keys of its trials. */
export interface Study<P = AnyPoint, Metric extends string = string> {
  readonly name: string;
  /** In grid order; with an adaptive sampler those that the last `run` of this object knew, in the order of their suggestion. */
  readonly trials: readonly Trial<P>[];
  /** What is stored of it. */
  readonly definition: StudyDefinition;
  /**
   * Runs the trials that have no result yet and gives the rows of all.
   *
   * @throws {StudyFailedError} when trials failed, unless `failures: "return"`
   * @throws the signal's reason when it was aborted
   * @throws {Error} when another process is running the study, its database is damaged or of another version, the disk has too
   * little room, or an adaptive sampler finds trials of another definition
   */
  run(options?: StudyRunOptions<P>): Promise<StudyRows<P, Metric>>;
  /** The rows that are there, without running anything. */
  rows(): Promise<StudyRows<P, Metric>>;
  /** Stored trials that belong to an earlier definition of the study. */
  strangers(): Promise<Stranger[]>;
  /** The machines that rows name. */
  machines(): Promise<MachineFacts[]>;
}

/**
 * Defines a study and traces its trials, but those of an adaptive sampler, which are traced as they are suggested.
 *
 * @throws {TypeError | RangeError} when the space is empty or holds something other than different JSON values, a trial cannot be
 * traced into graphs and data, two points give the same trial, or an objective is none of its metrics
 *
 * @example
 * ```ts
 * import { dataReference, randomDataset } from "lib/data/mod.ts";
 * import { lnspStudent } from "lib/models/lnsp.ts";
 * import { meanSquaredError } from "lib/nn/mod.ts";
 * import { defineStudy, seeds } from "lib/sweep/mod.ts";
 * import { adam } from "lib/train/mod.ts";
 * const data = dataReference(randomDataset({ rows: 1000, width: 384, seed: 1 }), { x: "embedding" });
 * const study = defineStudy({
 *   name: "example-sizes",
 *   space: { studentDim: [16, 32], seed: seeds(2) },
 *   trial: ({ studentDim }) => ({
 *     model: lnspStudent({ studentDim }),
 *     loss: ({ output }, { x }) => meanSquaredError(output, x),
 *     optimizer: adam({ learningRate: 1e-3 }),
 *     data,
 *     epochs: 2,
 *   }),
 * });
 * if (study.trials.length !== 4) throw new Error("two sizes with two seeds");
 * // const rows = await study.run({ onProgress: ({ done, total }) => console.log(done, total) });
 * ```
 */
export function defineStudy<const S extends Space, Metric extends string>(
  options: StudyOptions<S, Metric>,
): Study<Point<S>, Metric> {
  return createStudy(options, projectEnvironment());
}

/** `defineStudy` with folders and processes of one's own. */
export function createStudy<const S extends Space, Metric extends string>(
  options: StudyOptions<S, Metric>,
  environment: StudyEnvironment,
): Study<Point<S>, Metric> {
  checkStudyName(options.name);
  const checked = checkedStudy(options as unknown as StudyOptions<Space, string>);
  return new DefinedStudy(runnableStudy(checked, environment)) as unknown as Study<Point<S>, Metric>;
}

interface CheckedStudy extends TracingStudy {
  name: string;
  pruner: Pruner | null;
  keepWeights: KeepWeights;
}

function checkedStudy(options: StudyOptions<Space, string>): CheckedStudy {
  const { name, space, trial, where, sampler = null, objectives: given, pruner = null, keepWeights, ...rest } = options;
  const label = `Cannot define study "${name}"`;
  const refuse = (expected: string, got: unknown) => {
    throw new TypeError(`${label}: expected ${expected}, got ${typeof got === "string" ? `"${got}"` : typeof got}`);
  };
  const unknown = Object.keys(rest)[0];
  if (unknown) refuse("name, space, trial, where, sampler, objectives, pruner and keepWeights", unknown);
  if (typeof trial !== "function") refuse("trial to be a function", trial);
  if (sampler !== null && typeof (sampler.points ?? sampler.suggest) !== "function") {
    refuse("sampler to be one, such as randomSearch or tpe gives", sampler);
  }
  if (pruner !== null && typeof pruner.reason !== "function") {
    refuse("pruner to be one, such as asha or median gives", pruner);
  }
  if (keepWeights !== undefined && keepWeights !== "all" && keepWeights !== "best") {
    refuse('keepWeights to be "all" or "best"', keepWeights);
  }
  const objectives = checkObjectives(label, given);
  if (pruner !== null && COST_METRICS.includes(objectives[0].metric)) {
    throw new RangeError(
      `${label}: expected the loss or a metric as first objective, by which trials are pruned, got ${
        objectives[0].metric
      }`,
    );
  }
  if (sampler?.suggest && !sampler.points && where) {
    throw new TypeError(
      `${label}: expected no where beside the adaptive sampler ${sampler.name}, which chooses its points itself`,
    );
  }
  return {
    ...{ label, name, space, sampler, objectives, pruner },
    trial: trial as TracingStudy["trial"],
    where: where as TracingStudy["where"],
    keepWeights: keepWeights ?? (sampler === null && pruner === null ? "all" : "best"),
  };
}

function runnableStudy(study: CheckedStudy, environment: StudyEnvironment): RunnableStudy {
  const { label, name, space, sampler, objectives, pruner, keepWeights } = study;
  const tracer = new Tracer(study);
  const adaptive: AdaptiveSource | null = sampler?.suggest && !sampler.points
    ? { sampler, space: spaceWithoutSeeds(space), trace: (point) => tracer.traceSeeds(point) }
    : null;
  if (adaptive !== null) checkSpace(label, space, ROW_FIELDS);
  if (adaptive !== null && Object.keys(adaptive.space).length === 0) {
    throw new RangeError(`${label}: expected at least one parameter in the space beside seeds, got none`);
  }
  const trials = adaptive === null ? studyPoints(study).map((parameters) => tracer.trace(parameters)) : [];
  const definition = {
    name,
    space,
    objectives,
    sampler: sampler === null ? { name: "grid", settings: {} } : { name: sampler.name, settings: sampler.settings },
    pruner: pruner && { name: pruner.name, settings: pruner.settings },
    keepWeights,
  };
  return {
    definition: JSON.parse(JSON.stringify(definition)),
    environment,
    trials,
    seedName: replicaAxis(space),
    pruner,
    adaptive,
  };
}

/** A study that is ready to run. */
export function studyOf(runnable: RunnableStudy): Study {
  return new DefinedStudy(runnable);
}

class DefinedStudy implements Study {
  readonly #study: RunnableStudy;
  #trials: readonly Trial[];

  constructor(study: RunnableStudy) {
    this.#study = study;
    this.#trials = study.trials;
  }

  get name(): string {
    return this.#study.definition.name;
  }

  get definition(): StudyDefinition {
    return this.#study.definition;
  }

  get trials(): readonly Trial[] {
    return this.#trials;
  }

  async run(options: StudyRunOptions = {}): Promise<StudyRows> {
    checkRunOptions(this.name, options);
    const rows = await runStudy(this.#study, options, (store, trials) => {
      this.#trials = trials;
      return rowsOf(store, trials);
    });
    if (rows.failures.length > 0 && options.failures !== "return") throw new StudyFailedError(this.name, rows);
    return rows;
  }

  async rows(): Promise<StudyRows> {
    return await this.#read((store) => rowsOf(store, this.#own(store)), studyRows<AnyPoint, string>([]));
  }

  async strangers(): Promise<Stranger[]> {
    return await this.#read((store) => {
      const own = new Set(this.#own(store).map(({ key }) => key));
      return store.standings().filter(({ key }) => !own.has(key)).map(
        ({ key, parameters, parameterCount, createdAt, state }) => (
          { key, parameters, parameterCount, createdAt, finished: state === "finished" }
        ),
      );
    }, []);
  }

  async machines(): Promise<MachineFacts[]> {
    return await this.#read((store) => {
      const named = new Set(rowsOf(store, this.#own(store)).map(({ machine }) => machine));
      return store.machines().filter(({ id }) => named.has(id));
    }, []);
  }

  /** With an adaptive sampler those that earlier runs of the same definition have suggested. */
  #own(store: StudyStore): readonly Trial[] {
    const { adaptive, definition, trials } = this.#study;
    if (adaptive === null) return trials;
    const number = definitionNumber(store, definitionHash(definition, null));
    if (number === null) return [];
    try {
      return restoredTrials(adaptive, store, number).trials;
    } catch (error) {
      if (error instanceof ChangedTrialsError) return []; // what is stored is of another model
      throw error;
    }
  }

  async #read<T>(action: (store: StudyStore) => T, whenMissing: T): Promise<T> {
    const folder = join(this.#study.environment.checkpointsFolder, this.name);
    const store = await StudyStore.openExisting(folder, projectRelative(folder));
    if (store === null) return whenMissing;
    try {
      return action(store);
    } finally {
      store.close();
    }
  }
}
