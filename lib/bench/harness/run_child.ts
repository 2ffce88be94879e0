// Starting the process of a subject, and telling how it ended: an answer, a crash, a hang, too much memory.

import { homedir } from "node:os";
import { projectPath, projectRoot, startChild } from "../../process/mod.ts";
import type { Phase, SubjectMessage, SubjectTask } from "./task.ts";

/** Limits of a process. */
export interface ChildLimits {
  /** Wall-clock time, creation included. */
  deadlineMs: number;
  memoryLimitBytes: number;
  signal?: AbortSignal;
  onMessage?: (message: SubjectMessage) => void;
}

/** What came of a process. */
export interface ChildOutcome {
  messages: SubjectMessage[];
  /** Where it was when it ended. */
  phase: Phase;
  /** Why it did not end as it should, without private paths; null when it did. */
  failure: string | null;
}

/** How a process of a subject is started, here and where subjects take turns. */
export function subjectChild(folder: string) {
  return {
    module: projectPath("lib", "bench", "harness", "subject_process.ts"),
    denoFlags: ["--v8-flags=--expose-gc"],
    // CoreML compiles into this folder, and leaves its files there when it is killed.
    env: { TMPDIR: folder },
  };
}

/**
 * Runs a task to its end.
 *
 * @throws the signal's reason when it aborts
 */
export async function runChild(task: SubjectTask, limits: ChildLimits): Promise<ChildOutcome> {
  const messages: SubjectMessage[] = [];
  let phase: Phase = "start";
  const child = startChild({
    ...subjectChild(task.subject.folder),
    deadlineMs: limits.deadlineMs,
    memoryLimitBytes: limits.memoryLimitBytes,
    signal: limits.signal,
    onMessage(message) {
      const told = message as SubjectMessage;
      if (told.kind === "phase") phase = told.phase;
      else if (told.kind !== "calls") messages.push(told);
      limits.onMessage?.(told);
    },
  });
  child.send(task);
  child.endMessages();
  const { reason, exitCode, signal, stderrTail } = await child.result;
  limits.signal?.throwIfAborted();
  const ended = { reason, exitCode, signal, phase, limits };
  const isWhole = reason === "exit" && exitCode === 0;
  return {
    messages,
    phase,
    failure: isWhole ? null : withoutPaths(`${sentence(ended)}${tail(stderrTail)}`, task.subject.folder),
  };
}

function sentence(
  { reason, exitCode, signal, phase, limits }: {
    reason: string;
    exitCode: number | null;
    signal: string | null;
    phase: Phase;
    limits: ChildLimits;
  },
): string {
  switch (reason) {
    case "deadline":
      return `it did not end within ${(limits.deadlineMs / 1000).toPrecision(3)} s (phase: ${phase})`;
    case "memory":
      return `it took more than ${(limits.memoryLimitBytes / 2 ** 20).toFixed(0)} MiB of memory (phase: ${phase})`;
    case "signal":
      return `it was ended by ${signal} (phase: ${phase})`;
    default:
      return `it ended with ${reason === "exit" ? `exit code ${exitCode}` : reason} (phase: ${phase})`;
  }
}

const MAX_TAIL = 400;

/** The error's own line, or the end of what was printed. */
function tail(text: string): string {
  const lines = text.trim().split("\n").filter((line) => line.trim() !== "" && !/^\s+at /.test(line));
  const error = lines.find((line) => /Error\b.*:/.test(line)) ?? lines.at(-1);
  return error ? `: ${error.trim().replace(/^error: (Uncaught )?(\(in promise\) )?/, "").slice(0, MAX_TAIL)}` : "";
}

/** Text without this machine's folders, which records must not tell. */
export function withoutPaths(text: string, folder: string): string {
  return text.replaceAll(folder, "TMP").replaceAll(projectRoot(), "PROJECT").replaceAll(homedir(), "HOME");
}
