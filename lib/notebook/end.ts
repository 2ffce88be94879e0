// How a headless notebook ended, in words: who threw where, or why the process is gone.

import type { ChildResult } from "../process/mod.ts";
import type { NotebookFailure } from "./failure.ts";
import type { HeadlessEvent } from "./jupyter.ts";
import type { Frame, Locator } from "./locate.ts";
import { formatDuration } from "./progress.ts";

type ErrorEvent = Extract<HeadlessEvent, { type: "error" }>;
type ExitEvent = Extract<HeadlessEvent, { type: "exit" }>;

/** What the notebook's process said about its end. */
export interface RunEnd {
  /** Every cell ran to its end. */
  done: boolean;
  error: ErrorEvent | null;
  exit: ExitEvent | null;
}

/** Where the notebook was when the last event came. */
export interface Place {
  notebook: string;
  cell: number | null;
  line: number | null;
}

/** The failure that an error event stands for. */
export function thrownFailure(error: ErrorEvent, place: Place, locator: Locator): NotebookFailure {
  // The message stands in front of the frames and may name lines of its own; an import failure names its place only there.
  const thrown = locator.tellable(error.stack.slice(Math.max(0, error.stack.search(/^ {4}at /m))));
  const inNotebook = thrown.some(({ position }) => position !== null);
  const frames = inNotebook ? thrown : locator.tellable(`${error.message}\n${error.stack}`);
  const prefix = { cell: "", rejection: "Unhandled rejection: ", callback: "In a callback: " }[error.origin];
  const message = `${prefix}${error.name}: ${withoutPlace(locator.clean(error.message))}`;
  return { ...located(frames, place, error.origin), notebook: place.notebook, message };
}

/** The failure of a process that ended without an error event; null when it ended well. */
export function endFailure(
  result: ChildResult,
  end: RunEnd,
  { place, locator, deadlineMs = 0 }: { place: Place; locator: Locator; deadlineMs?: number },
): NotebookFailure | null {
  const failure = (message: string): NotebookFailure => ({ ...place, message, stack: [] });
  switch (result.reason) {
    case "deadline":
      return failure(
        `Did not finish within ${
          formatDuration(deadlineMs)
        }: an endless loop, a promise that never settles, or a longer --timeout is needed`,
      );
    case "memory":
      return failure("Stopped: the notebook used more memory than it may");
    case "output":
      return failure("Stopped: the notebook printed more than 64 MiB");
    case "signal":
      return failure(`The process was killed by ${result.signal}${memoryHint(result)}`);
    case "killed":
    case "protocol":
      return failure("The process was ended by the runner: its messages could not be read");
  }
  if (end.exit && !(end.done && end.exit.code === 0)) {
    const frames = locator.tellable(end.exit.stack);
    const message = `Deno.exit(${end.exit.code}) ended the notebook before its last cell`;
    return { ...located(frames, place, "cell"), notebook: place.notebook, message };
  }
  if (result.exitCode === 0 && end.done) return null;
  if (/Top-level await promise never resolved/.test(result.stderrTail)) {
    return failure("A promise that is awaited here never settles, and nothing is left that could settle it");
  }
  const lastLine = locator.clean(result.stderrTail).trim().split("\n").at(-1);
  return failure(`The process ended early with exit code ${result.exitCode}${lastLine ? `: ${lastLine}` : ""}`);
}

/** Cell and line of a stack: in the running cell if one of its lines is on the stack, else the innermost notebook line. */
function located(
  frames: Frame[],
  place: Place,
  origin: ErrorEvent["origin"],
): Omit<NotebookFailure, "notebook" | "message"> {
  const inCurrent = origin === "cell" ? frames.findIndex((frame) => frame.position?.cell === place.cell) : -1;
  const index = inCurrent >= 0 ? inCurrent : frames.findIndex((frame) => frame.position !== null);
  const stack = (index >= 0 ? frames.slice(0, index) : frames).map((frame) => `at ${frame.text}`);
  const position = frames[index]?.position;
  // An error while the running cell's own line is not on the stack still stopped that cell.
  if (!position || (origin === "cell" && place.cell !== null && inCurrent < 0)) {
    return { cell: place.cell, line: place.line, stack: frames.map((frame) => `at ${frame.text}`) };
  }
  return { cell: position.cell, line: position.line, stack };
}

function withoutPlace(message: string): string {
  return message.replace(/,?\s+at (cell \d+, line \d+|(the notebook|[\w./-]+):\d+:\d+)(\n[\s\S]*)?$/, "");
}

function memoryHint({ signal, stderrTail }: ChildResult): string {
  if (/out of memory/i.test(stderrTail)) return ": JavaScript ran out of memory";
  return signal === "SIGKILL" ? " (by the system when memory is short, or by hand)" : "";
}
