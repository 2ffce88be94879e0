// Which records of which reports, on which machines, answer each claim of the ledger, and which reports say why they cannot.

import { type Claim, loadClaims } from "../claims/mod.ts";
import type { ResultRecord, ResultsFile, Unanswered } from "../record/mod.ts";
import { claimsWithRows } from "../report/mod.ts";
import type { ReportEntry } from "./library.ts";
import { makerOf } from "./machine_results.ts";

/** A record that answers a claim. */
export interface ClaimAnswer {
  report: string;
  record: ResultRecord;
  /** The machine of the record, or for a computed one that of its report. */
  machine: string;
  /** Whether the record is of the report that is here; others are from reports/machines/. */
  own: boolean;
}

/** A claim with all that is said of it. */
export interface AnsweredClaim {
  claim: Claim;
  answers: ClaimAnswer[];
  reasons: { report: string; unanswered: Unanswered }[];
  /** Reports whose tables have a row for the claim. */
  listedIn: { report: string; title: string }[];
}

/** All claims of the ledger, in its order. */
export function claimAnswers(reports: readonly ReportEntry[]): AnsweredClaim[] {
  const found = new Map<string, AnsweredClaim>();
  for (const [id, claim] of loadClaims()) found.set(id, { claim, answers: [], reasons: [], listedIn: [] });
  for (const { name, title, results, document, others } of reports) {
    if (results !== null) addAnswers(found, name, { results, own: true });
    for (const other of others) addAnswers(found, name, { results: other.results, own: false });
    const listed = document === null ? [] : claimsWithRows(document, (id) => found.has(id));
    for (const id of listed) found.get(id)!.listedIn.push({ report: name, title });
  }
  return [...found.values()];
}

function addAnswers(
  found: ReadonlyMap<string, AnsweredClaim>,
  report: string,
  { results, own }: { results: ResultsFile; own: boolean },
): void {
  const names = new Map(results.machines.map(({ id, name }) => [id, name]));
  const maker = makerOf(results)?.name ?? "";
  for (const record of results.records) {
    for (const id of record.claims) {
      found.get(id)?.answers.push({ report, record, machine: names.get(record.machine) ?? maker, own });
    }
  }
  if (!own) return; // the reasons are the notebook's, the same on every machine
  for (const unanswered of results.unanswered) found.get(unanswered.claim)?.reasons.push({ report, unanswered });
}
