// From scores of all candidates to the rank of a right answer; and which other pair a shuffled question takes its b from.

import { random } from "../statistics/mod.ts";
import type { AnalogyMethod, AnalogyOutcome, AnalogyVariant } from "./analogy_scores.ts";
import type { AnalogyQuestion } from "./analogy_set.ts";

/** Collects ranks, both with and without the question's words among the candidates. */
export class RankTable {
  readonly outcomes: readonly AnalogyOutcome[];
  readonly #byRule = new Map<string, { excluded: Uint32Array; included: Uint32Array }>();

  /** @param rules in the order in which they are reported */
  constructor(n: number, rules: readonly (readonly [AnalogyMethod, AnalogyVariant])[]) {
    this.outcomes = rules.flatMap(([method, variant]) => {
      const ranks = { excluded: new Uint32Array(n), included: new Uint32Array(n) };
      this.#byRule.set(`${method} ${variant}`, ranks);
      return (["excluded", "included"] as const).map((inputs) => ({ method, variant, inputs, ranks: ranks[inputs] }));
    });
  }

  /**
   * Ranks the best of the right answers of question i. Candidates of equal score count as better: a model that maps all words to one point
   * knows nothing.
   *
   * @param scores one a candidate
   * @param inputs candidates to pass over when inputs are excluded
   */
  add(
    rule: readonly [AnalogyMethod, AnalogyVariant],
    i: number,
    scores: Float64Array | Float32Array,
    { accepted, inputs }: { accepted: readonly number[]; inputs: readonly number[] },
  ): void {
    let best = -Infinity;
    for (const row of accepted) if (scores[row] > best) best = scores[row];
    let ahead = 0;
    for (let row = 0; row < scores.length; row++) if (scores[row] >= best) ahead++;
    for (const row of accepted) if (scores[row] >= best) ahead--;
    const ranks = this.#byRule.get(rule.join(" "))!;
    ranks.included[i] = 1 + ahead;
    for (const row of inputs) if (scores[row] >= best) ahead--;
    ranks.excluded[i] = 1 + ahead;
  }
}

/**
 * For each question the second word of another pair of its category, drawn by the seed: not b, not one of the question's words or right answers,
 * and not a partner of a. Where the category has none, from all categories; where nothing is left, b itself (a set of one question).
 */
export function shuffledSecondWords(questions: readonly AnalogyQuestion[], seed: number): Uint32Array {
  const seconds = new Map<string, Set<number>>();
  const partners = new Map<string, Set<number>>();
  const add = (map: Map<string, Set<number>>, key: string, row: number) =>
    map.set(key, (map.get(key) ?? new Set()).add(row));
  for (const { category, a, b, c, accepted } of questions) {
    [b, ...accepted].forEach((row) => add(seconds, category, row));
    add(partners, `${category}\n${a}`, b);
    accepted.forEach((row) => add(partners, `${category}\n${c}`, row));
  }
  const everywhere = [...new Set([...seconds.values()].flatMap((rows) => [...rows]))];
  const stream = random(seed, "shuffled pairs");
  const lists = new Map([...seconds].map(([category, rows]) => [category, [...rows]]));
  return Uint32Array.from(questions, ({ category, a, b, c, accepted }) => {
    const known = partners.get(`${category}\n${a}`)!;
    const allowed = (row: number) => row !== a && row !== b && row !== c && !accepted.includes(row) && !known.has(row);
    return draw(lists.get(category)!, allowed, stream) ?? draw(everywhere, allowed, stream) ?? b;
  });
}

/** One of the allowed rows, each equally likely; null when there is none. */
function draw(rows: readonly number[], allowed: (row: number) => boolean, stream: ReturnType<typeof random>) {
  for (let tries = 0; tries < 8; tries++) {
    const row = rows[stream.integer(rows.length)];
    if (allowed(row)) return row;
  }
  const left = rows.filter(allowed);
  return left.length > 0 ? left[stream.integer(left.length)] : null;
}
