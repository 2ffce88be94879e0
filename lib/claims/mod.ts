// lib/claims: the ledger of what the documents claim, and whether it holds.
// Reads data/claims/figures.json with a schema; does the documents' arithmetic again (formulas/); tells which claims a report answers
// twice, in another unit, or not at all; and audits all claims against the results of all reports, with one verdict each.
// Every verdict follows from records by one rule (audit_verdict.ts); a claim in words means what meanings.ts says.
// Uses node: modules and zod only.

export { auditClaims, type AuditEntry } from "./audit.ts";
export { type AuditRecords, auditRecords, countRecord, verdictCounts } from "./audit_records.ts";
export { AUDIT_VERDICTS, type AuditVerdict, type ClaimAnswer, isRecord, type Judgement } from "./audit_verdict.ts";
export { checkClaims, type ClaimCheck, describeCheck } from "./check.ts";
export { claimedRecord, claimedStatement } from "./claimed_record.ts";
export { type Comparison } from "./compare.ts";
export { type Finding, type FindingId, findings, type RankedFinding, rankFindings } from "./findings.ts";
export { type Claim, claim, claimsOf, type Figure, loadClaims, seedNames } from "./ledger.ts";
export { recomputableClaims, type Recomputation, recompute } from "./recompute.ts";
export {
  isFilePattern,
  matchingFiles,
  readAllResults,
  type ReadResultsOptions,
  type ResultsSource,
} from "./results_files.ts";
export { unitFactor } from "./units.ts";
export { type ClaimVerdict, judgeClaim, type JudgeOptions } from "./verdict.ts";
