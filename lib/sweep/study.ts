// Studies: a search space and what to train at each of its points.

import { join } from "node:path";
import type { MachineFacts } from "../record/mod.ts";
import type { SerializedProgram } from "../train/mod.ts";
import { checkStudyName, projectEnvironment, projectRelative, type StudyEnvironment } from "./environment.ts";
import {
  type Row,
  ROW_FIELDS,
  type RowFields,
  StudyFailedError,
  type StudyRows,
  studyRows,
  type TrialFailure,
} from "./rows.ts";
import { checkRunOptions, runStudy, type StudyRunOptions, totalSeconds } from "./run.ts";
import { type AnyPoint, gridPoints, type Point, replicaAxis, type Space } from "./space.ts";
import { type StoredTrial, StudyStore } from "./store.ts";
import { relabelled, tracedTrial, type Trial, type TrialSpec } from "./trial.ts";

/** What a study consists of. */
export interface StudyOptions<S extends Space, Metric extends string> {
  /** Lower-case letters, digits and hyphens; the folder under `checkpoints/`. */
  name: string;
  /** Lists of values by parameter; `seeds(n)` for replicas. */
  space: S;
  /** What to train at a point. Called once for each point, here; must give the same for the same point. */
  trial: (parameters: Point<S>) => TrialSpec<Metric>;
  /** Leaves out the points for which it is false. */
  where?: (parameters: Point<S>) => boolean;
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
  /** In grid order. */
  readonly trials: readonly Trial<P>[];
  /**
   * Runs the trials that have no result yet, one process at a time, and gives the rows of all.
   *
   * @throws {StudyFailedError} when trials failed, unless `failures: "return"`
   * @throws the signal's reason when it was aborted
   * @throws {Error} when another process is running the study, or its database is damaged or of another version
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
 * Defines a study and traces its trials.
 *
 * @throws {TypeError | RangeError} when the space is empty or holds something other than different JSON values, a trial cannot be
 * traced into graphs and data, or two points give the same trial
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
export function defineStudy<const S extends Space, Metric extends string = never>(
  options: StudyOptions<S, Metric>,
): Study<Point<S>, Metric> {
  return createStudy(options, projectEnvironment());
}

/** `defineStudy` with folders and processes of one's own. */
export function createStudy<const S extends Space, Metric extends string = never>(
  options: StudyOptions<S, Metric>,
  environment: StudyEnvironment,
): Study<Point<S>, Metric> {
  checkStudyName(options.name);
  const trials = tracedTrials(options as unknown as StudyOptions<Space, string>);
  return new DefinedStudy(options.name, trials, environment) as unknown as Study<Point<S>, Metric>;
}

function tracedTrials({ name, space, trial, where, ...rest }: StudyOptions<Space, string>): Trial[] {
  const label = `Cannot define study "${name}"`;
  const unknown = Object.keys(rest)[0];
  if (unknown) throw new TypeError(`${label}: expected name, space, trial and where, got "${unknown}"`);
  if (typeof trial !== "function") {
    throw new TypeError(`${label}: expected trial to be a function, got ${typeof trial}`);
  }
  const points = gridPoints(label, space, ROW_FIELDS).filter((point) => {
    const kept: unknown = where === undefined || where(structuredClone(point) as Point<Space>);
    if (typeof kept !== "boolean") {
      throw new TypeError(`${label}: expected where to give a boolean, got ${typeof kept}`);
    }
    return kept;
  });
  if (points.length === 0) throw new RangeError(`${label}: expected at least one point, but where leaves out all`);
  const seedName = replicaAxis(space);
  const programs = new Map<string, SerializedProgram>();
  const trials = points.map((parameters) => {
    const pointLabel = `${label}, trial ${JSON.stringify(parameters)}`;
    const seed = seedName === null ? 1 : parameters[seedName] as number;
    try {
      const spec = trial(structuredClone(parameters) as Point<Space>);
      return tracedTrial(spec, { label: pointLabel, parameters, seed, programs });
    } catch (error) {
      throw relabelled(pointLabel, error);
    }
  });
  refuseTwins(label, trials);
  return trials;
}

/** Two points with one definition: one of the parameters does nothing, which is a mistake. */
function refuseTwins(label: string, trials: readonly Trial[]): void {
  const byKey = new Map<string, Trial>();
  for (const trial of trials) {
    const twin = byKey.get(trial.key);
    if (twin) {
      const points = [twin, trial].map(({ parameters }) => JSON.stringify(parameters)).join(" and ");
      throw new RangeError(`${label}: expected different trials, but ${points} give the same one; use all parameters`);
    }
    byKey.set(trial.key, trial);
  }
}

class DefinedStudy implements Study {
  readonly name: string;
  readonly trials: readonly Trial[];
  readonly #environment: StudyEnvironment;

