// From a notebook to its report: is it fresh, may the new one replace it, run, check what was written, move it into place.

import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { projectPath, projectRoot } from "../process/mod.ts";
import type { RunIdentity } from "../record/mod.ts";
import { notebookName } from "./document.ts";
import { executeNotebook } from "./execute.ts";
import { NotebookError } from "./failure.ts";
import { describeFreshness, type Freshness, readResults, reportFreshness, reportRank } from "./freshness.ts";
import { identityChanges, notebookIdentity } from "./identity.ts";
import { takeNotebookLock } from "./lock.ts";
import { usableSteps } from "./kept_steps.ts";
import { RUN_VARIABLE, type Scale } from "./parameters.ts";
import { promoteReport } from "./promote.ts";

/** Options of {@link reportNotebook}. */
export interface ReportRunOptions {
  scale: Scale;
  /** Overrides of parameters by name; text is parsed by the notebook. */
  overrides?: Record<string, unknown>;
  /** `MachineFacts.id` of this machine. */
  machine: string;
  /** Run although the report is fresh, and replace one of a larger scale. */
  force?: boolean;
  /** Make all steps anew, although an interrupted run has left some. */
  restart?: boolean;
  /** Skip the type check, which takes a few seconds. */
  noCheck?: boolean;
  deadlineMs?: number;
  signal?: AbortSignal;
  /** What happens, a line at a time. */
  onStatus?: (line: string) => void;
  onProgress?: (line: string, milestone: boolean) => void;
  onText?: (text: string) => void;
  /** Folder of all reports; `reports/` of the project by default. */
  reportsDir?: string;
  /** Folder of everything that can be made again; `.cache/` of the project by default. */
  cacheDir?: string;
}

/** What became of a report. */
export interface ReportOutcome {
  /** "fresh": nothing had to be done. */
  status: "fresh" | "written";
  /** Folder of the report. */
  folder: string;
  /** Scale of the report in that folder. */
  scale: string;
  /** Time that the notebook ran; 0 when nothing had to be done. */
  durationMs: number;
  /** Something the user should know, for example that a larger report was kept; null when there is nothing. */
  note: string | null;
}

/** Time after which a run counts as hanging. */
const DEADLINE_MS: Record<Scale, number> = { smoke: 10 * 60_000, quick: 60 * 60_000, full: 24 * 3600_000 };

/**
 * Brings the report of the notebook at `path` up to date. A failure leaves the previous report as it was.
 *
 * Steps that the notebook keeps (see `KeepStep`) outlive a run that fails, is stopped or killed; the next one goes on after them.
 *
 * A run of a smaller scale, or with overridden parameters, never replaces a larger report unless `force` is set: its report then goes
 * to `.cache/reports/`, and so does every report of scale smoke.
 *
 * @throws {NotebookError} when the notebook fails or writes no report
 * @throws {NotebookBusyError} when the notebook is running already
 */
export async function reportNotebook(path: string, options: ReportRunOptions): Promise<ReportOutcome> {
  const { scale, overrides = {}, machine, force = false, onStatus } = options;
  const name = notebookName(path);
  // Absolute: the notebook runs in its own folder.
  const cacheDir = resolve(options.cacheDir ?? projectPath(".cache"));
  const identity = await notebookIdentity(path, { scale, overrides, machine });
  const places = reportPlaces(name, identity, { reportsDir: options.reportsDir, cacheDir });
  const state = freshnessOf(places, identity);
  if (state.freshness.status === "fresh" && !force) {
    return { status: "fresh", folder: state.folder, scale: state.freshness.scale, durationMs: 0, note: null };
  }
  const release = await takeNotebookLock(join(cacheDir, "notebooks", `${name}.lock`), basename(path));
  try {
    const stepsDir = join(cacheDir, "notebooks", `${name}.${basename(places.aside)}.steps`);
    if (options.restart) rmSync(stepsDir, { recursive: true, force: true });
    const kept = usableSteps(stepsDir, identity);
    const resumes = kept > 0 ? `, with ${kept} ${kept === 1 ? "step" : "steps"} of an interrupted run` : "";
    onStatus?.(`${describeFreshness(state.freshness)}${resumes}`);
    return await runInto(path, { name, identity, places, cacheDir, stepsDir }, options);
  } finally {
    release();
  }
}

