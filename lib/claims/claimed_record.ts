// A document's figure as a record, so that a report can print it beside its own.

import { record, type ResultRecord } from "../record/mod.ts";
import { claim } from "./ledger.ts";

/**
 * What a claim says, as a record of kind "claimed". It answers nothing: `claims` is empty.
 *
 * @param id of the claim
 * @throws {RangeError} naming the nearest id, when there is no such claim
 *
 * @example
 * ```ts
 * import { claimedRecord } from "lib/claims/mod.ts";
 * console.log(claimedRecord("lnsp-bottleneck-256-params").value); // 545000
 * ```
 */
export function claimedRecord(id: string): ResultRecord {
  const { seed, section, value, unit, quantity, statement } = claim(id);
  return record({
    id: `claimed.${id}`,
    quantity: quantity ?? "statement",
    value: Array.isArray(value)
      ? value.join(" to ")
      : typeof value === "number"
      ? Number(value.toPrecision(12))
      : value,
    unit: unit ?? "",
    kind: "claimed",
    provenance: { source: `${seed}: ${section}`, inputs: [id], rerun: "" },
    note: statement,
  });
}

/** The sentence of a claim as a record, to be quoted: its digits are the document's, not ours. */
export function claimedStatement(id: string): ResultRecord {
  return record({
    ...claimedRecord(id),
    id: `statement.${id}`,
    quantity: "statement",
    value: claim(id).statement,
    unit: "",
    note: null,
  });
}
