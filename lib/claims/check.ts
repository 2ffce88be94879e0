// Whether a report settles what it should: every claim of its document once, by a record in the claim's unit or by a reason.

import type { ResultRecord, Unanswered } from "../record/mod.ts";
import { claimsOf, loadClaims } from "./ledger.ts";
import { nearest } from "./nearest.ts";
import { unitFactor } from "./units.ts";

/** What is wrong with a report's answers; four empty lists when nothing is. */
export interface ClaimCheck {
  /** Claim ids that the ledger does not have; `by` is the record's id, or "unanswered". */
  unknown: { claim: string; by: string; suggestion: string }[];
  /** Claims with several answers: record ids, and "unanswered" for a reason. */
  answeredTwice: { claim: string; by: string[] }[];
  /** Claims of the document with no answer, in its order. */
  missing: string[];
  /** Numbers in a unit that measures something else than the claim's; "s" for "ms" is none, since they convert. */
  unitMismatch: { claim: string; record: string; expected: string; got: string }[];
}

const REASON = "unanswered";

/**
 * Checks a report's records and reasons against the ledger.
 *
 * @param records of the report, each naming the claims that it answers
 * @param unanswered claims with a reason why the report has no record
 * @param seed the document whose claims must all be answered, or null when none need be
 * @throws {RangeError} when there is no such document
 *
 * @example
 * ```ts
 * import { checkClaims } from "lib/claims/mod.ts";
 * import { record } from "lib/record/mod.ts";
 * const claims = ["lnsp-bottleneck-256-params"];
 * const size = record({ id: "size", quantity: "parameters", value: 296000, unit: "count", claims });
 * const { missing, unknown } = checkClaims([size], [], "lnsp");
 * console.log(missing.length, unknown.length); // 110 0
 * ```
 */
export function checkClaims(
  records: readonly ResultRecord[],
  unanswered: readonly Unanswered[],
  seed: string | null,
): ClaimCheck {
  const expected = seed === null ? [] : claimsOf(seed);
  const answers = collectAnswers(records, unanswered);
  const ledger = loadClaims();
  const ids = [...ledger.keys()];
  const entries = [...answers];
  return {
    unknown: entries.filter(([claim]) => !ledger.has(claim)).flatMap(([claim, by]) =>
      by.map((source) => ({ claim, by: source, suggestion: nearest(claim, ids) }))
    ),
    answeredTwice: entries.filter(([, by]) => by.length > 1).map(([claim, by]) => ({ claim, by })),
    missing: expected.map(({ id }) => id).filter((id) => !answers.has(id)),
    unitMismatch: records.flatMap(unitMismatches),
  };
}

/** The sentences that tell a report's author what to mend; empty when nothing is wrong. */
export function describeCheck({ unknown, answeredTwice, missing, unitMismatch }: ClaimCheck): string[] {
  return [
    ...unknown.map(({ claim, by, suggestion }) => `${by}: no claim "${claim}"; did you mean "${suggestion}"?`),
    ...answeredTwice.map(({ claim, by }) => `${claim}: expected one answer, got ${by.join(", ")}`),
    ...missing.map((claim) => `${claim}: expected a record or a reason, got neither`),
    ...unitMismatch.map(({ claim, record, expected, got }) =>
      `${claim}: expected ${expected}, got ${got} in ${record}`
    ),
  ];
}

function collectAnswers(
  records: readonly ResultRecord[],
  unanswered: readonly Unanswered[],
): Map<string, string[]> {
  const answers = new Map<string, string[]>();
  const add = (claim: string, by: string) => answers.set(claim, [...(answers.get(claim) ?? []), by]);
  for (const { id, claims } of records) claims.forEach((claim) => add(claim, id));
  for (const { claim } of unanswered) add(claim, REASON);
  return answers;
}

function unitMismatches({ id, value, unit, claims }: ResultRecord): ClaimCheck["unitMismatch"] {
  if (typeof value === "string" || typeof value === "boolean") return []; // a verdict, not a figure
  const ledger = loadClaims();
  return claims.flatMap((claim) => {
    const expected = ledger.get(claim)?.unit ?? null;
    return expected === null || unitFactor(unit, expected) !== null ? [] : [{ claim, record: id, expected, got: unit }];
  });
}
