// An audit as records, so that a report can print it: what was claimed, what arithmetic gives, what a report found, and counts.

import { record, type ResultRecord } from "../../record/mod.ts";
import type { AuditEntry } from "./audit.ts";
import { AUDIT_VERDICTS, type AuditVerdict, isRecord } from "./audit_verdict.ts";
import { claimedRecord, claimedStatement } from "../claimed_record.ts";
import type { Claim, Figure } from "../ledger.ts";

/** The records of one line of the audit. None of them answers a claim: the originals do. */
export interface AuditRecords {
  statement: ResultRecord;
  claimed: ResultRecord;
  /** Null where the claim follows from nothing. */
  recomputed: ResultRecord | null;
  /** The deciding record with its own unit, n, interval and machine; null where no record answers. */
  measured: ResultRecord | null;
  /** What the ledger says of a claim that does not add up; null for others. */
  remark: ResultRecord | null;
}

/** The records of one line of the audit. */
export function auditRecords({ claim, recomputed, deciding, verdict }: AuditEntry): AuditRecords {
  const { id } = claim;
  return {
    statement: claimedStatement(id),
    claimed: { ...claimedRecord(id), note: null },
    recomputed: recomputed && record({
      id: `recomputed.${id}`,
      quantity: claim.quantity ?? "statement",
      value: figureValue(recomputed.value),
      unit: claim.unit ?? "",
      provenance: { source: `= ${recomputed.formula}`, inputs: recomputed.inputs, rerun: "" },
    }),
    measured: deciding && isRecord(deciding.answer)
      ? {
        ...deciding.answer,
        id: `measured.${id}`,
        claims: [],
        provenance: { source: deciding.path, inputs: [deciding.answer.id], rerun: deciding.answer.provenance.rerun },
      }
      : null,
    remark: verdict === "does not add up" && claim.note !== null ? remarkOn(claim, claim.note) : null,
  };
}

/** How many claims have which verdict: of one document, or of all where `seed` is null. */
export function verdictCounts(
  entries: readonly AuditEntry[],
  seed: string | null,
): Record<AuditVerdict | "all", ResultRecord> {
  const own = entries.filter(({ claim }) => seed === null || claim.seed === seed);
  const count = (verdict: AuditVerdict | "all") => {
    const of = verdict === "all" ? own : own.filter((entry) => entry.verdict === verdict);
    return countRecord(`claims.${seed ?? "all"}.${verdict.replaceAll(" ", "-")}`, of.length, "lib/claims");
  };
  return Object.fromEntries([...AUDIT_VERDICTS, "all" as const].map((verdict) => [verdict, count(verdict)])) as Record<
    AuditVerdict | "all",
    ResultRecord
  >;
}

/** A count that follows from the audit. */
export function countRecord(id: string, value: number, source: string): ResultRecord {
  return record({
    id,
    quantity: "claims",
    value,
    unit: "count",
    kind: "derived",
    provenance: { source, inputs: [], rerun: "" },
  });
}

function remarkOn({ id, seed, section }: Claim, note: string): ResultRecord {
  return record({
    id: `remark.${id}`,
    quantity: "remark",
    value: note,
    unit: "",
    provenance: { source: `data/claims, on ${seed}: ${section}`, inputs: [id], rerun: "" },
  });
}

function figureValue(figure: Figure): number | string {
  const rounded = (value: number) => Number(value.toPrecision(12));
  if (typeof figure === "string") return figure;
  return typeof figure === "number"
    ? rounded(figure)
    : figure.map((end) => String(Number(end.toPrecision(4)))).join(" to ");
}
