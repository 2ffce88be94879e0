// What a study is and was: its definitions in the store, and the suggestions of adaptive samplers, each tied to the definition
// that made it. Trials of an earlier definition stay, but belong to no present row.

import { canonicalJson, type JsonValue, sha256Hex } from "../process/mod.ts";
import { DEFAULT_OBJECTIVES } from "./objective.ts";
import type { AnyPoint } from "./space.ts";
import { statement, transaction } from "./sqlite.ts";
import type { StudyStore } from "./store.ts";
import type { StudyDefinition } from "./store_types.ts";

/** A definition as stored. */
export interface StoredDefinition {
  id: number;
  definition: StudyDefinition;
  firstAt: string;
  lastAt: string;
}

/**
 * The identity of a definition.
 *
 * @param keys of its trials, where they are known ahead
 */
export function definitionHash(definition: StudyDefinition, keys: readonly string[] | null): string {
  const { keepWeights: _, ...identity } = definition;
  return sha256Hex(canonicalJson({ ...identity, keys: keys && [...keys].sort() }));
}

/** What a study was last run as; of a store of version 1 that has not been run since, a grid over the values in its trials. */
export function presentDefinition(store: StudyStore, name: string): StudyDefinition {
  const stored = currentDefinition(store)?.definition;
  if (stored !== undefined) return stored;
  const values: Record<string, Map<string, JsonValue>> = {};
  for (const { parameters } of store.standings()) {
    for (const [parameter, value] of Object.entries(parameters)) {
      (values[parameter] ??= new Map()).set(JSON.stringify(value), value);
    }
  }
  return {
    name,
    space: Object.fromEntries(Object.entries(values).map(([parameter, known]) => [parameter, [...known.values()]])),
    objectives: DEFAULT_OBJECTIVES,
    sampler: { name: "grid", settings: {} },
    pruner: null,
    keepWeights: "all",
  };
}

/** The definition of the last run; null when none has been stored. */
export function currentDefinition({ database }: StudyStore): StoredDefinition | null {
  const row = statement(
    database,
    "SELECT id, definition, firstAt, lastAt FROM definitions WHERE id = (SELECT value FROM counters WHERE name = 'definition')",
  ).get() as DefinitionRow | undefined;
  return row === undefined ? null : { ...row, definition: JSON.parse(row.definition) };
}

interface DefinitionRow {
  id: number;
  definition: string;
  firstAt: string;
  lastAt: string;
}

/** The number of a definition; null when it has never been run. */
export function definitionNumber({ database }: StudyStore, hash: string): number | null {
  const row = statement(database, "SELECT id FROM definitions WHERE hash = ?").get(hash) as { id: number } | undefined;
  return row?.id ?? null;
}

/** Makes a definition the present one, and gives its number. */
export function saveDefinition({ database }: StudyStore, definition: StudyDefinition, hash: string): number {
  const at = new Date().toISOString();
  return transaction(database, () => {
    const { id } = statement(
      database,
      `INSERT INTO definitions (hash, definition, firstAt, lastAt) VALUES (?, ?, ?, ?)
       ON CONFLICT (hash) DO UPDATE SET lastAt = excluded.lastAt, definition = excluded.definition RETURNING id`,
    ).get(hash, JSON.stringify(definition), at, at) as { id: number };
    statement(database, "UPDATE counters SET value = ? WHERE name = 'definition'").run(id);
    statement(database, "UPDATE counters SET value = value + 1 WHERE name = 'revision'").run();
    return id;
  });
}

/** A configuration that an adaptive sampler has suggested. */
export interface Suggested {
  /** Without a seed. */
  point: AnyPoint;
  /** Key of the trial with its first seed. */
  trial: string;
}

/** The suggestions under a definition, in order. */
export function suggestions({ database }: StudyStore, definition: number): Suggested[] {
  const rows = statement(database, "SELECT point, trial FROM suggestions WHERE definition = ? ORDER BY position").all(
    definition,
  ) as unknown as { point: string; trial: string }[];
  return rows.map(({ point, trial }) => ({ point: JSON.parse(point), trial }));
}

/** Notes a suggestion; its trials are stored before. */
export function saveSuggestion(
  { database }: StudyStore,
  definition: number,
  { position, point, trial }: Suggested & { position: number },
): void {
  statement(database, "INSERT INTO suggestions VALUES (?, ?, ?, ?)").run(
    definition,
    position,
    JSON.stringify(point),
    trial,
  );
}

/** Forgets what was suggested under a definition, whose trials become strangers. */
export function forgetSuggestions({ database }: StudyStore, definition: number): void {
  transaction(database, () => {
    statement(database, "DELETE FROM suggestions WHERE definition = ?").run(definition);
    statement(database, "UPDATE trials SET definition = NULL WHERE definition = ?").run(definition);
  });
}