/** The state of the report of the notebook at `path`, without running anything. */
export async function notebookFreshness(
  path: string,
  { scale, overrides = {}, machine, reportsDir, cacheDir = projectPath(".cache") }: ReportRunOptions,
): Promise<Freshness> {
  const identity = await notebookIdentity(path, { scale, overrides, machine });
  const places = reportPlaces(notebookName(path), identity, { reportsDir, cacheDir });
  return freshnessOf(places, identity).freshness;
}

interface ReportPlaces {
  /** Where the committed report stands. */
  main: string;
  /** Where a report goes that must not replace it. */
  aside: string;
}

function reportPlaces(
  name: string,
  identity: RunIdentity,
  { reportsDir = projectPath("reports"), cacheDir }: { reportsDir?: string; cacheDir: string },
): ReportPlaces {
  const variant = reportRank(identity) % 2 === 1
    ? identity.scale
    : `${identity.scale}-${identity.parameters.slice(0, 8)}`;
  return { main: resolve(reportsDir, name), aside: join(cacheDir, "reports", name, variant) };
}

/** The main report's state, unless the one kept aside for this kind of run is fresh. */
function freshnessOf({ main, aside }: ReportPlaces, identity: RunIdentity): { freshness: Freshness; folder: string } {
  const freshness = reportFreshness(main, identity);
  if (freshness.status === "fresh") return { freshness, folder: main };
  const other = reportFreshness(aside, identity);
  return other.status === "fresh" ? { freshness: other, folder: aside } : { freshness, folder: main };
}

interface RunTarget {
  name: string;
  identity: RunIdentity;
  places: ReportPlaces;
  cacheDir: string;
  stepsDir: string;
}

async function runInto(path: string, target: RunTarget, options: ReportRunOptions): Promise<ReportOutcome> {
  const { name, identity, cacheDir, stepsDir } = target;
  const { scale, overrides = {} } = options;
  mkdirSync(join(cacheDir, "notebooks"), { recursive: true });
  const staging = mkdtempSync(join(cacheDir, "notebooks", `${name}.staging-`));
  const run = { scale, parameters: overrides, outputDir: staging, identity, stepsDir };
  try {
    const { durationMs } = await executeNotebook(path, {
      executedPath: executedPath(name, cacheDir),
      env: { [RUN_VARIABLE]: JSON.stringify(run) },
      deadlineMs: options.deadlineMs ?? DEADLINE_MS[scale],
      signal: options.signal,
      noCheck: options.noCheck,
      onProgress: options.onProgress,
      onText: options.onText,
    });
    checkWritten(path, name, staging);
    const { folder, note } = destination(target, options.force ?? false);
    await promoteReport(staging, folder);
    rmSync(stepsDir, { recursive: true, force: true });
    const changed = await changedMeanwhile(path, identity, overrides);
    return { status: "written", folder, scale, durationMs, note: [note, changed].filter(Boolean).join("; ") || null };
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Where the executed copy of a notebook is kept. */
export function executedPath(name: string, cacheDir: string = projectPath(".cache")): string {
  return join(cacheDir, "notebooks", `${name}.executed.ipynb`);
}

function checkWritten(path: string, name: string, staging: string): void {
  const results = readResults(staging);
  const fail = (message: string) =>
    new NotebookError([{ notebook: basename(path), cell: null, line: null, message, stack: [] }]);
  if (!results && existsSync(join(staging, "results.json"))) throw fail("It wrote a results.json that cannot be read");
  if (!results) throw fail("It ran to its end but wrote no report: its last cell should call `await report.write()`");
  if (results.report !== name) {
    throw fail(
      `It wrote a report named "${results.report}": expected new Report("${name}"), the name of the notebook's file`,
    );
  }
}

function destination({ places, identity }: RunTarget, force: boolean): { folder: string; note: string | null } {
  if (force) return { folder: places.main, note: null };
  const existing = readResults(places.main);
  const existingRank = existing ? reportRank(existing.identity ?? { scale: existing.scale, parameters: "" }) : -1;
  if (existingRank > reportRank(identity)) {
    const kept = relative(projectRoot(), places.main);
    return { folder: places.aside, note: `the ${existing!.scale} report in ${kept} is kept; --force replaces it` };
  }
  if (identity.scale === "smoke") return { folder: places.aside, note: null };
  return { folder: places.main, note: null };
}

async function changedMeanwhile(
  path: string,
  before: RunIdentity,
  overrides: Record<string, unknown>,
): Promise<string | null> {
  const now = await notebookIdentity(path, { scale: before.scale, overrides, machine: before.machine });
  const changes = identityChanges(before, now);
  return changes.length > 0 ? `while it ran, ${changes.join(", ")}: the report counts as stale` : null;
}
