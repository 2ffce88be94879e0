// One attempt at a trial: a fresh process that is told what to train, watched until it has ended, and what its end means.

import { type Child, type ChildResult, startChild } from "../process/mod.ts";
import type { EpochSummary } from "../train/mod.ts";
import type { TrialOrder, TrialReport } from "./messages.ts";
import type { FailureKind } from "./rows.ts";
import type { AttemptEnd } from "./store.ts";

/** What an attempt needs beside its order. Callbacks may throw: the process is then ended and the attempt rejects. */
export interface AttemptOptions {
  /** The module that runs as the trial's process. */
  trialModule: string;
  deadlineMs?: number;
  signal?: AbortSignal;
  onStart: (pid: number) => void;
  onReady: (baselineRssBytes: number) => void;
  onEpoch: (summary: EpochSummary) => void;
}

/** Time for a checkpoint after a request to end; a large model's takes a while to write. */
const GRACE_MS = 30_000;
/** Time to end by itself after the result. */
const EXIT_WAIT_MS = 5_000;

/** Runs a trial in a process of its own. Rejected only when a callback threw or no process could be started. */
export async function runAttempt(order: TrialOrder, options: AttemptOptions): Promise<AttemptEnd> {
  let last: Extract<TrialReport, { type: "result" | "error" }> | null = null;
  let exitTimer: ReturnType<typeof setTimeout> | undefined;
  const startMs = performance.now();
  const child: Child = startChild({
    module: options.trialModule,
    denoFlags: ["--v8-flags=--expose-gc"], // the process collects garbage before it measures its memory
    deadlineMs: options.deadlineMs,
    signal: options.signal,
    graceMs: GRACE_MS,
    onMessage: (message) => {
      const report = message as TrialReport;
      if (last !== null) return;
      if (report.type === "ready") options.onReady(report.baselineRssBytes);
      else if (report.type === "epoch") {
        const wrong = notFinite(report.summary);
        if (wrong === null) return options.onEpoch(report.summary);
        last = { type: "error", name: DIVERGED, message: wrong };
        child.kill();
      } else if (report.type === "result" || report.type === "error") {
        last = report;
        exitTimer = setTimeout(() => child.kill(), EXIT_WAIT_MS);
      }
    },
  });
  try {
    if (child.pid > 0) options.onStart(child.pid);
    child.send(order);
    child.endMessages();
  } catch (error) {
    child.kill();
    await child.result.catch(() => {});
    throw error;
  }
  const ended = await child.result.finally(() => clearTimeout(exitTimer));
  return attemptEnd(ended, { last, deadlineMs: options.deadlineMs, seconds: (performance.now() - startMs) / 1000 });
}

const DIVERGED = "Diverged";

/** What the end of a process and its last report mean together. A result counts, however the process ended after it. */
export function attemptEnd(
  ended: ChildResult,
  { last, deadlineMs, seconds }: {
    last: Extract<TrialReport, { type: "result" | "error" }> | null;
    deadlineMs?: number;
    seconds: number;
  },
): AttemptEnd {
  const common = { stderrTail: ended.stderrTail, seconds, peakRssBytes: ended.peakRssBytes, result: null };
  if (last?.type === "result" && last.result.stopped !== "aborted") {
    return { ...common, outcome: "finished", message: null, result: last.result, peakRssBytes: last.peakRssBytes };
  }
  if (last?.type === "error") {
    const diverged = last.name === DIVERGED || last.message.startsWith("Training diverged");
    return { ...common, outcome: diverged ? "diverged" : "threw", message: last.message };
  }
  if (ended.reason === "aborted") return { ...common, outcome: "interrupted", message: "the run was stopped" };
  return { ...common, ...failure(ended, deadlineMs, last !== null) };
}

function failure(
  { reason, exitCode, signal }: ChildResult,
  deadlineMs: number | undefined,
  stoppedOnRequest: boolean,
): { outcome: FailureKind; message: string } {
  switch (reason) {
    case "deadline":
      return { outcome: "deadline", message: `did not end within its deadline of ${(deadlineMs ?? 0) / 1000} s` };
    case "output":
      return { outcome: "output", message: "was ended because it printed too much" };
    case "protocol":
      return { outcome: "protocol", message: "sent a message that could not be read" };
    case "exit":
      return stoppedOnRequest
        ? { outcome: "killed", message: "was asked to end by another process (SIGTERM)" }
        : { outcome: "exited", message: `ended with exit code ${exitCode} and without a result` };
    default:
      return {
        outcome: "killed",
        message: `was killed by ${
          signal ?? "a signal"
        } from outside (another process, or the system for want of memory)`,
      };
  }
}

/** JSON has no NaN, and a quantity without a value is no result: the first one in a summary, as a sentence. */
function notFinite({ epoch, trainLoss, validation }: EpochSummary): string | null {
  if (!Number.isFinite(trainLoss)) return `the training loss is ${trainLoss} in epoch ${epoch}`;
  const name = Object.keys(validation).find((name) => !Number.isFinite(validation[name]));
  return name === undefined
    ? null
    : `the metric ${name} is ${validation[name]} on the validation split in epoch ${epoch}`;
}
