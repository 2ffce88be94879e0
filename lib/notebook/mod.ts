// lib/notebook: notebooks as programs. Parameters by scale, a progress display, a guard against kernels that lose outputs;
// a headless runner that type-checks a notebook, runs it in one child process and keeps the outputs of every cell;
// identities that say whether a report is still what its notebook would make. Notebooks themselves import lib/notebook/run.ts,
// which leaves the runner out, so that a change of the runner makes no report stale.
// Reports are made by lib/report; the commands that users type are in lib/cli.

export { checkNotebook } from "./check.ts";
export {
  cellSource,
  type CodeCell,
  codeCells,
  formatNotebook,
  type NotebookCell,
  type NotebookDocument,
  notebookName,
  parseNotebook,
  readNotebook,
} from "./document.ts";
export { executeNotebook, type ExecuteOptions } from "./execute.ts";
export { formatFailure, NotebookError, type NotebookFailure } from "./failure.ts";
export { describeFreshness, type Freshness, reportFreshness } from "./freshness.ts";
export { identityChanges, notebookIdentity, type RunRequest } from "./identity.ts";
export { isProvenKernel, KERNEL_DENO_VERSION, KERNEL_DISPLAY_NAME } from "./kernel_guard.ts";
export { type KernelIdentity, type KernelKind, kernelOf, KERNELS } from "./kernels.ts";
export { NotebookBusyError, takeNotebookLock } from "./lock.ts";
export { resolveParameters, RUN_VARIABLE, SCALES } from "./parameters.ts";
export { formatDuration } from "./progress.ts";
export {
  executedPath,
  notebookFreshness,
  reportNotebook,
  type ReportOutcome,
  type ReportRunOptions,
} from "./report_run.ts";
export * from "./run.ts";
export { stripNotebook } from "./strip.ts";
