// Results files, read once and kept until they change: a folder of ten machines' results is megabytes to check.

import { readFileSync, statSync } from "node:fs";
import { checkClaims, describeCheck } from "../claims/mod.ts";
import { sha256Hex } from "../process/mod.ts";
import { parseResults, type ResultsFile } from "../record/mod.ts";

/** A results file that passes its schema. */
export interface GoodResults {
  /** Its records answer only claims that there are, in units that can be compared with these. */
  results: ResultsFile;
  hash: string;
  /** Sentences on the answers that were taken out for that. */
  refusedAnswers: string[];
}

/** A results file, or why it does not pass its schema. */
export type ReadResults = GoodResults | { problem: string };

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
    return { ...withGoodAnswers(parseResults(text)), hash: sha256Hex(text) };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

function withGoodAnswers(results: ResultsFile): Pick<GoodResults, "results" | "refusedAnswers"> {
  const { unknown, unitMismatch } = checkClaims(results.records, results.unanswered, null);
  const refusedAnswers = describeCheck({ unknown, unitMismatch, answeredTwice: [], missing: [] });
  if (refusedAnswers.length === 0) return { results, refusedAnswers };
  const refused = new Set([
    ...unknown.map(({ claim, by }) => `${by} ${claim}`),
    ...unitMismatch.map(({ claim, record }) => `${record} ${claim}`),
  ]);
  const records = results.records.map((record) => ({
    ...record,
    claims: record.claims.filter((claim) => !refused.has(`${record.id} ${claim}`)),
  }));
  return { results: { ...results, records }, refusedAnswers };
}
