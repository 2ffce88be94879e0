// Texts of WordNet to embed: definitions without their examples, each text once, in an order that any program can repeat.

import { sha256Hex } from "../../process/mod.ts";
import type { WordNet } from "./database.ts";

/** A definition, and the synset it is of. */
export interface Definition {
  /** Offset and type: `02682269-n`. */
  readonly synset: string;
  readonly text: string;
}

/** An example starts at a double quote after ";" or ":". */
const EXAMPLE_START = /[;:]\s*"/;

/**
 * The definition part of a gloss, its examples left out; null where a double quote stands inside the definition itself, since a cut
 * there would leave a broken sentence.
 */
export function definitionOf(gloss: string): string | null {
  const start = gloss.search(EXAMPLE_START);
  const definition = start < 0 ? gloss : gloss.slice(0, start);
  if (definition.includes('"')) return null;
  return definition.replace(/\s+/g, " ").replace(/^[ ;:]+|[ ;:]+$/g, "");
}

/** What two texts share that differ in case, spacing and punctuation only; empty for a text without letters and digits. */
export function sameTextKey(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, " ").trim();
}

/**
 * Every usable definition in the order of the files, and how many were left out and why.
 *
 * @param wordnet from `readWordNet`
 */
export function definitionsOf(wordnet: WordNet): {
  definitions: Definition[];
  dropped: Record<"empty" | "quotesInDefinition" | "duplicateText", number>;
} {
  const dropped = { empty: 0, quotesInDefinition: 0, duplicateText: 0 };
  const seen = new Set<string>();
  const definitions: Definition[] = [];
  for (const { id, gloss } of wordnet.synsets.values()) {
    const text = definitionOf(gloss);
    const key = text === null ? "" : sameTextKey(text);
    if (text === null) dropped.quotesInDefinition++;
    else if (key === "") dropped.empty++;
    else if (seen.has(key)) dropped.duplicateText++;
    else {
      seen.add(key);
      definitions.push({ synset: id, text });
    }
  }
  return { definitions, dropped };
}

/** Items ordered by SHA-256 of `<seed>:<key>`: a shuffle that any language repeats. */
export function hashOrder<T>(items: readonly T[], seed: number, key: (item: T) => string): T[] {
  const hashed = items.map((item) => ({
    item,
    hash: sha256Hex(`${seed}:${key(item)}`),
  }));
  hashed.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
  return hashed.map(({ item }) => item);
}
