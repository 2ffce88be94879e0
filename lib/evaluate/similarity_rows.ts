// Walking over all cosines of queries with a gallery, a tile of queries at a time, so that they never exist all at once;
// and what one query's cosines say of the rank of what it should have found.

import { type SimilarityBlock, similarityBlock } from "./similarity.ts";
import { checkFinite, normalizeRows, selectRows, sizeOf, type Vectors } from "./vectors.ts";

/** How {@link forEachSimilarities} walks. */
export interface WalkOptions {
  readonly product?: SimilarityBlock;
  /** Queries per product; bounds memory to queryTile x gallery rows x 4 bytes. Default 128. */
  readonly queryTile?: number;
  /** What the caller is about to do, for messages. */
  readonly task: string;
}

/**
 * Calls `visit(i, similarities)` for every query in order, `similarities` being its cosine with each gallery row, length [gallery
 * rows]: a view that must not be kept. Rows of zeros have similarity 0 to everything.
 *
 * @throws {TypeError} when widths differ or a product has another size
 * @throws {RangeError} when a value is not finite
 */
export async function forEachSimilarities(
  queries: Vectors,
  gallery: Vectors,
  { product = similarityBlock, queryTile = 128, task }: WalkOptions,
  visit: (i: number, similarities: Float32Array) => void,
): Promise<void> {
  const { rows: count, width } = sizeOf(queries, task);
  const { rows, width: galleryWidth } = sizeOf(gallery, task);
  if (width !== galleryWidth) {
    throw new TypeError(`Cannot ${task}: expected a gallery of [n, ${width}], got [${rows}, ${galleryWidth}]`);
  }
  checkFinite(queries, task);
  checkFinite(gallery, task);
  const normalized = normalizeRows(gallery);
  const asked = normalizeRows(queries);
  for (let start = 0; start < count; start += queryTile) {
    const height = Math.min(queryTile, count - start);
    const tile = selectRows(asked, Uint32Array.from({ length: height }, (_, i) => start + i));
    const products = await product(tile, normalized);
    if (products.length !== height * rows) {
      throw new TypeError(`Cannot ${task}: expected products of [${height}, ${rows}], got ${products.length}`);
    }
    for (let i = 0; i < height; i++) visit(start + i, products.subarray(i * rows, (i + 1) * rows));
  }
}

/**
 * The rank of the best of `targets` when all items are sorted by falling similarity, from 1 up. Items level with it come in random
 * order: the rank is its expected value, `1 + better + equal / (m + 1)` where m of the targets share the best value. A model that
 * gives everything the same similarity thus ranks nothing first.
 *
 * @param excluded an item that is not ranked (the query itself); -1: none
 */
export function expectedRank(similarities: Float32Array, targets: ArrayLike<number>, excluded = -1): number {
  let best = -Infinity;
  let level = 0;
  for (let t = 0; t < targets.length; t++) {
    const value = similarities[targets[t]];
    if (value > best) {
      best = value;
      level = 1;
    } else if (value === best) level++;
  }
  let better = 0;
  let equal = -level;
  for (let j = 0; j < similarities.length; j++) {
    if (j === excluded) continue;
    if (similarities[j] > best) better++;
    else if (similarities[j] === best) equal++;
  }
  return 1 + better + equal / (level + 1);
}
