// lib/claims/audit: all claims against the results of all reports. A door of its own, so that a change of the audit makes no report stale
// but the audit's.
// Does the documents' arithmetic again (recompute.ts, formulas/), finds the record that answers a claim by the claim's id
// (results_files.ts, audit.ts), and gives each claim one verdict by one rule (audit_verdict.ts). What a claim in words means stands in
// meanings.ts; what is worth knowing, in findings.ts.

export { auditClaims, type AuditEntry } from "./audit.ts";
export { type AuditRecords, auditRecords, countRecord, verdictCounts } from "./audit_records.ts";
export {
  AUDIT_VERDICTS,
  type AuditVerdict,
  type ClaimAnswer,
  isInvalid,
  isRecord,
  type Judgement,
} from "./audit_verdict.ts";
export { type Finding, type FindingId, findings, type RankedFinding, rankFindings } from "./findings.ts";
export { recomputableClaims, type Recomputation, recompute } from "./recompute.ts";
export { readAllResults, type ReadResultsOptions, type ResultsSource } from "./results_files.ts";
