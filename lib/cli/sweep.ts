// deno task sweep: lists studies, goes on with a stored one, or runs one that a module exports.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { projectPath, writeFileAtomic } from "../process/mod.ts";
import {
  listStudies,
  openStudyReader,
  queueExecutor,
  storedStudy,
  type Study,
  type StudyEnvironment,
  type StudyRows,
  toCsv,
  toJson,
  type TrialExecutor,
} from "../sweep/mod.ts";
import { CommandError, runCommand } from "./command.ts";
import { parseSweepCommand, SWEEP_USAGE, type SweepCommand } from "./sweep_options.ts";
import { progressLine, studyLines, summaryLines } from "./sweep_summary.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

/** What `--queue` needs: an executor whose trials are done by workers behind a queue. */
export type QueueExecutorMaker = (options: {
  url: string;
  study: string;
  folder: string;
  sharedFolder?: string;
  notify: (sentence: string) => void;
}) => Promise<TrialExecutor>;

/** What the command works with. */
export interface SweepContext {
  terminal: Terminal;
  signal?: AbortSignal;
  /** Tests give folders and processes of their own. */
  environment?: StudyEnvironment;
  queueExecutor?: QueueExecutorMaker;
}

/** Runs `deno task sweep`; 1 when trials failed. */
export async function sweepMain(args: string[], context: SweepContext): Promise<number> {
  const command = parseSweepCommand(args);
  const { terminal } = context;
  if (command.help) {
    terminal.line(SWEEP_USAGE);
    return 0;
  }
  const checkpointsFolder = context.environment?.checkpointsFolder ?? projectPath("checkpoints");
  try {
    if (command.target === null) {
      for (const line of studyLines(await listStudies({ checkpointsFolder }))) terminal.line(line);
      return 0;
    }
    const isModule = /\.[cm]?[jt]s(#|$)/.test(command.target);
    const study = isModule
      ? await exportedStudy(command.target)
      : await storedStudy(command.target, context.environment);
    return await runAndTell(study, command, { ...context, checkpointsFolder });
  } catch (error) {
    // What a study's definition, store or options lack is the user's to mend; all else keeps its stack.
    if (error instanceof Error && /^Cannot (run|define|go on|read|open|name|use the queue)/.test(error.message)) {
      throw new CommandError(error.message);
    }
    throw error;
  }
}

async function runAndTell(
  study: Study,
  command: SweepCommand,
  { terminal, signal, queueExecutor, checkpointsFolder }: SweepContext & { checkpointsFolder: string },
): Promise<number> {
  const { target, trials, threads, trialDeadlineMs, memoryBudgetBytes, retry, restart, exportFile } = command;
  const folder = join(checkpointsFolder, study.name);
  await requestRetries(study.name, command.retryKeys, checkpointsFolder);
  const notify = (sentence: string) => terminal.line(sentence);
  const executor = await makeExecutor(command, { study: study.name, folder, queueExecutor, notify });
  const startMs = performance.now();
  const rerun = `deno task sweep ${target}`;
  try {
    const rows = await study.run({
      ...(executor && { executor }),
      ...(trials !== undefined && { trials }),
      ...(threads !== undefined && { threads }),
      ...(trialDeadlineMs !== undefined && { trialDeadlineMs }),
      ...(memoryBudgetBytes !== undefined && { memoryBudgetBytes }),
      ...(retry !== undefined && { retry }),
      changed: restart ? "restart" : "refuse",
      failures: "return",
      signal,
      onNotice: notify,
      onProgress: (progress) => terminal.live(progressLine(progress), false),
    });
    const reader = await openStudyReader(study.name, { checkpointsFolder });
    const facts = { seconds: (performance.now() - startMs) / 1000, command: rerun };
    for (const line of summaryLines(reader.summary(), reader.trials(), facts)) terminal.line(line);
    reader.close();
    await exportRows(rows, exportFile, terminal);
    return rows.failures.length > 0 ? 1 : 0;
  } catch (error) {
    if (signal?.aborted) terminal.line(`What was done is stored; go on with: ${rerun}`);
    throw error;
  } finally {
    await executor?.close();
  }
}

async function makeExecutor(
  { queue, sharedFolder }: SweepCommand,
  { study, folder, queueExecutor, notify }: {
    study: string;
    folder: string;
    queueExecutor?: QueueExecutorMaker;
    notify: (sentence: string) => void;
  },
): Promise<TrialExecutor | null> {
  if (queue === null) return null;
  if (queueExecutor === undefined) throw new CommandError("Cannot use a queue: this program was started without one");
  return await queueExecutor({ url: queue, study, folder, notify, ...(sharedFolder !== null && { sharedFolder }) });
}

/** Asks for trials by the beginnings of their keys; the run takes the requests up at its start. */
async function requestRetries(name: string, keys: readonly string[], checkpointsFolder: string): Promise<void> {
  if (keys.length === 0) return;
  const reader = await openStudyReader(name, { checkpointsFolder });
  try {
    const trials = reader.trials();
    const chosen = keys.map((beginning) => {
      const found = trials.filter(({ key }) => key.startsWith(beginning));
      if (found.length === 1) return found[0];
      throw new CommandError(
        `--retry expects the key of one trial of study ${name}, but ${found.length} begin with "${beginning}"`,
      );
    });
    const finished = chosen.find(({ state }) => state === "finished");
    if (finished) {
      throw new CommandError(`Trial ${finished.key.slice(0, 12)} has finished; there is nothing to run again`);
    }
    for (const { key } of chosen) reader.request("retry", key);
  } finally {
    reader.close();
  }
}

async function exportRows(rows: StudyRows, file: string | null, terminal: Terminal): Promise<void> {
  if (file === null) return;
  await writeFileAtomic(resolve(file), file.endsWith(".csv") ? toCsv(rows) : toJson(rows));
  terminal.line(`${file}: ${rows.length} rows`);
}

/** The study that a module exports: under the name given, or the only one. */
async function exportedStudy(target: string): Promise<Study> {
  const [path, name] = target.split("#");
  if (!existsSync(path)) throw new CommandError(`There is no module ${path}`);
  const exported = await import(pathToFileURL(resolve(path)).href) as Record<string, unknown>;
  const studies = Object.entries(exported).filter((entry): entry is [string, Study] => isStudy(entry[1]));
  const names = studies.map(([name]) => name).join(", ") || "none";
  if (name !== undefined) {
    const found = studies.find(([known]) => known === name);
    if (found === undefined) {
      throw new CommandError(`${path} exports no study "${name}"; the studies it exports: ${names}`);
    }
    return found[1];
  }
  if (studies.length === 1) return studies[0][1];
  throw new CommandError(
    studies.length === 0
      ? `${path} exports no study; export one that defineStudy gives`
      : `${path} exports several studies (${names}); name one: ${path}#${studies[0][0]}`,
  );
}

function isStudy(value: unknown): value is Study {
  const study = value as Partial<Study> | null;
  return typeof study === "object" && study !== null && typeof study.run === "function" &&
    typeof study.rows === "function" && typeof study.name === "string" && Array.isArray(study.trials);
}

if (import.meta.main) {
  await runCommand((args, signal) => sweepMain(args, { terminal: ownTerminal(), signal, queueExecutor }));
}
