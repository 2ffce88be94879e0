// Reading studies while they run, in another process or after: what the studio, figures and the command line see. A reader asks
// only for what has changed since a revision, and leaves requests to the run in the store.

import { existsSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { MachineFacts } from "../record/mod.ts";
import { checkStudyName, projectEnvironment, projectRelative } from "./environment.ts";
import { lockProbe } from "./lock.ts";
import { COST_METRICS, objectiveValues } from "./objective.ts";
import type { StudyReader, StudySummary, TrialDetail, TrialView } from "./reader_types.ts";
import type { StudyRows } from "./rows.ts";
import { rowsOf } from "./stored_rows.ts";
import { StudyStore } from "./store.ts";
import { currentDefinition, presentDefinition, suggestions } from "./store_definitions.ts";
import { allStandings, bestStanding, countStates, epochValues, revisionOf, runTimes } from "./store_read.ts";
import { saveRequest } from "./store_requests.ts";
import {
  type RequestKind,
  type StudyDefinition,
  TRIAL_STATES,
  type TrialStanding,
  type TrialState,
} from "./store_types.ts";

/** Where studies are read. */
export interface ReaderOptions {
  /** Default: the project's checkpoints/. */
  checkpointsFolder?: string;
}

/** All studies, by name; those whose database cannot be read are left out. */
export async function listStudies(options: ReaderOptions = {}): Promise<StudySummary[]> {
  const summaries: StudySummary[] = [];
  for (const name of await studyNames(options)) {
    const reader = await openStudyReader(name, options).catch(() => null);
    if (reader === null) continue;
    try {
      summaries.push(reader.summary());
    } catch {
      // a database that opens may still be damaged
    } finally {
      reader.close();
    }
  }
  return summaries;
}

/**
 * Opens a study for reading.
 *
 * @throws {RangeError} when there is no such study, naming those there are
 * @throws {Error} when its database is damaged or of another version
 */
export async function openStudyReader(name: string, options: ReaderOptions = {}): Promise<StudyReader> {
  checkStudyName(name);
  const { checkpointsFolder = projectEnvironment().checkpointsFolder } = options;
  const folder = join(checkpointsFolder, name);
  const store = await StudyStore.openExisting(folder, projectRelative(folder));
  if (store !== null) return new Reader(name, store, await lockProbe(folder));
  const names = (await studyNames(options)).join(", ") || "none";
  throw new RangeError(`Cannot read study "${name}": expected one of those there are (${names})`);
}

/** Names of the studies there are. */
export async function studyNames(
  { checkpointsFolder = projectEnvironment().checkpointsFolder }: ReaderOptions,
): Promise<string[]> {
  if (!existsSync(checkpointsFolder)) return [];
  const names = (await readdir(checkpointsFolder)).sort();
  return names.filter((name) => existsSync(join(checkpointsFolder, name, "study.sqlite")));
}

class Reader implements StudyReader {
  readonly name: string;
  readonly #store: StudyStore;
  readonly #isRunning: () => boolean;
  readonly #planned = new Map<string, number>();

  constructor(name: string, store: StudyStore, isRunning: () => boolean) {
    this.name = name;
    this.#store = store;
    this.#isRunning = isRunning;
  }

  summary(): StudySummary {
    const { database } = this.#store;
    const id = this.#definition;
    const definition = this.#studyDefinition();
    const counted = countStates(database, id);
    const counts = Object.fromEntries(TRIAL_STATES.map((state) => [state, counted.get(state) ?? 0])) as Record<
      TrialState,
      number
    >;
    const own = sum(Object.values(counts));
    const all = sum([...countStates(database, null).values()]);
    const best = bestStanding(database, id, definition.objectives[0]);
    const running = this.#store.openRuns().length > 0 && this.#isRunning();
    return {
      name: this.name,
      state: running
        ? "running"
        : own === 0
        ? "empty"
        : this.#isComplete(counts, definition)
        ? "finished"
        : "interrupted",
      counts,
      definition,
      strangers: all - own,
      bytes: this.#bytes(),
      ...runTimes(database, running),
      best: best && this.#view(best, definition),
      revision: revisionOf(database),
    };
  }

  trials({ since = 0 }: { since?: number } = {}): TrialView[] {
    const definition = this.#studyDefinition();
    return allStandings(this.#store.database, { since, definition: this.#definition })
      .map((known) => this.#view(known, definition));
  }

  trial(key: string): TrialDetail | null {
    const known = this.#store.standing(key);
    const definition = this.#store.definition(key);
    if (known === null || definition === null) return null;
    const { settings, data } = definition;
    return {
      ...this.#view(known, this.#studyDefinition()),
      settings,
      data,
      attemptList: this.#store.attempts(key).map((attempt) => ({ ...attempt })),
      epochList: this.#store.epochs(key),
      rerun: `deno task sweep ${this.name} --retry ${key.slice(0, 12)}`,
    };
  }

  curves({ since = 0, metric }: { since?: number; metric?: string } = {}): ReturnType<StudyReader["curves"]> {
    const [{ metric: first }] = this.#studyDefinition().objectives;
    const shown = metric ?? (COST_METRICS.includes(first) ? "loss" : first);
    const curves = new Map<string, { key: string; points: [number, number][] }>();
    const values = epochValues(this.#store.database, shown, { since, definition: this.#definition });
    for (const { trial: key, epoch, value } of values) {
      if (value === null) continue;
      const curve = curves.get(key) ?? { key, points: [] };
      curve.points.push([epoch, value]);
      curves.set(key, curve);
    }
    return [...curves.values()];
  }

  machines(): MachineFacts[] {
    return this.#store.machines();
  }

  request(kind: RequestKind, key: string): void {
    saveRequest(this.#store, kind, key);
  }

  rows(): StudyRows {
    return rowsOf(this.#store, allStandings(this.#store.database, { definition: this.#definition }));
  }

  close(): void {
    this.#store.close();
  }

  /** Null in a store of version 1 that has not been run since: all of its trials count. */
  get #definition(): number | null {
    return currentDefinition(this.#store)?.id ?? null;
  }

  #studyDefinition(): StudyDefinition {
    return presentDefinition(this.#store, this.name);
  }

  #view(known: TrialStanding, { objectives }: StudyDefinition): TrialView {
    const { number, key, parameters, parameterCount, state, epochs, seconds, attempts } = known;
    const { machine, message, pinned, checkpointBytes, revision } = known;
    const kept = checkpointBytes > 0 || state === "running" || state === "interrupted";
    return {
      number,
      key,
      parameters,
      parameterCount,
      state,
      epochs,
      seconds,
      attempts,
      machine,
      message,
      pinned,
      revision,
      values: objectiveValues(objectives, known),
      epochsPlanned: this.#epochsPlanned(key),
      checkpoint: kept ? projectRelative(join(this.#store.folder, key)) : null,
    };
  }

  /** Of all trials at once: a definition never changes. */
  #epochsPlanned(key: string): number {
    if (!this.#planned.has(key)) {
      const rows = this.#store.database.prepare("SELECT key, json_extract(settings, '$.epochs') AS epochs FROM trials")
        .all();
      for (const { key, epochs } of rows as unknown as { key: string; epochs: number }[]) {
        this.#planned.set(key, epochs);
      }
    }
    return this.#planned.get(key) ?? 0;
  }

  #isComplete(counts: Record<TrialState, number>, { sampler }: StudyDefinition): boolean {
    if (counts.waiting + counts.running + counts.interrupted > 0) return false;
    const suggested = this.#definition === null ? 0 : suggestions(this.#store, this.#definition).length;
    // An adaptive sampler that says how many it will suggest.
    return suggested === 0 || typeof sampler.settings.count !== "number" || suggested >= sampler.settings.count;
  }

  #bytes(): number {
    const { database, folder } = this.#store;
    const { bytes } = database.prepare("SELECT coalesce(sum(checkpointBytes), 0) AS bytes FROM trials").get() as {
      bytes: number;
    };
    const files = ["study.sqlite", "study.sqlite-wal"].map((name) => join(folder, name)).filter((path) =>
      existsSync(path)
    );
    return bytes + sum(files.map((path) => statSync(path).size));
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
