// lib/claims: the ledger of what the documents claim, and whether a report settles it.
// Reads data/claims/figures.json with a schema; finds a claim by id (an unknown one is refused with the nearest) and the claims
// of a document in order; tells which claims a report answers twice, in a unit of another quantity, or not at all.
// A claim's verdict follows from the record that answers it, by one rule (verdict.ts); the audit of all reports has a door of its own
// (audit/mod.ts). Uses node: modules and zod only.

export { checkClaims, type ClaimCheck, describeCheck } from "./check.ts";
export { claimedRecord, claimedStatement } from "./claimed_record.ts";
export { type Comparison } from "./compare.ts";
export { type Claim, claim, claimsOf, type Figure, loadClaims, seedNames } from "./ledger.ts";
export { unitFactor } from "./units.ts";
export { type ClaimVerdict, judgeClaim, type JudgeOptions } from "./verdict.ts";
