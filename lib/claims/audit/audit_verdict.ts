// One verdict for a claim, from its arithmetic and from the answers of reports. The rule in one place, in the order of the questions.

import type { MachineFacts, ResultRecord, Unanswered } from "../../record/mod.ts";
import { compareWithClaim, type Comparison } from "../compare.ts";
import type { Claim } from "../ledger.ts";
import { belongsToMachine, isOfClaimsClass } from "./machine_class.ts";
import { MEANINGS } from "./meanings.ts";
import { unitFactor } from "../units.ts";
import type { Recomputation } from "./recompute.ts";

/** What the audit says of a claim. */
export type AuditVerdict =
  /** It follows from the figures that it rests on. */
  | "holds"
  /** It does not, or the document or the maker of the machine contradicts it. */
  | "does not add up"
  | "reproduced"
  | "not reproduced"
  /** On a machine of another class: the value says nothing about the claimed one. */
  | "measured elsewhere"
  | "not measurable"
  /** A forecast: the reason says what the measured trend says. */
  | "projection"
  | "not yet measured";

/** All verdicts, in the order of a summary. */
export const AUDIT_VERDICTS: readonly AuditVerdict[] = [
  "holds",
  "reproduced",
  "not reproduced",
  "does not add up",
  "measured elsewhere",
  "projection",
  "not measurable",
  "not yet measured",
];

/** What one report says of a claim. */
export interface ClaimAnswer {
  /** The results file, relative to the project. */
  path: string;
  /** The report's name. */
  report: string;
  /** The machine that made the report; null where it names none. */
  machine: MachineFacts | null;
  /** The record that answers, or the reason why there is none. */
  answer: ResultRecord | Unanswered;
}

/** A verdict and the sentence behind it, without digits. */
export interface Judgement {
  verdict: AuditVerdict;
  because: string;
  /** How the deciding record compares; null where none was compared. */
  comparison: Comparison | null;
}

/** Whether an answer is a record with a value that its own report does not call invalid. */
export function hasValue({ answer }: ClaimAnswer): boolean {
  return isRecord(answer) && answer.value !== null && !isInvalid(answer);
}

/** Whether an answer is a record. */
export function isRecord(answer: ResultRecord | Unanswered): answer is ResultRecord {
  return "quantity" in answer;
}

/** The answer that decides: one that can, before one with a value from elsewhere, before any other. */
export function decidingAnswer(claim: Claim, answers: readonly ClaimAnswer[]): ClaimAnswer | null {
  const rank = (
    answer: ClaimAnswer,
  ) => (hasValue(answer) ? (isComparable(claim, answer) ? 3 : 2) : isRecord(answer.answer) ? 1 : 0);
  return answers.reduce<ClaimAnswer | null>(
    (best, answer) => (best === null || rank(answer) > rank(best) ? answer : best),
    null,
  );
}

/**
 * The verdict on a claim. No answer, no verdict; then arithmetic that fails; then what was measured; then arithmetic that holds.
 *
 * @throws {RangeError} when the deciding record's unit measures something else than the claim's
 */
export function judge(claim: Claim, recomputed: Recomputation | null, deciding: ClaimAnswer | null): Judgement {
  if (deciding === null) return { verdict: "not yet measured", because: "no report answers it", comparison: null };
  const compared = hasValue(deciding) && isRecord(deciding.answer) ? comparisonOf(claim, deciding.answer) : null;
  if (recomputed ? !recomputed.agrees : claim.consistent === false) {
    const because = recomputed
      ? "the figures that it rests on give another"
      : "its own document or the machine's maker says otherwise";
    return { verdict: "does not add up", because, comparison: compared };
  }
  const measured = measuredJudgement(claim, deciding, compared);
  const unsettled = measured.verdict !== "reproduced" && measured.verdict !== "not reproduced";
  if (recomputed && (unsettled || !wasMeasured(deciding))) {
    return { verdict: "holds", because: `it follows from other figures; ${measured.because}`, comparison: compared };
  }
  return measured;
}

function measuredJudgement(claim: Claim, deciding: ClaimAnswer, comparison: Comparison | null): Judgement {
  const { answer } = deciding;
  const of = (verdict: AuditVerdict, because: string): Judgement => ({ verdict, because, comparison });
  if (!isRecord(answer)) return of("not measurable", answer.reason);
  if (answer.value === null) return of("not yet measured", "its record has no value");
  if (isInvalid(answer)) return of("not yet measured", "its measurement is invalid");
  const comparable = isComparable(claim, deciding);
  if (claim.kind === "projection") return of("projection", trendOf(comparison!, comparable, typeof answer.value));
  if (!comparable) return of("measured elsewhere", "on a machine of another class");
  switch (comparison!) {
    case "agrees":
      return of("reproduced", "within the tolerance");
    case "undecided":
      return of("not reproduced", "not shown: the interval reaches the claim, but the value is another");
    case "disagrees":
      return of("not reproduced", differenceOf(claim, answer));
    default:
      return of("not measurable", "metric undefined");
  }
}

/** On which side of a claimed figure a record lies that disagrees with it. */
function differenceOf({ value: claimed, unit }: Claim, record: ResultRecord): string {
  const factor = unit === null ? 1 : unitFactor(record.unit, unit);
  if (typeof claimed === "string" || typeof record.value !== "number" || factor === null) return "it is not as claimed";
  const found = record.value * factor;
  return found < Math.min(...[claimed].flat()) ? "less than claimed" : "more than claimed";
}

function trendOf(comparison: Comparison, comparable: boolean, type: string): string {
  if (comparison === "in words") {
    return type === "number" ? "it is a formula, and a figure stands beside it" : "the measured trend has another form";
  }
  const says = {
    agrees: "the measured trend agrees",
    disagrees: "the measured trend says otherwise",
    undecided: "the measured trend shows no difference",
    open: "no trend was measured",
  }[comparison];
  return comparable ? says : `${says}, on a machine of another class`;
}

function comparisonOf(claim: Claim, record: ResultRecord): Comparison {
  return compareWithClaim(claim, record, { meaning: MEANINGS[claim.id] });
}

/** Whether the record's value can be held against the claim's: it belongs to no machine, or to one of the claim's class. */
function isComparable(claim: Claim, { answer, machine }: ClaimAnswer): boolean {
  if (!isRecord(answer) || answer.machine === "any" || !belongsToMachine(claim)) return true;
  return machine !== null && isOfClaimsClass(claim, machine);
}

/** A record that was computed from a shape is arithmetic, like the claim. */
function wasMeasured({ answer }: ClaimAnswer): boolean {
  return isRecord(answer) && answer.machine !== "any";
}

/** Whether a record's own note says that its measurement is not to be relied on. */
export function isInvalid({ note }: ResultRecord): boolean {
  return note !== null && /^INVALID\b|\(INVALID\b/.test(note);
}
