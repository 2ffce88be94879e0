// Comparing two records: the ratio of their times with an interval, and a refusal, with every reason, where that would mean nothing.

import { median, quantile, random } from "../../statistics/mod.ts";
import type { Comparison } from "../verdict.ts";
import { providerLabel } from "./provider.ts";
import type { BenchRecord } from "./record.ts";

/** Two records side by side. */
export interface RecordComparison {
  a: BenchRecord;
  b: BenchRecord;
  /** Why they cannot be compared; empty when they can. */
  reasons: string[];
  /** Time of A over time of B: below 1, A is faster; null when they cannot be compared. */
  comparison: Comparison | null;
}

const RESAMPLES = 4000;
const CONFIDENCE = 0.95;
/** Facts by which two machines are the same hardware and system. */
const HARDWARE = ["chip", "arch", "logicalCores", "memoryBytes", "os", "osBuild"] as const;

/** Why the times of two records cannot be compared; empty when they can. The providers may be different ones. */
export function incomparable(a: BenchRecord, b: BenchRecord): string[] {
  const reasons: string[] = [];
  const differ = (what: string, first: unknown, second: unknown) => {
    if (JSON.stringify(first) !== JSON.stringify(second)) {
      reasons.push(`another ${what}: ${text(first)} and ${text(second)}`);
    }
  };
  for (const [name, record] of [["A", a], ["B", b]] as const) {
    const why = record.reasons.join("; ");
    if (record.outcome !== "measured") reasons.push(`${name} was not measured (${record.outcome}: ${why})`);
    else if (record.verdict === "INVALID") reasons.push(`${name} is INVALID (${why})`);
  }
  for (const fact of HARDWARE) differ(`machine, ${fact}`, a.machine[fact], b.machine[fact]);
  differ("subject", a.subject.name, b.subject.name);
  differ("dtype", a.dtype, b.dtype);
  differ("batch", a.batchSize, b.batchSize);
  differ("scenario", a.scenario, b.scenario);
  if (reasons.length === 0 && a.subject.sha256 !== b.subject.sha256) {
    reasons.push(
      `another model of the same name: ${a.subject.sha256.slice(0, 12)} and ${b.subject.sha256.slice(0, 12)}`,
    );
  }
  return reasons;
}

const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/**
 * Time of A over time of B. Both are drawn again, apart: their processes, and in each of these blocks of consecutive calls.
 *
 * @throws {Error} when they cannot be compared, with the reasons
 */
export function compareRecords(a: BenchRecord, b: BenchRecord): Comparison {
  const reasons = incomparable(a, b);
  if (reasons.length > 0) throw new Error(`Cannot compare: ${reasons.join("; ")}`);
  const [first, second] = [a, b].map(({ runs }) => runs.map(({ blockMediansMs }) => blockMediansMs));
  const stream = random("compare records");
  const drawn = (runs: readonly (readonly number[])[]) =>
    median(runs.flatMap(() => {
      const blocks = runs[stream.integer(runs.length)];
      return blocks.map(() => blocks[stream.integer(blocks.length)]);
    }));
  const ratios = Array.from({ length: RESAMPLES }, () => drawn(first) / drawn(second));
  const processes = Math.min(first.length, second.length);
  const beyond = processes > 1
    ? `processes (${first.length} and ${second.length}) and blocks`
    : "blocks of one process: what another process would change is not in it";
  return {
    ratio: median(first.flat()) / median(second.flat()),
    low: quantile(ratios, (1 - CONFIDENCE) / 2),
    high: quantile(ratios, (1 + CONFIDENCE) / 2),
    confidence: CONFIDENCE,
    method: `bootstrap percentile over ${beyond}, ${RESAMPLES} resamples`,
    n: Math.min(first.flat().length, second.flat().length),
  };
}

/**
 * Finds for each record of A the one of B that it is compared with: of the same batch and scenario, and of the same provider where B has
 * several.
 *
 * @returns the pairs, also those that cannot be compared, and the records of A that have no counterpart
 */
export function comparePairs(
  first: readonly BenchRecord[],
  second: readonly BenchRecord[],
): { pairs: RecordComparison[]; alone: BenchRecord[] } {
  const pairs: RecordComparison[] = [];
  const alone: BenchRecord[] = [];
  const single = first.length === 1 && second.length === 1;
  for (const a of first) {
    const alike = second.filter((b) =>
      b.batchSize === a.batchSize && b.scenario.name === a.scenario.name && b.subject.name === a.subject.name
    );
    const same = alike.filter(({ provider }) => providerLabel(provider) === providerLabel(a.provider));
    const b = single ? second[0] : same.at(-1) ?? (alike.length === 1 ? alike[0] : undefined);
    if (!b) {
      alone.push(a);
      continue;
    }
    const reasons = incomparable(a, b);
    pairs.push({ a, b, reasons, comparison: reasons.length === 0 ? compareRecords(a, b) : null });
  }
  return { pairs, alone };
}
