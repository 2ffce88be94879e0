// What the end of an attempt means: the last report of its process, how the process ended if it did, and what the pool did to it.

import type { ChildResult } from "../../process/mod.ts";
import type { StopReason } from "../executor.ts";
import type { TrialReport } from "../messages.ts";
import type { FailureKind } from "../rows.ts";
import type { AttemptEnd } from "../store.ts";
import { gib } from "./system_memory.ts";

/** The report that an attempt ends with. */
export type LastReport = Extract<TrialReport, { type: "result" | "error" }>;

/** A failure that the pool found itself, and ended the process for. */
export interface Verdict {
  outcome: FailureKind;
  message: string;
}

/** All that is known of an attempt when it has ended. */
export interface AttemptFacts {
  last: LastReport | null;
  /** Null while the process goes on. */
  exit: ChildResult | null;
  verdict: Verdict | null;
  /** What `stop` was called with. */
  stop: StopReason | null;
  /** Says from the process's end that it was killed for want of memory. */
  memory: string | null;
  stderrTail: string;
  seconds: number;
  /** The highest seen, for attempts without a result. */
  peakRssBytes: number | null;
}

const STOPPED: Record<StopReason, string> = {
  interrupted: "the run was stopped",
  cancelled: "the trial was cancelled",
  pruned: "the trial was pruned",
};

/** Puts the facts together. A result counts, however the process ended after it. */
export function attemptEnd(facts: AttemptFacts): AttemptEnd {
  const { last, exit, verdict, stop, memory, stderrTail, seconds, peakRssBytes } = facts;
  const common = { stderrTail, seconds, peakRssBytes, result: null };
  if (verdict?.outcome === "diverged") return { ...common, ...verdict };
  if (last?.type === "result" && last.result.stopped !== "aborted") {
    return { ...common, outcome: "finished", message: null, result: last.result, peakRssBytes: last.peakRssBytes };
  }
  if (verdict !== null) return { ...common, ...verdict };
  if (last?.type === "error") return { ...common, ...thrown(last) };
  if (stop !== null) return { ...common, outcome: stop, message: STOPPED[stop] };
  if (memory !== null) return { ...common, outcome: "memory", message: memory };
  return { ...common, ...failure(exit, { reported: last !== null, stderrTail }) };
}

const OUT_OF_MEMORY =
  /bad_alloc|bad allocation|out of memory|allocation failed|failed to allocate memory|could not allocate|cannot allocate memory|ENOMEM/i;
const DISK_FULL = /ENOSPC|no space left on device|disk is full|os error 28/i;

function thrown({ message }: Extract<LastReport, { type: "error" }>): Verdict {
  if (message.startsWith("Training diverged")) return { outcome: "diverged", message };
  if (DISK_FULL.test(message)) {
    return {
      outcome: "threw",
      message: `found no room on the disk (${message}); free some, and the next run goes on where it was`,
    };
  }
  if (OUT_OF_MEMORY.test(message)) {
    return { outcome: "memory", message: `could not get the memory it needs: ${message}` };
  }
  return { outcome: "threw", message };
}

/** Exit codes with which V8 and the C++ library end a process that has no memory left: by SIGABRT, SIGTRAP or SIGILL. */
const ABORT_CODES = [132, 133, 134];
const ABORT_SIGNALS = ["SIGABRT", "SIGTRAP", "SIGILL"];

function failure(
  exit: ChildResult | null,
  { reported, stderrTail }: { reported: boolean; stderrTail: string },
): Verdict {
  if (exit === null) return { outcome: "protocol", message: "ended without a result" };
  const { reason, exitCode, signal } = exit;
  const aborted = ABORT_CODES.includes(exitCode ?? 0) || ABORT_SIGNALS.includes(signal ?? "");
  if (aborted && OUT_OF_MEMORY.test(stderrTail)) {
    return { outcome: "memory", message: `ended itself for want of memory (${signal ?? `exit code ${exitCode}`})` };
  }
  switch (reason) {
    case "memory":
      return {
        outcome: "memory",
        message: `was ended because it took more memory than the sweep may use${held(exit)}`,
      };
    case "output":
      return { outcome: "output", message: "was ended because it printed too much" };
    case "protocol":
      return { outcome: "protocol", message: "sent a message that could not be read" };
    case "exit":
      return reported
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

function held({ peakRssBytes }: ChildResult): string {
  return peakRssBytes === null ? "" : `: it held ${gib(peakRssBytes)}`;
}
