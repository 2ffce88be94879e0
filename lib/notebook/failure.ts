// What went wrong in a notebook, always told as notebook, cell, line and message.

/** A place in a notebook and what happened there. */
export interface NotebookFailure {
  /** File name of the notebook: "02-lnsp-size-analysis.ipynb". */
  notebook: string;
  /** Number of the code cell from 1, as "Run All" numbers it; null when no cell is to blame. */
  cell: number | null;
  /** Line in the cell from 1; null when it is not known. */
  line: number | null;
  message: string;
  /** Frames below the cell, for example the line in `lib/` that threw; paths relative to the project. */
  stack: string[];
}

/** One or more failures of a notebook; the message has one line for each. */
export class NotebookError extends Error {
  override name = "NotebookError";

  constructor(readonly failures: NotebookFailure[]) {
    super(failures.map(formatFailure).join("\n"));
  }
}

/**
 * `02-lnsp.ipynb, cell 3, line 2: message`, followed by the stack's lines, indented.
 *
 * @example
 * ```ts
 * import { formatFailure } from "lib/notebook/mod.ts";
 * const failure = { notebook: "02-lnsp.ipynb", cell: 3, line: 2, message: "Error: no data", stack: [] };
 * console.log(formatFailure(failure)); // 02-lnsp.ipynb, cell 3, line 2: Error: no data
 * ```
 */
export function formatFailure({ notebook, cell, line, message, stack }: NotebookFailure): string {
  const place = [notebook, cell === null ? null : `cell ${cell}`, line === null ? null : `line ${line}`];
  const head = `${place.filter((part) => part !== null).join(", ")}: ${message}`;
  return [head, ...stack.map((frame) => `    ${frame}`)].join("\n");
}
