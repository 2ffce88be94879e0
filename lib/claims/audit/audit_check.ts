// What no audit can be made of: claims that do not exist, two answers of one machine, units that cannot be compared.

import { type ClaimAnswer, isRecord } from "./audit_verdict.ts";
import { loadClaims } from "../ledger.ts";
import { nearest } from "../nearest.ts";
import { describeUnit, unitFactor } from "../units.ts";

/** Sentences that say what is wrong with the answers of reports, by claim; empty when nothing is. */
export function checkAnswers(answers: ReadonlyMap<string, readonly ClaimAnswer[]>): string[] {
  const ids = [...loadClaims().keys()];
  return [...answers].flatMap(([id, own]) => {
    const claim = loadClaims().get(id);
    if (claim === undefined) {
      return own.map((answer) => `${placeOf(answer)}: no claim "${id}"; did you mean "${nearest(id, ids)}"?`);
    }
    const units = typeof claim.value === "string" || claim.unit === null
      ? []
      : own.flatMap((answer) =>
        wrongUnit(claim.unit!, answer).map((got) =>
          `${id}: expected ${describeUnit(claim.unit!)}, got ${got} in ${placeOf(answer)}`
        )
      );
    return [...repeated(id, own), ...units];
  });
}

function repeated(id: string, answers: readonly ClaimAnswer[]): string[] {
  const byMachine = Map.groupBy(answers, ({ machine }) => machine?.id ?? "unknown");
  return [...byMachine].flatMap(([machine, own]) =>
    own.length < 2
      ? []
      : [`${id}: expected one answer of machine ${machine}, got ${own.length}: ${own.map(placeOf).join(", ")}`]
  );
}

function wrongUnit(expected: string, { answer }: ClaimAnswer): string[] {
  if (!isRecord(answer) || typeof answer.value !== "number") return [];
  return unitFactor(answer.unit, expected) === null ? [describeUnit(answer.unit)] : [];
}

function placeOf({ path, answer }: ClaimAnswer): string {
  return isRecord(answer) ? `${path} (record ${answer.id})` : `${path} (without a record)`;
}
