// From scores of all candidates to the rank of a right answer; and which other pair a shuffled question takes its b from.

import { random } from "../statistics/mod.ts";
import type { AnalogyMethod, AnalogyOutcome, AnalogyVariant } from "./analogy_scores.ts";
import type { AnalogyQuestion } from "./analogy_set.ts";

/** Scores of all candidates. They are counted as they are computed, several times as fast as from an array in between. */
export interface CandidateScores {
  at(row: number): number;
  /** Candidates whose score is `least` or more. */
  countFrom(least: number): number;
}

/** Scores that are there: similarities with one vector. */
export class SimilarityScores implements CandidateScores {
  constructor(private readonly values: Float32Array) {}

  at(row: number): number {
    return this.values[row];
  }

  countFrom(least: number): number {
    const { values } = this;
    let count = 0;
    for (let row = 0; row < values.length; row++) if (values[row] >= least) count++;
    return count;
  }
}

/** 3CosAdd from each candidate's similarities with b, a and c; without a when it is null. */
export class SumScores implements CandidateScores {
  constructor(
    private readonly b: Float32Array,
    private readonly a: Float32Array | null,
    private readonly c: Float32Array,
  ) {}

  at(row: number): number {
    return this.a ? this.b[row] - this.a[row] + this.c[row] : this.b[row] + this.c[row];
  }

  countFrom(least: number): number {
    const { a, b, c } = this;
    let count = 0;
    if (a) { for (let row = 0; row < c.length; row++) if (b[row] - a[row] + c[row] >= least) count++; }
    else for (let row = 0; row < c.length; row++) if (b[row] + c[row] >= least) count++;
    return count;
  }
}

/** Levy and Goldberg's: keeps the quotient finite. Doubled, since of the halves in (1 + cos) / 2 all but one cancel. */
const EPSILON = 2 * 0.001;

/** 3CosMul likewise. */
export class QuotientScores implements CandidateScores {
  constructor(
    private readonly b: Float32Array,
    private readonly a: Float32Array | null,
    private readonly c: Float32Array,
  ) {}

  at(row: number): number {
    const product = (1 + this.b[row]) * (1 + this.c[row]);
    return this.a ? product / (1 + this.a[row] + EPSILON) : product;
  }

  countFrom(least: number): number {
    const { a, b, c } = this;
    let count = 0;
    if (a) {
      for (let row = 0; row < c.length; row++) {
        if ((1 + b[row]) * (1 + c[row]) / (1 + a[row] + EPSILON) >= least) count++;
      }
    } else for (let row = 0; row < c.length; row++) if ((1 + b[row]) * (1 + c[row]) >= least) count++;
    return count;
  }
}

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
   * @param inputs candidates to pass over when inputs are excluded
   */
  add(
    rule: readonly [AnalogyMethod, AnalogyVariant],
    i: number,
    scores: CandidateScores,
    { accepted, inputs }: { accepted: readonly number[]; inputs: readonly number[] },
  ): void {
    const best = accepted.reduce((largest, row) => Math.max(largest, scores.at(row)), -Infinity);
    let ahead = scores.countFrom(best);
    for (const row of accepted) if (scores.at(row) >= best) ahead--;
    const ranks = this.#byRule.get(rule.join(" "))!;
    ranks.included[i] = 1 + ahead;
    for (const row of inputs) if (scores.at(row) >= best) ahead--;
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
