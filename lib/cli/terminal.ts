// What the commands print: lines, and one live line on a terminal that progress overwrites.

import process from "node:process";

/** Receiver of a command's output; tests give their own. */
export interface Terminal {
  /** Prints a line; a live line is removed first. */
  line(text: string): void;
  /** Shows progress: live on a terminal, else as a line when it is a milestone or 10 seconds have passed. */
  live(text: string, milestone: boolean): void;
}

const SPARSE_INTERVAL_MS = 10_000;

/** A terminal on `write`; `columns` is null where there is no terminal. */
export function terminalOn(
  write: (text: string) => void,
  { columns, nowMs = () => performance.now() }: { columns: () => number | null; nowMs?: () => number },
): Terminal {
  let liveShown = false;
  let lastSparseMs = nowMs();
  const clear = () => {
    if (liveShown) write("\r\x1b[K");
    liveShown = false;
  };
  return {
    line(text) {
      clear();
      write(`${text}\n`);
    },
    live(text, milestone) {
      const width = columns();
      if (width !== null) {
        write(`\r\x1b[K${text.slice(0, Math.max(1, width - 1))}`);
        liveShown = true;
      } else if (milestone || nowMs() - lastSparseMs >= SPARSE_INTERVAL_MS) {
        lastSparseMs = nowMs();
        write(`${text}\n`);
      }
    },
  };
}

/** The process's own terminal. */
export function ownTerminal(): Terminal {
  const columns = () => process.stdout.isTTY ? process.stdout.columns || 80 : null;
  return terminalOn((text) => void process.stdout.write(text), { columns });
}
