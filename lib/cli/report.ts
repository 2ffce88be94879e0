// deno task report: brings reports up to date.

import { relative } from "node:path";
import process from "node:process";
import {
  describeFreshness,
  executedPath,
  formatDuration,
  NotebookBusyError,
  NotebookError,
  notebookFreshness,
  notebookName,
  reportNotebook,
  type ReportOutcome,
  type ReportRunOptions,
} from "../notebook/mod.ts";
import { projectRoot } from "../process/mod.ts";
import { CommandError, INTERRUPTED_EXIT_CODE, runCommand } from "./command.ts";
import { inReportOrder, reportNotebooks, selectNotebooks } from "./notebooks.ts";
import { parseReportCommand, REPORT_USAGE, type ReportCommand } from "./report_options.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

/** What tests replace. */
export interface ReportContext {
  terminal: Terminal;
  /** `MachineFacts.id` of this machine. */
  machine: () => Promise<string>;
  /** Folders of notebooks, reports and intermediate files; the project's by default. */
  notebooksDir?: string;
  reportsDir?: string;
  cacheDir?: string;
}

/**
 * Runs `deno task report` with `args`.
 *
 * @returns the exit code: 0, 1 when a notebook failed, 130 when it was stopped
 * @throws {CommandError} for arguments that make no sense
 */
export async function reportMain(args: string[], signal: AbortSignal, context: ReportContext): Promise<number> {
  const command = parseReportCommand(args);
  if (command.help) {
    context.terminal.line(REPORT_USAGE);
    return 0;
  }
  const paths = command.all
    ? reportNotebooks(context.notebooksDir)
    : selectNotebooks(command.names, context.notebooksDir);
  if (paths.length === 0) throw new CommandError("There are no notebooks yet: add one to notebooks/");
  const options: ReportRunOptions = {
    scale: command.scale,
    overrides: command.overrides,
    force: command.force,
    restart: command.restart,
    noCheck: command.noCheck,
    deadlineMs: command.deadlineMs,
    machine: await context.machine(),
    reportsDir: context.reportsDir,
    cacheDir: context.cacheDir,
    signal,
  };
  if (command.status) return await printStatus(paths, options, context);
  const results: boolean[] = [];
  for (const path of inReportOrder(paths)) {
    results.push(await reportOne(path, command, { options, context }));
    if (signal.aborted) return INTERRUPTED_EXIT_CODE;
  }
  const failed = results.filter((succeeded) => !succeeded).length;
  if (paths.length > 1) context.terminal.line(`${paths.length - failed} of ${paths.length} reports are up to date`);
  return failed > 0 ? 1 : 0;
}

interface Prepared {
  options: ReportRunOptions;
  context: ReportContext;
}

/** Brings one report up to date and tells how it went; false when it failed. */
async function reportOne(path: string, command: ReportCommand, { options, context }: Prepared): Promise<boolean> {
  const { terminal } = context;
  const name = notebookName(path);
  try {
    const outcome = await reportNotebook(path, {
      ...options,
      onStatus: (state) => terminal.line(`${name}: ${state}; running at scale ${command.scale}`),
      onProgress: (text, milestone) => terminal.live(text, milestone),
      onText: command.verbose ? (text) => terminal.line(text.trimEnd()) : undefined,
    });
    terminal.line(`${name}: ${outcomeText(outcome)}`);
    if (outcome.note) terminal.line(`Note: ${outcome.note}`);
    terminal.line(`Report: ${shown(outcome.folder)}/report.md`);
    if (command.html) terminal.line(`Interactive: ${shown(await writeInteractive(outcome.folder))}`);
    return true;
  } catch (error) {
    tellFailure(error, name, { options, context });
    return false;
  }
}

function tellFailure(error: unknown, name: string, { options, context: { terminal, cacheDir } }: Prepared): void {
  if (options.signal?.aborted) {
    terminal.line(`${name}: stopped; the previous report is unchanged`);
  } else if (error instanceof NotebookError) {
    terminal.line(`${name}: failed; the previous report is unchanged`);
    terminal.line(error.message);
    terminal.line(`Outputs up to there: ${shown(executedPath(name, cacheDir))}`);
  } else if (error instanceof NotebookBusyError || error instanceof TypeError) {
    terminal.line(error.message); // a notebook file that cannot be read is a TypeError
  } else throw error;
}

async function printStatus(paths: string[], options: ReportRunOptions, { terminal }: ReportContext): Promise<number> {
  let unreadable = 0;
  for (const path of paths) {
    try {
      terminal.line(`${notebookName(path)}: ${describeFreshness(await notebookFreshness(path, options))}`);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof NotebookError)) throw error;
      terminal.line(error.message);
      unreadable++;
    }
  }
  return unreadable > 0 ? 1 : 0;
}

async function writeInteractive(folder: string): Promise<string> {
  const { closeRenderer, readDocument, writeHtml } = await import("../report/mod.ts");
  try {
    return await writeHtml(readDocument(folder), { outputDir: folder });
  } finally {
    await closeRenderer();
  }
}

function outcomeText({ status, scale, durationMs }: ReportOutcome): string {
  return status === "fresh" ? `fresh (${scale})` : `done at scale ${scale} in ${formatDuration(durationMs)}`;
}

function shown(path: string): string {
  const fromRoot = relative(projectRoot(), path);
  return fromRoot.startsWith("..") ? path : fromRoot;
}

async function thisMachine(): Promise<string> {
  const { machineFacts } = await import("../runtime/mod.ts");
  return machineFacts().id;
}

if (import.meta.main) {
  process.chdir(process.env.INIT_CWD ?? process.cwd());
  await runCommand((args, signal) => reportMain(args, signal, { terminal: ownTerminal(), machine: thisMachine }));
}
