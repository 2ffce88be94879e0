// A record's figure beside a claim's: in the claim's unit, within a tolerance, with the record's interval.

import type { ResultRecord } from "../record/mod.ts";
import type { Claim } from "./ledger.ts";
import { describeUnit, unitFactor } from "./units.ts";

/**
 * `undecided`: the value is not what was claimed, but its interval reaches it. `in words`: the claim is no figure, and nothing says what it means.
 * `open`: the record has no value.
 */
export type Comparison = "agrees" | "disagrees" | "undecided" | "in words" | "open";

/** What a number must be for a claim in words to be true. Bounds without `or` are strict: zero gain is no gain. */
export type Meaning =
  /** About this: within the tolerance. */
  | { about: number }
  | { above: number }
  | { below: number }
  | { atLeast: number }
  | { atMost: number };

/** How {@link compareWithClaim} compares. */
export interface CompareOptions {
  /** How far a number may be from the claimed one, as a share of it. Default 0.1. */
  tolerance?: number;
  /** What a claim in words means as a figure. */
  meaning?: Meaning;
}

/** Values that confirm a claim; bounds are included unless `strict`. */
interface Accepted {
  low: number;
  high: number;
  strict: boolean;
}

/**
 * Compares a record with a claim. A bound (`...AtMost`, `...AtLeast`) is kept or not; a number agrees within the tolerance; a range when the
 * value is within it, widened by the tolerance. A boolean record says yes or no itself, and a record in words agrees when it repeats the claim.
 *
 * @throws {RangeError} when the tolerance is not in [0, 1), or the units measure different things
 */
export function compareWithClaim(
  claim: Claim,
  record: Pick<ResultRecord, "value" | "interval" | "unit">,
  { tolerance = 0.1, meaning }: CompareOptions = {},
): Comparison {
  if (!(tolerance >= 0 && tolerance < 1)) {
    throw new RangeError(`Cannot judge a claim: expected a tolerance from 0 to below 1, got ${tolerance}`);
  }
  const { value, interval } = record;
  if (value === null) return "open";
  if (typeof value === "boolean") return value ? "agrees" : "disagrees";
  if (typeof value === "string") {
    if (typeof claim.value !== "string") return "in words";
    return claim.value === value ? "agrees" : claim.unit === null ? "disagrees" : "in words";
  }
  const accepted = meaning ? meant(meaning, tolerance) : claimedRange(claim, tolerance);
  if (accepted === null) return "in words";
  const factor = factorTo(claim, record.unit);
  if (within(value * factor, accepted)) {
    // A strict bound is a direction: an interval on both sides of it shows none.
    const both = accepted.strict && interval !== null &&
      !(within(interval.low * factor, accepted) && within(interval.high * factor, accepted));
    return both ? "undecided" : "agrees";
  }
  const reaches = interval !== null && interval.high * factor >= accepted.low && interval.low * factor <= accepted.high;
  return reaches ? "undecided" : "disagrees";
}

/** The factor from a record's unit to the claim's; 1 where the claim has none. */
function factorTo(claim: Claim, unit: string): number {
  if (claim.unit === null) return 1;
  const factor = unitFactor(unit, claim.unit);
  if (factor !== null) return factor;
  throw new RangeError(
    `Cannot compare with claim ${claim.id}: expected ${describeUnit(claim.unit)}, got ${describeUnit(unit)}`,
  );
}

function claimedRange({ value, quantity }: Claim, tolerance: number): Accepted | null {
  if (typeof value === "string") return null;
  const [low, high] = typeof value === "number" ? [value, value] : value;
  if (quantity?.endsWith("AtMost")) return { low: -Infinity, high, strict: false };
  if (quantity?.endsWith("AtLeast")) return { low, high: Infinity, strict: false };
  return { low: low - tolerance * Math.abs(low), high: high + tolerance * Math.abs(high), strict: false };
}

function meant(meaning: Meaning, tolerance: number): Accepted {
  if ("about" in meaning) {
    const slack = tolerance * Math.abs(meaning.about);
    return { low: meaning.about - slack, high: meaning.about + slack, strict: false };
  }
  if ("above" in meaning) return { low: meaning.above, high: Infinity, strict: true };
  if ("below" in meaning) return { low: -Infinity, high: meaning.below, strict: true };
  if ("atLeast" in meaning) return { low: meaning.atLeast, high: Infinity, strict: false };
  return { low: -Infinity, high: meaning.atMost, strict: false };
}

function within(value: number, { low, high, strict }: Accepted): boolean {
  return strict ? value > low && value < high : value >= low && value <= high;
}