  constructor(name: string, trials: readonly Trial[], environment: StudyEnvironment) {
    this.name = name;
    this.trials = trials;
    this.#environment = environment;
  }

  async run(options: StudyRunOptions = {}): Promise<StudyRows> {
    checkRunOptions(this.name, options);
    const study = { name: this.name, trials: this.trials, environment: this.#environment };
    const rows = this.#rows(await runStudy(study, options));
    if (rows.failures.length > 0 && options.failures !== "return") throw new StudyFailedError(this.name, rows);
    return rows;
  }

  async rows(): Promise<StudyRows> {
    return await this.#read((store) => this.#rows(store.trials()), studyRows<AnyPoint, string>([], []));
  }

  async strangers(): Promise<Stranger[]> {
    const own = new Set(this.trials.map(({ key }) => key));
    return await this.#read((store) =>
      [...store.trials().values()].filter(({ key }) => !own.has(key)).map(
        ({ key, parameters, parameterCount, createdAt, result }) => (
          { key, parameters, parameterCount, createdAt, finished: result !== null }
        ),
      ), []);
  }

  async machines(): Promise<MachineFacts[]> {
    return await this.#read((store) => {
      const named = new Set(this.#rows(store.trials()).map(({ machine }) => machine));
      return store.machines().filter(({ id }) => named.has(id));
    }, []);
  }

  get #folder(): string {
    return join(this.#environment.checkpointsFolder, this.name);
  }

  async #read<T>(action: (store: StudyStore) => T, whenMissing: T): Promise<T> {
    const store = await StudyStore.openExisting(this.#folder, projectRelative(this.#folder));
    if (store === null) return whenMissing;
    try {
      return action(store);
    } finally {
      store.close();
    }
  }

  #rows(stored: ReadonlyMap<string, StoredTrial>): StudyRows {
    const rows: Row[] = [];
    const failures: TrialFailure[] = [];
    for (const { key, parameters } of this.trials) {
      const known = stored.get(key);
      if (known?.result) rows.push({ ...parameters, ...rowFields(known, join(this.#folder, key)) } as Row);
      else if (known) failures.push(...failureOf(known, parameters));
    }
    return studyRows(rows, failures);
  }
}

function rowFields({ key, parameterCount, attempts, result: stored }: StoredTrial, folder: string): RowFields {
  const { attempt: id, result } = stored!;
  const { history, bestEpoch, stopped, steps } = result;
  const attempt = attempts.find((candidate) => candidate.id === id)!;
  return {
    key,
    parameterCount,
    seconds: totalSeconds(attempts),
    trainSeconds: history.reduce((sum, { seconds }) => sum + seconds, 0),
    peakRssBytes: attempt.peakRssBytes!,
    baselineRssBytes: attempt.baselineRssBytes!,
    history: history as RowFields["history"],
    bestEpoch,
    validation: history[bestEpoch - 1].validation,
    stopped: stopped as RowFields["stopped"],
    steps,
    checkpoint: projectRelative(folder),
    machine: attempt.machine,
    attempts: attempts.length,
  };
}

/** Empty when the trial was interrupted, or is running. */
function failureOf({ key, attempts }: StoredTrial, parameters: AnyPoint): TrialFailure[] {
  const last = attempts.at(-1);
  if (!last?.outcome || last.outcome === "interrupted" || last.outcome === "finished") return [];
  const { outcome: kind, message, stderrTail, endedAt, machine } = last;
  return [{
    key,
    parameters,
    kind,
    message: message ?? "",
    stderrTail: stderrTail ?? "",
    attempts: attempts.length,
    endedAt: endedAt ?? "",
    machine,
  }];
}
