// What a record says of the claim that it answers, by one rule for all claims, so that no verdict depends on who writes it.

import type { ResultRecord } from "../record/mod.ts";
import { compareWithClaim, type Comparison } from "./compare.ts";
import { claim } from "./ledger.ts";

/**
 * `holds` and `does not hold`; `no difference shown`, where an interval contains what would decide; `other machine`, for times and rates, which
 * say nothing of the document's machine; `open`, where the record has no value; `see text`, where the claim is no figure.
 */
export type ClaimVerdict = "holds" | "does not hold" | "no difference shown" | "other machine" | "open" | "see text";

/** How {@link judgeClaim} judges. */
export interface JudgeOptions {
  /** How far a number may be from the claimed one, as a share of it. Default 0.1. */
  tolerance?: number;
  /** The figure that a claim in words means: 1 for an exponent that is "linear". */
  meant?: number;
}

/** Units of quantities that belong to a machine. */
const MACHINE_UNITS = new Set([
  ...["ns", "us", "ms", "s", "min", "h", "days"],
  ...["embeddings/s", "samples/s", "tokens/s", "iterations/s", "elements/ms"],
  ...["GB/s", "GFLOPS", "TFLOPS", "TOPS", "W"],
]);

/**
 * Judges a claim by a record. A bound (`...AtMost`, `...AtLeast`) holds when the value keeps it. A number holds within the tolerance, and a range
 * when the value is within it, widened by the tolerance; where that fails but the record's interval reaches there, no difference is shown.
 * A boolean record says yes or no itself.
 *
 * @throws {RangeError} when there is no such claim, the tolerance is not in [0, 1), or the units measure different things
 *
 * @example
 * ```ts
 * import { judgeClaim } from "lib/claims/mod.ts";
 * import { record } from "lib/record/mod.ts";
 * const size = record({ id: "size", quantity: "parameters", value: 296000, unit: "count" });
 * console.log(judgeClaim("lnsp-bottleneck-256-params", size)); // does not hold
 * ```
 */
export function judgeClaim(
  id: string,
  record: Pick<ResultRecord, "value" | "interval" | "unit">,
  { tolerance, meant }: JudgeOptions = {},
): ClaimVerdict {
  const claimed = claim(id);
  const inWords = typeof claimed.value === "string" && meant === undefined;
  const comparison = compareWithClaim(claimed, record, {
    tolerance,
    ...(meant !== undefined && { meaning: { about: meant } }),
  });
  if (typeof record.value === "number" && !inWords && MACHINE_UNITS.has(record.unit)) return "other machine";
  return VERDICTS[comparison];
}

const VERDICTS: Readonly<Record<Comparison, ClaimVerdict>> = {
  agrees: "holds",
  disagrees: "does not hold",
  undecided: "no difference shown",
  "in words": "see text",
  open: "open",
};
