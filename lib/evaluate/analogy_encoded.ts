// The second way of asking: the vector b - a + c is made in the teacher's space and goes through the student like any other input.
// A linear student gives the same answers both ways; others need not, since such vectors are unlike what they were trained on.

import { type RankTable, SimilarityScores } from "./analogy_ranks.ts";
import type { AnalogyVariant } from "./analogy_scores.ts";
import type { AnalogyQuestion } from "./analogy_set.ts";
import { combineRows, cosine, type Terms } from "./analogy_vectors.ts";
import type { SimilarityBlock } from "./similarity.ts";
import { checkFinite, normalizeRows, selectRows, sizeOf, type Vectors } from "./vectors.ts";

/** Queries of one product: bounds memory to this x vocabulary x 4 bytes. */
const TILE = 256;

/** Encoded queries, scaled to norm 1. */
export async function encodeQueries(
  queries: Vectors,
  encode: (queries: Vectors) => Vectors | Promise<Vectors>,
  width: number,
): Promise<Vectors> {
  const encoded = await encode(normalizeRows(queries));
  const got = sizeOf(encoded, "score analogies");
  if (got.rows !== queries.shape[0] || got.width !== width) {
    throw new TypeError(
      `Cannot score analogies: expected encoded queries of [${queries.shape[0]}, ${width}], got [${encoded.shape}]`,
    );
  }
  checkFinite(encoded, "score analogies");
  return normalizeRows(encoded);
}

/** Fills the table's ranks and the target similarities of 3CosAdd with queries that are encoded. */
export async function rankEncodedQueries(
  gallery: Vectors,
  { vectors, encode }: { vectors: Vectors; encode: (queries: Vectors) => Vectors | Promise<Vectors> },
  { questions, shuffled, table, product, targetSimilarity }: {
    questions: readonly AnalogyQuestion[];
    shuffled: Uint32Array;
    table: RankTable;
    product: SimilarityBlock;
    targetSimilarity: Float64Array;
  },
): Promise<void> {
  const [n, width] = gallery.shape;
  const termsOf: Record<AnalogyVariant, ((question: AnalogyQuestion, i: number) => Terms) | null> = {
    "full": ({ a, b, c }) => [[b, 1], [a, -1], [c, 1]],
    "only-b": null,
    "ignore-a": ({ b, c }) => [[b, 1], [c, 1]],
    "shuffled-pairs": ({ a, c }, i) => [[shuffled[i], 1], [a, -1], [c, 1]],
  };
  for (let first = 0; first < questions.length; first += TILE) {
    const tile = questions.slice(first, first + TILE);
    for (const [variant, terms] of Object.entries(termsOf) as [AnalogyVariant, (typeof termsOf)[AnalogyVariant]][]) {
      const queries = terms
        ? await encodeQueries(combineRows(vectors, tile.map((q, i) => terms(q, first + i))), encode, width)
        : selectRows(gallery, Uint32Array.from(tile, ({ c }) => c));
      const products = await product(queries, gallery);
      tile.forEach(({ a, b, c, d, accepted }, i) => {
        const inputs = variant === "shuffled-pairs" ? [a, shuffled[first + i], c] : [a, b, c];
        const ranked = new SimilarityScores(products.subarray(i * n, (i + 1) * n));
        table.add(["3CosAdd", variant], first + i, ranked, { accepted, inputs });
        if (variant !== "full") return;
        const row = (vectors: Vectors, at: number) => vectors.data.subarray(at * width, (at + 1) * width);
        targetSimilarity[first + i] = cosine(row(queries, i), row(gallery, d));
      });
    }
  }
}
