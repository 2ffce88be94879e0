// What the benchmark commands share: their options, running, and the file that a run's cells are merged into.

import { existsSync, readFileSync } from "node:fs";
import {
  type Benchmark,
  type BenchmarkSubject,
  benchmarkTable,
  type MeasuredCells,
  mergeRun,
  parseBenchmark,
  type RunOptions,
} from "../bench/mod.ts";
import { projectPath, writeFileAtomic } from "../process/mod.ts";
import { machineFacts } from "../runtime/mod.ts";
import { CommandError } from "./command.ts";
import type { Terminal } from "./terminal.ts";

/** Options that every benchmark has. */
export const BENCH_OPTIONS = {
  quick: { type: "boolean", default: false },
  threads: { type: "string", default: "2,1" },
  blocks: { type: "string", default: "" },
  wait: { type: "string", default: "30" },
  minutes: { type: "string", default: "" },
  output: { type: "string", default: "" },
} as const;

/** Their values. */
export interface BenchValues {
  quick: boolean;
  blocks: string;
  wait: string;
  minutes: string;
  output: string;
}

const FULL_TURNS = { blocks: 14, blockMs: 100, minSteps: 4, maxSteps: 30 };
const QUICK_TURNS = { blocks: 6, blockMs: 40, minSteps: 3, maxSteps: 30 };
const ATTEMPTS = { full: 3, quick: 1 };

/** How cells are run; a run is bounded by `minutes` unless --minutes says otherwise. */
export function runOptions(values: BenchValues, minutes: number): Omit<RunOptions, "signal" | "onProgress"> {
  const turns = values.quick ? QUICK_TURNS : FULL_TURNS;
  const [blocks] = values.blocks === "" ? [turns.blocks] : counts("blocks", values.blocks);
  if (blocks % 2 !== 0) throw new CommandError(`Cannot benchmark: expected --blocks to be even, got ${blocks}`);
  return {
    turns: { ...turns, blocks },
    attempts: values.quick ? ATTEMPTS.quick : ATTEMPTS.full,
    quietMs: positive("wait", values.wait) * 1000,
    budgetMs: positive("minutes", values.minutes || String(minutes)) * 60_000,
  };
}

/** Where a benchmark is written: a quick run never replaces a full one. */
export function outputFile(name: string, { quick, output }: BenchValues): string {
  return output || projectPath("reports", "benchmarks", quick ? `${name}-quick.json` : `${name}.json`);
}

/** Integers from 1, separated by commas. */
export function counts(name: string, text: string): number[] {
  return text.split(",").map((part) => {
    const value = Number(part);
    if (Number.isInteger(value) && value >= 1) return value;
    throw new CommandError(`Cannot benchmark: expected --${name} to be integers from 1, got "${part}"`);
  });
}

/** Names out of a list, separated by commas. */
export function choices<T extends string>(name: string, text: string, known: readonly T[]): T[] {
  return text.split(",").filter((part) => part !== "").map((part) => {
    if (known.includes(part as T)) return part as T;
    throw new CommandError(`Cannot benchmark: expected --${name} to be of ${known.join(", ")}, got "${part}"`);
  });
}

/** A positive number. */
export function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0 && value < Infinity) return value;
  throw new CommandError(`Cannot benchmark: expected --${name} to be a positive number, got "${text}"`);
}

/**
 * Runs a benchmark, merging its cells into the file after each of them, so that what was measured is kept whatever happens.
 *
 * @param run measures; it calls `onProgress` after each cell
 */
export async function runIntoFile(
  about: BenchmarkSubject,
  { output, terminal }: { output: string; terminal: Terminal },
  run: (onProgress: RunOptions["onProgress"]) => Promise<MeasuredCells>,
): Promise<number> {
  const previous = existsSync(output) ? parseBenchmark(readFileSync(output, "utf8"), about.benchmark) : null;
  const write = async (measured: MeasuredCells): Promise<Benchmark> => {
    const merged = mergeRun(previous, measured, { ...about, machine: machineFacts() });
    await writeFileAtomic(output, `${JSON.stringify(merged)}\n`);
    return merged;
  };
  const measured = await run(async ({ done, total, leftMs, last, measured }) => {
    terminal.live(`${done} of ${total}, at most ${Math.ceil(leftMs / 60_000)} min left; ${last}`, false);
    await write(measured);
  });
  terminal.line(benchmarkTable(await write(measured)));
  terminal.line(`\nWritten to ${output}`);
  return 0;
}
