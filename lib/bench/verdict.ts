// What may be said of measured blocks: their summary, the ratio of two sides, and whether either can be trusted.

import { median, quantile, random, ratioInterval } from "../statistics/mod.ts";
import type { Block } from "./interleave.ts";

/** Trustworthy; to be read with care; not to be used. */
export type Verdict = "VALID" | "NOISY" | "INVALID";

/** A verdict and why it is not VALID. */
export interface Judgement {
  verdict: Verdict;
  reasons: string[];
}

/** One side of a cell. */
export interface SideSummary {
  medianMs: number;
  /** Third quartile less first. */
  iqrMs: number;
  /** Steps timed. */
  n: number;
}

/** How the time of one side relates to that of another. */
export interface Comparison {
  /** Time of the first over time of the second: below 1, the first is faster. */
  ratio: number;
  low: number;
  high: number;
  confidence: number;
  method: string;
  /** Pairs of blocks. */
  n: number;
}

const NOISY_SPREAD = 0.1;
const INVALID_SPREAD = 0.25;
/** Change between the medians of the first and the last third of a side's blocks beyond which it drifted. */
const DRIFT = 0.1;
const CONFIDENCE = 0.95;
const RESAMPLES = 4000;

/** Median, interquartile range and count over all steps of a side. */
export function summarizeSide(blocks: readonly Block[]): SideSummary {
  const samples = blocks.flat();
  return {
    medianMs: median(samples),
    iqrMs: quantile(samples, 0.75) - quantile(samples, 0.25),
    n: samples.length,
  };
}

/** The median of each block. */
function blockMedians(blocks: readonly Block[]): number[] {
  return blocks.map((block) => median(block));
}

/** Time of `first` over time of `second`, by the medians of paired blocks: below 1, the first is faster. */
export function timeRatio(first: readonly Block[], second: readonly Block[]): Comparison {
  const { value, n, interval } = ratioInterval(blockMedians(first), blockMedians(second), {
    seed: "compare sides",
    confidence: CONFIDENCE,
    resamples: RESAMPLES,
  });
  return { ratio: value, n, ...interval };
}

/**
 * Judges a cell by its sides' blocks.
 *
 * @param sides by name, for the reasons
 * @param problems what was found before anything was timed, such as losses that differ: each makes the cell INVALID
 */
export function judge(sides: Readonly<Record<string, readonly Block[]>>, problems: readonly string[] = []): Judgement {
  const reasons: string[] = [...problems];
  let verdict: Verdict = problems.length > 0 ? "INVALID" : "VALID";
  const lower = (to: Verdict, ...why: string[]) => {
    if (verdict !== "INVALID") verdict = to;
    reasons.push(...why);
  };
  for (const [name, blocks] of Object.entries(sides)) {
    const { medianMs, iqrMs } = summarizeSide(blocks);
    const spread = judgeSpread(name, iqrMs / medianMs);
    if (spread.verdict !== "VALID") lower(spread.verdict, ...spread.reasons);
    if (drifts(driftOf(blocks))) lower("INVALID", `${name}: drift of ${percent(driftOf(blocks))}`);
  }
  return { verdict, reasons };
}

/** Judges by an interquartile range over its median alone: of calls, or of what each of several rounds says. */
export function judgeSpread(name: string, spread: number): Judgement {
  const reasons = [`${name}: IQR/median ${spread.toFixed(2)}`];
  if (!(spread <= INVALID_SPREAD)) return { verdict: "INVALID", reasons };
  return spread > NOISY_SPREAD ? { verdict: "NOISY", reasons } : { verdict: "VALID", reasons: [] };
}

/** From so many processes on they are judged together, and a ratio by its rounds: with fewer, their order bounds no median with 95%. */
export const MANY_PROCESSES = 6;

/**
 * Judges the calls of processes that ran one after the other. Of few, each must be steady by itself. Of many, in which one that drifts or
 * lies badly in memory is one value of many, all calls together must: their spread, their drift from the first processes to the last, and
 * the drift within the process in the middle, which shows one that they have in common.
 */
export function judgeProcesses(processes: readonly (readonly Block[])[], problems: readonly string[] = []): Judgement {
  if (processes.length >= MANY_PROCESSES) {
    const inside = median(processes.map((blocks) => driftOf(blocks)));
    const common = drifts(inside) ? [`calls: drift of ${percent(inside)} within processes`] : [];
    return judge({ calls: processes.flat() }, [...problems, ...common]);
  }
  const name = (i: number) => (processes.length === 1 ? "calls" : `calls of process ${i + 1}`);
  return judge(Object.fromEntries(processes.map((blocks, i) => [name(i), blocks])), problems);
}

const drifts = (drift: number) => Math.abs(drift) > DRIFT;
const percent = (share: number) => `${(share * 100).toFixed(0)}%`;

/** Relative change of the median from the first third of the blocks to the last. */
export function driftOf(blocks: readonly Block[]): number {
  const third = Math.max(1, Math.floor(blocks.length / 3));
  return median(blocks.slice(-third).flat()) / median(blocks.slice(0, third).flat()) - 1;
}

/**
 * The geometric mean of several cells' time ratios with an interval: blocks are drawn again within each cell.
 *
 * @param cells at least one, each with paired blocks of both sides
 */
export function overallRatio(cells: readonly { first: readonly Block[]; second: readonly Block[] }[]): Comparison {
  const medians = cells.map(({ first, second }) => ({ first: blockMedians(first), second: blockMedians(second) }));
  const stream = random("overall ratio");
  const geometricMean = (draw: (count: number) => number[]) => {
    const logs = medians.map(({ first, second }) => {
      const rounds = draw(first.length);
      return Math.log(median(rounds.map((i) => first[i])) / median(rounds.map((i) => second[i])));
    });
    return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
  };
  const inOrder = (count: number) => Array.from({ length: count }, (_, i) => i);
  const drawn = (count: number) => Array.from({ length: count }, () => stream.integer(count));
  const resamples = Array.from({ length: RESAMPLES }, () => geometricMean(drawn));
  return {
    ratio: geometricMean(inOrder),
    low: quantile(resamples, (1 - CONFIDENCE) / 2),
    high: quantile(resamples, (1 + CONFIDENCE) / 2),
    confidence: CONFIDENCE,
    method: `geometric mean over cells, bootstrap percentile over paired blocks, ${RESAMPLES} resamples`,
    n: medians.reduce((sum, { first }) => sum + first.length, 0),
  };
}
