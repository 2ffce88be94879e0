// Running a study: one run at a time holds the lock, is the only writer of results, and runs what has none yet (run_loop.ts).

import { join } from "node:path";
import process from "node:process";
import { type AdaptiveSource, ChangedTrialsError, restoredTrials } from "./adaptive.ts";
import { projectRelative, type StudyEnvironment } from "./environment.ts";
import { localExecutor } from "./local_executor.ts";
import { takeLock } from "./lock.ts";
import { waitForProcesses } from "./orphans.ts";
import { stayAwake } from "./overnight.ts";
import type { Pruner } from "./pruner.ts";
import { RunLoop } from "./run_loop.ts";
import { checkRunOptions, type StudyRunOptions } from "./run_options.ts";
import type { AnyPoint } from "./space.ts";
import { isFull } from "./sqlite.ts";
import { StudyStore } from "./store.ts";
import {
  currentDefinition,
  definitionHash,
  definitionNumber,
  forgetSuggestions,
  saveDefinition,
} from "./store_definitions.ts";
import type { StudyDefinition } from "./store_types.ts";
import type { Trial } from "./trial.ts";

/** A study as a run sees it. */
export interface RunnableStudy {
  definition: StudyDefinition;
  environment: StudyEnvironment;
  /** In the order in which they are run; of an adaptive study none. */
  trials: readonly Trial[];
  /** The axis of seeds, if there is one. */
  seedName: string | null;
  pruner: Pruner | null;
  /** With an adaptive sampler. */
  adaptive: AdaptiveSource | null;
}

/**
 * Runs what has no result yet, and gives what `read` makes of the store then, and of the trials, of which an adaptive sampler may
 * have suggested more.
 *
 * @throws the signal's reason when it was aborted
 * @throws {Error} when the study is being run already, its database cannot be used, the disk has too little room, or an adaptive
 * sampler finds trials of another definition
 */
export async function runStudy<Result>(
  study: RunnableStudy,
  options: StudyRunOptions,
  read: (store: StudyStore, trials: readonly Trial[]) => Result,
): Promise<Result> {
  const { definition: { name }, environment } = study;
  checkRunOptions(name, options);
  options.signal?.throwIfAborted();
  const folder = join(environment.checkpointsFolder, name);
  const lock = await takeLock(folder);
  if (lock === null) throw new Error(`Cannot run study "${name}": ${await holder(folder)}; wait for it, or stop it`);
  try {
    const store = await StudyStore.open(folder, projectRelative(folder));
    try {
      const trials = await runLocked(study, store, options);
      return read(store, trials);
    } finally {
      store.close();
    }
  } catch (error) {
    throw isFull(error) ? fullError(name, folder, error as Error) : error;
  } finally {
    lock.release();
  }
}

function fullError(name: string, folder: string, cause: Error): Error {
  return new Error(
    `Cannot run study "${name}": found no room for its database in ${
      projectRelative(folder)
    } (${cause.message}); what was done before is ` +
      "stored: free some (deno task clean lists what studies take), and run it again",
    { cause },
  );
}

/** Who is running the study. */
async function holder(folder: string): Promise<string> {
  const store = await StudyStore.openExisting(folder, projectRelative(folder));
  const run = store?.openRuns().at(-1);
  store?.close();
  if (run === undefined) return "another process is using it";
  if (run.pid === process.pid) return "this process is already running it";
  return `process ${run.pid} has been running it since ${run.startedAt}`;
}

async function runLocked(study: RunnableStudy, store: StudyStore, options: StudyRunOptions): Promise<readonly Trial[]> {
  const { environment } = study;
  const left = store.openAttempts().flatMap(({ pid, worker }) => pid === null || worker !== null ? [] : [pid]);
  await waitForProcesses(left, environment.trialModule);
  store.closeOpen();
  const entered = enterDefinition(study, store, options.changed ?? "refuse");
  const trials = study.adaptive === null ? study.trials : entered.trials;
  store.saveTrials(trials, entered.definition);
  const machine = await environment.machine();
  store.saveMachine(machine);
  const trialCount = study.adaptive === null ? trials.length : Infinity;
  const executor = options.executor ?? await localExecutor(environment, options, { machine, trialCount });
  const awake = stayAwake({ machine });
  for (const notice of awake.notices) (options.onNotice ?? console.warn)(notice);
  try {
    const run = store.beginRun(process.pid, { definition: entered.definition, executor: executor.description });
    const context = { store, executor, machine, run, definition: entered.definition, options };
    const loop = new RunLoop({ ...study, trials }, context, entered.points);
    return await loop.run();
  } finally {
    awake.release();
    if (options.executor === undefined) await executor.close();
    store.closeOpen();
  }
}

/** The study's definition in the store: its number, and what an adaptive sampler has suggested under it. */
interface Entered {
  definition: number;
  points: AnyPoint[];
  trials: Trial[];
}

function enterDefinition(study: RunnableStudy, store: StudyStore, changed: "refuse" | "restart"): Entered {
  const { definition, adaptive, trials } = study;
  if (adaptive === null) {
    const hash = definitionHash(definition, trials.map(({ key }) => key));
    return { definition: saveDefinition(store, definition, hash), points: [], trials: [] };
  }
  const hash = definitionHash(definition, null);
  const current = currentDefinition(store);
  const known = definitionNumber(store, hash);
  if (current !== null && current.id !== known && changed === "refuse") {
    throw changedError(definition.name, differences(current.definition, definition), current.lastAt);
  }
  let restored: Pick<Entered, "points" | "trials"> = { points: [], trials: [] };
  try {
    if (known !== null) restored = restoredTrials(adaptive, store, known);
  } catch (error) {
    if (!(error instanceof ChangedTrialsError)) throw error;
    if (changed === "refuse") throw changedError(definition.name, error.message, current!.lastAt);
    forgetSuggestions(store, known!);
  }
  return { definition: saveDefinition(store, definition, hash), ...restored };
}

function differences(before: StudyDefinition, after: StudyDefinition): string {
  const parts = (["space", "sampler", "objectives", "pruner"] as const).filter((part) =>
    JSON.stringify(before[part]) !== JSON.stringify(after[part])
  );
  return `${parts.join(" and ") || "definition"} changed`;
}

function changedError(name: string, what: string, lastAt: string): Error {
  return new Error(
    `Cannot run study "${name}": its sampler chooses by what was tried before, but since the run of ${lastAt} its ${
      what.replace(/^its /, "")
    }; give it another name, or pass changed: "restart" to start anew and leave the trials there as strangers`,
  );
}
