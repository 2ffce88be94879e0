// Running a notebook without a Jupyter kernel: type check, one child process for the whole notebook, an executed copy with the outputs of
// every cell, and one clear failure for every way in which it can end early.

import { basename, dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { type Child, type ChildResult, startChild, writeFileAtomic } from "../process/mod.ts";
import { checkGenerated } from "./check.ts";
import { codeCells, readNotebook } from "./document.ts";
import { endFailure, type RunEnd, thrownFailure } from "./end.ts";
import { type GeneratedModule, generateModule } from "./extract.ts";
import { NotebookError } from "./failure.ts";
import { withGeneratedFile } from "./generated_file.ts";
import type { HeadlessEvent } from "./jupyter.ts";
import { requireDeno } from "./kernels.ts";
import { Locator } from "./locate.ts";
import { OutputCollector } from "./outputs.ts";
import { headlessMainPath, preludeUrl } from "./prelude.ts";

/** Options of {@link executeNotebook}. */
export interface ExecuteOptions {
  /** Where the notebook with its outputs is written, also after a failure. */
  executedPath: string;
  /** Variables for the notebook's process, beside those of this one. */
  env?: Record<string, string | undefined>;
  /** Wall-clock time after which the notebook and its children are ended; none by default. */
  deadlineMs?: number;
  /** Ends the notebook and its children when aborted. */
  signal?: AbortSignal;
  /** Skip the type check. */
  noCheck?: boolean;
  onProgress?: (line: string, milestone: boolean) => void;
  /** Receives the notebook's own text as it arrives. */
  onText?: (text: string) => void;
  /** Called when the type check is done and the first cell is about to run. */
  onStart?: () => void;
}

/** Text that a notebook may print before it is stopped. */
const OUTPUT_LIMIT_BYTES = 64 * 2 ** 20;
/** Time between the request to end and the kill: enough to close a database. */
const GRACE_MS = 2000;

/**
 * Runs the code cells of the notebook at `path` in order, in the notebook's folder.
 *
 * @returns the wall-clock time of the run without the type check
 * @throws {NotebookError} naming notebook, cell, line and message, when a cell fails, does not end or ends the process
 * @throws {TypeError} when the file is no notebook, or not for the project's Deno
 * @throws the reason of `signal` when it is aborted
 */
export async function executeNotebook(path: string, options: ExecuteOptions): Promise<{ durationMs: number }> {
  const notebook = readNotebook(path);
  requireDeno(notebook.metadata, basename(path));
  const cells = codeCells(notebook);
  const generated = generateModule(basename(path), cells, { preludeUrl: preludeUrl() });
  return await withGeneratedFile(path, generated.code, async (file) => {
    if (!options.noCheck) await checkGenerated(path, file, generated, { signal: options.signal });
    options.onStart?.();
    const outputs = new OutputCollector(cells);
    try {
      return await runGenerated({ path, file, generated, outputs }, options);
    } catch (error) {
      if (error instanceof NotebookError) error.failures.forEach((failure) => outputs.addFailure(failure));
      throw error;
    } finally {
      await writeFileAtomic(options.executedPath, outputs.executedCopy(notebook));
    }
  });
}

interface GeneratedRun {
  path: string;
  file: string;
  generated: GeneratedModule;
  outputs: OutputCollector;
}

async function runGenerated(run: GeneratedRun, options: ExecuteOptions): Promise<{ durationMs: number }> {
  const { outputs } = run;
  const end: RunEnd = { done: false, error: null, exit: null };
  const child: Child = startChild({
    module: headlessMainPath(),
    args: [pathToFileURL(run.file).href],
    cwd: dirname(run.path),
    env: options.env,
    deadlineMs: options.deadlineMs,
    signal: options.signal,
    outputLimitBytes: OUTPUT_LIMIT_BYTES,
    graceMs: GRACE_MS,
    onMessage: (message) => {
      const event = message as HeadlessEvent;
      if (event.type === "progress") options.onProgress?.(event.line, event.milestone);
      else if (event.type === "done") end.done = true;
      else if (event.type === "error") end.error ??= event;
      else if (event.type === "exit") end.exit ??= event;
      else outputs.addEvent(event);
    },
    onOutput: (text, stream) => {
      outputs.addText(text, stream);
      options.onText?.(text);
    },
  });
  const result = await child.result;
  if (result.reason === "aborted") throw options.signal?.reason ?? new Error("The notebook was stopped");
  throwOnFailure(run, result, end, options);
  return { durationMs: result.durationMs };
}

function throwOnFailure(run: GeneratedRun, result: ChildResult, end: RunEnd, { deadlineMs }: ExecuteOptions): void {
  const place = { notebook: basename(run.path), cell: run.outputs.cell, line: run.outputs.line };
  const locator = new Locator(run.file, run.generated.positions);
  const failure = end.error
    ? thrownFailure(end.error, place, locator)
    : endFailure(result, end, { place, locator, deadlineMs });
  if (failure) throw new NotebookError([failure]);
}
