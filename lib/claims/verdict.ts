// What a record says of the claim that it answers, by one rule for all claims, so that no verdict depends on who writes it.

import type { ResultRecord } from "../record/mod.ts";
import { type Claim, claim } from "./ledger.ts";

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
const MACHINE_UNITS = new Set(["ms", "s", "min", "h", "days", "embeddings/s"]);

/**
 * Judges a claim by a record. A bound (`...AtMost`, `...AtLeast`) holds when the value keeps it. A number holds within the tolerance, and a range
 * when the value is within it, widened by the tolerance; where that fails but the record's interval reaches there, no difference is shown.
 * A boolean record says yes or no itself.
 *
 * @throws {RangeError} when there is no such claim, or the tolerance is not in [0, 1)
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
  { value, interval, unit }: Pick<ResultRecord, "value" | "interval" | "unit">,
  { tolerance = 0.1, meant }: JudgeOptions = {},
): ClaimVerdict {
  if (!(tolerance >= 0 && tolerance < 1)) {
    throw new RangeError(`Cannot judge a claim: expected a tolerance from 0 to below 1, got ${tolerance}`);
  }
  const claimed = claim(id);
  if (value === null) return "open";
  if (typeof value === "boolean") return value ? "holds" : "does not hold";
  const accepted = acceptedRange(meant === undefined ? claimed : { quantity: null, value: meant }, tolerance);
  if (typeof value === "string") {
    return typeof claimed.value === "string" && claimed.value === value ? "holds" : "see text";
  }
  if (accepted === null) return "see text";
  if (MACHINE_UNITS.has(unit)) return "other machine";
  const [low, high] = accepted;
  if (value >= low && value <= high) return "holds";
  const reaches = interval !== null && interval.high >= low && interval.low <= high;
  return reaches ? "no difference shown" : "does not hold";
}

/** Values that confirm a claim; null when it is no figure. */
function acceptedRange(
  { value, quantity }: Pick<Claim, "value" | "quantity">,
  tolerance: number,
): [number, number] | null {
  if (typeof value === "string") return null;
  const [low, high] = typeof value === "number" ? [value, value] : value;
  if (quantity?.endsWith("AtMost")) return [-Infinity, high];
  if (quantity?.endsWith("AtLeast")) return [low, Infinity];
  return [low - tolerance * Math.abs(low), high + tolerance * Math.abs(high)];
}
