// The ratio of two subjects whose processes took turns (rounds.ts), judged by how far its rounds agree. What slows both sides of a round
// down (a chip that warms up, another program) leaves its ratio as it is, whatever it does to the times: a process that drifts makes a
// time doubtful, not a ratio. What the two do not share shows as rounds that disagree.

import { type Estimate, median, medianInterval, quantile } from "../../statistics/mod.ts";
import { type Judgement, judgeSpread, MANY_PROCESSES } from "../verdict.ts";
import { disturbances } from "./environment.ts";
import { unmet } from "./limits.ts";
import type { BenchRecord } from "./record.ts";

/** A ratio with the verdict on it. */
export interface RoundRatio extends Judgement {
  /** Time of the first over that of the second: the median over rounds, between order statistics that hold it with 95%. */
  ratio: Estimate;
  /** The ratio of each round. */
  rounds: number[];
}

/** What is read of a record. */
export type RoundsOfRecord = Pick<BenchRecord, "runs" | "limits" | "fallback">;

/**
 * Time of the first over that of the second, round by round.
 *
 * VALID, NOISY or INVALID is said of the rounds' ratios: an interquartile range above 10% or 25% of their median. NOISY, too, is what other
 * programs, heat or the battery may have touched; INVALID, what was measured for less than was asked, or partly on another provider.
 *
 * @param first `second` likewise: records that `benchInRounds` measured together
 * @throws {RangeError} when there are fewer than 6 rounds
 *
 * @example
 * ```ts
 * import { benchInRounds, roundRatio } from "lib/bench/mod.ts";
 * import { graph, input, matMul } from "lib/graph/mod.ts";
 * const product = (size: number) => {
 *   const x = input("x", "float32", [size, size]);
 *   return { name: `product of ${size}`, graph: graph("product", { y: matMul(x, x) }) };
 * };
 * const settings = { provider: { name: "cpu" }, processes: 6, limits: { minMs: 6, minCount: 30 }, warmUpMs: 1 } as const;
 * const [large, small] = await benchInRounds([
 *   { subject: product(256), ...settings },
 *   { subject: product(64), ...settings },
 * ]);
 * const { ratio, rounds } = roundRatio(large, small);
 * if (rounds.length !== 6 || ratio.value < 2) throw new Error("64 times the work");
 * ```
 */
export function roundRatio(first: RoundsOfRecord, second: RoundsOfRecord): RoundRatio {
  const sides = [first, second];
  const count = Math.min(...sides.map(({ runs }) => runs.length));
  if (count < MANY_PROCESSES) {
    throw new RangeError(`Cannot compare round by round: expected at least ${MANY_PROCESSES} rounds, got ${count}`);
  }
  const [times, others] = sides.map(({ runs }) => runs.map(({ blockMediansMs }) => median(blockMediansMs)));
  const rounds = Array.from({ length: count }, (_, i) => times[i] / others[i]);
  const ratio = medianInterval(rounds);
  const spread = (quantile(rounds, 0.75) - quantile(rounds, 0.25)) / ratio.value;
  return { ratio, rounds, ...judged(judgeSpread("ratios of rounds", spread), sides) };
}

function judged({ verdict, reasons }: Judgement, sides: readonly RoundsOfRecord[]): Judgement {
  const problems = sides.flatMap(({ runs, limits, fallback }) => {
    const calls = runs.reduce((sum, { n }) => sum + n, 0);
    const elapsedMs = runs.reduce((sum, run) => sum + run.elapsedMs, 0);
    return [...(fallback ? ["fallback: nodes ran on the CPU"] : []), ...unmet(limits, calls, elapsedMs)];
  });
  const runs = sides.flatMap(({ runs }) => runs);
  const mostOfOthers = Math.max(0, ...runs.map(({ othersShare }) => othersShare ?? 0));
  const unsure = runs.flatMap(({ before, after }) => Object.values(disturbances(before, after, mostOfOthers)).flat());
  const least = problems.length > 0 ? "INVALID" : unsure.length > 0 && verdict === "VALID" ? "NOISY" : verdict;
  return { verdict: least, reasons: [...new Set([...problems, ...reasons, ...unsure])] };
}
