// A recommendation that follows from measurements by one rule, so that nobody's opinion is in it.

import type { Interval } from "../../record/mod.ts";

/** A number with what is known of its uncertainty. */
export interface Uncertain {
  value: number;
  interval: Pick<Interval, "low" | "high"> | null;
}

/** One way of doing something. */
export interface Candidate {
  name: string;
  /** What it takes, to be small: ms, bytes; null where it was not measured, or not without doubt. */
  cost: Uncertain | null;
  /** Why there is no cost. */
  note?: string | null;
  /** It is here and was measured, though not without doubt. Default false. */
  isDoubtful?: boolean;
  /** Its forecast error over that of the first candidate; leave it out where it cannot change a result. */
  errorRatio?: Uncertain | null;
}

/** What the rule says. */
export interface Recommendation {
  /** Null where no candidate is left, or nothing to compare the last one with. */
  chosen: string | null;
  /** One sentence for each candidate, in their order. */
  reasons: { name: string; reason: string }[];
}

/** How much more forecast error a candidate may have: 1%. */
export const LARGEST_ERROR_RATIO = 1.01;

/**
 * Chooses among candidates, the simplest first:
 *
 * 1. What was not measured without doubt is left out.
 * 2. What makes the forecast error more than 1% larger is left out. Where an interval tells, its end counts: that nothing is lost must be
 *    shown.
 * 3. One that is left alone is chosen unless a simpler one was measured with doubt: more machinery must show a difference.
 * 4. Of several the one with the least cost is chosen, or a simpler one whose interval reaches it.
 *
 * @throws {RangeError} when there is no candidate, or two have one name
 *
 * @example
 * ```ts
 * import { recommend } from "lib/bench/subjects/recommendation.ts";
 * const time = (value: number, low: number, high: number) => ({ value, interval: { low, high } });
 * const { chosen } = recommend([
 *   { name: "plain", cost: time(10, 9, 11) },
 *   { name: "fused", cost: time(9.5, 9, 10) },
 * ]);
 * if (chosen !== "plain") throw new Error("no difference was shown");
 * ```
 */
export function recommend(
  candidates: readonly Candidate[],
  { largestErrorRatio = LARGEST_ERROR_RATIO }: { largestErrorRatio?: number } = {},
): Recommendation {
  if (candidates.length === 0) throw new RangeError("Cannot recommend: expected at least one candidate");
  const twice = candidates.find(({ name }, i) => candidates.findIndex((other) => other.name === name) !== i);
  if (twice) throw new RangeError(`Cannot recommend: expected each name once, got ${twice.name} twice`);
  const left = candidates.filter((one) => whyNot(one, largestErrorRatio) === null);
  const best = left.reduce<Candidate | null>(
    (least, one) => (least === null || one.cost!.value < least.cost!.value ? one : least),
    null,
  );
  const isAlone = left.length === 1 && candidates.length > 1;
  const isUnproven = isAlone && candidates.slice(0, candidates.indexOf(best!)).some((one) => one.isDoubtful);
  const chosen = isUnproven ? null : left.find((one) => one === best || reaches(one.cost!, best!.cost!)) ?? null;
  const whyLeft = (one: Candidate) => {
    if (chosen === null) return "the only one that is left, and a simpler one was measured with doubt";
    if (isAlone) return "chosen: the only one that is left";
    return one === chosen ? whyChosen(chosen, best!) : whyBehind(one, chosen);
  };
  const reasons = candidates.map((one) => ({
    name: one.name,
    reason: whyNot(one, largestErrorRatio) ?? whyLeft(one),
  }));
  return { chosen: chosen?.name ?? null, reasons };
}

const lowOf = ({ value, interval }: Uncertain) => interval?.low ?? value;
const highOf = ({ value, interval }: Uncertain) => interval?.high ?? value;

/** Whether the intervals of two costs meet. */
const reaches = (one: Uncertain, other: Uncertain) => lowOf(one) <= highOf(other);

function whyNot({ cost, note, errorRatio }: Candidate, largest: number): string | null {
  if (!cost) return `left out: ${note ?? "not measured"}`;
  if (errorRatio === null) return "left out: its forecast error is not known";
  if (errorRatio !== undefined && highOf(errorRatio) > largest) {
    return "left out: that its forecast error is no more than a hundredth larger is not shown";
  }
  return null;
}

function whyChosen(chosen: Candidate, best: Candidate): string {
  return chosen === best
    ? "chosen: the least cost"
    : `chosen: the simplest from which ${best.name} shows no difference`;
}

function whyBehind(one: Candidate, chosen: Candidate): string {
  return reaches(one.cost!, chosen.cost!)
    ? `no difference from ${chosen.name} is shown, which is simpler or cheaper`
    : `costs more than ${chosen.name}`;
}
