// The audit: every claim with what it says, what its arithmetic gives, what reports found, and one verdict.

import { checkAnswers } from "./audit_check.ts";
import { type ClaimAnswer, decidingAnswer, judge, type Judgement } from "./audit_verdict.ts";
import { type Claim, loadClaims } from "../ledger.ts";
import { type Recomputation, recompute } from "./recompute.ts";
import type { ResultsSource } from "./results_files.ts";

/** One line of the audit. */
export interface AuditEntry extends Judgement {
  claim: Claim;
  /** Null where the claim follows from nothing. */
  recomputed: Recomputation | null;
  /** The answer that decides; null where no report answers. */
  deciding: ClaimAnswer | null;
  /** Every answer, one a machine. */
  answers: ClaimAnswer[];
}

/**
 * Audits all claims against the results of reports: the ledger's order, every claim with a verdict.
 *
 * @throws {RangeError} listing every claim id that does not exist, every claim that is answered twice on one machine, and every record
 * whose unit measures something else than its claim's
 *
 * @example
 * ```ts
 * import { auditClaims } from "lib/claims/audit/mod.ts";
 * const entries = auditClaims([]);
 * console.log(entries.length, entries.every(({ verdict }) => verdict === "not yet measured")); // 556 true
 * ```
 */
export function auditClaims(sources: readonly ResultsSource[]): AuditEntry[] {
  const answers = answersByClaim(sources);
  const problems = checkAnswers(answers);
  if (problems.length > 0) throw new RangeError(`Cannot audit the claims:\n${problems.join("\n")}`);
  return [...loadClaims().values()].map((claim) => {
    const own = answers.get(claim.id) ?? [];
    const recomputed = recompute(claim.id);
    const deciding = decidingAnswer(claim, own);
    return { claim, recomputed, deciding, answers: own, ...judge(claim, recomputed, deciding) };
  });
}

function answersByClaim(sources: readonly ResultsSource[]): Map<string, ClaimAnswer[]> {
  const answers = new Map<string, ClaimAnswer[]>();
  for (const { path, results } of sources) {
    const { report, machines, identity, records, unanswered } = results;
    const machine = machines.find(({ id }) => id === identity?.machine) ?? machines[0] ?? null;
    const add = (id: string, answer: ClaimAnswer["answer"]) =>
      answers.set(id, [...(answers.get(id) ?? []), { path, report, machine, answer }]);
    for (const record of records) record.claims.forEach((id) => add(id, record));
    for (const reason of unanswered) add(reason.claim, reason);
  }
  return answers;
}
