// What one subject costs beside another that does the same amount of work, or a known share of it: powers of two beside their
// neighbours, memory that is reused beside fresh memory.

import { type Estimate, median, quantile, random } from "../../statistics/mod.ts";
import type { BenchRecord } from "../harness/record.ts";

/** A record, and the work of a call in any unit. */
export interface Cost {
  record: Pick<BenchRecord, "runs">;
  work: number;
}

const RESAMPLES = 2000;
const CONFIDENCE = 0.95;

/**
 * Time for a unit of work of the first over that of the others, taken together: below 1, the first is cheaper. All are drawn again,
 * apart: their processes, and blocks of consecutive calls in each.
 *
 * @param others at least one; their costs are averaged geometrically
 * @throws {RangeError} when there is none, or a record was not measured
 *
 * @example
 * ```ts
 * import { costRatio } from "lib/bench/subjects/cost_ratio.ts";
 * const cost = (ms: number) => ({ record: { runs: [{ blockMediansMs: [ms, ms] }] as never }, work: 1 });
 * if (costRatio(cost(2), [cost(4)]).value !== 0.5) throw new Error("half the time");
 * ```
 */
export function costRatio(first: Cost, others: readonly Cost[]): Estimate {
  if (others.length === 0) throw new RangeError("Cannot compare costs: expected at least one other subject, got none");
  const all = [first, ...others].map(({ record, work }) => {
    const blocks = record.runs.map(({ blockMediansMs }) => blockMediansMs.map((ms) => ms / work));
    if (blocks.length === 0) throw new RangeError("Cannot compare costs: expected records with runs, got one without");
    return blocks;
  });
  const stream = random("cost ratio");
  const ratio = (costs: readonly number[]) => {
    const [own, ...rest] = costs.map(Math.log);
    return Math.exp(own - rest.reduce((sum, log) => sum + log, 0) / rest.length);
  };
  const drawn = (blocks: readonly (readonly number[])[]) =>
    median(blocks.flatMap(() => {
      const chosen = blocks[stream.integer(blocks.length)];
      return chosen.map(() => chosen[stream.integer(chosen.length)]);
    }));
  const ratios = Array.from({ length: RESAMPLES }, () => ratio(all.map(drawn)));
  const processes = Math.min(...all.map((blocks) => blocks.length));
  const drawnAgain = processes > 1 ? "processes and blocks of calls" : "blocks of calls of one process each";
  return {
    value: ratio(all.map((blocks) => median(blocks.flat()))),
    n: processes,
    interval: {
      low: quantile(ratios, (1 - CONFIDENCE) / 2),
      high: quantile(ratios, (1 + CONFIDENCE) / 2),
      confidence: CONFIDENCE,
      method: `bootstrap percentile over ${drawnAgain}, ${RESAMPLES} resamples`,
    },
  };
}
