// Results files, read once and kept until they change: a folder of ten machines' results is megabytes to check.

import { readFileSync, statSync } from "node:fs";
import { sha256Hex } from "../process/mod.ts";
import { parseResults, type ResultsFile } from "../record/mod.ts";

/** A results file that passes its schema, or why it does not. */
export type ReadResults = { results: ResultsFile; hash: string } | { problem: string };

interface Kept {
  stamp: string;
  read: ReadResults;
}

/** Reads results files. */
export class ResultsReader {
  readonly #kept = new Map<string, Kept>();

  /** The results at `path`; what went wrong is told in a sentence, never thrown. */
  read(path: string): ReadResults {
    const stamp = fileStamp(path);
    const kept = this.#kept.get(path);
    if (kept?.stamp === stamp) return kept.read;
    const read = readNow(path);
    this.#kept.set(path, { stamp, read });
    return read;
  }
}

/** A text that changes when a file does; "" when there is none. */
export function fileStamp(path: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(path);
    return `${ino} ${mtimeMs} ${size}`;
  } catch {
    return "";
  }
}

function readNow(path: string): ReadResults {
  try {
    const text = readFileSync(path, "utf8");
    return { results: parseResults(text), hash: sha256Hex(text) };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}
