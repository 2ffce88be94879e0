import assert from "node:assert/strict";
import { normalizeRows, selectRows, similarityBlock } from "lib/evaluate/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { vectorsOf } from "./golden.ts";

function randomVectors(rows: number, width: number) {
  const data = random(1, "similarity test", rows, width).fillNormal(new Float32Array(rows * width), 0, 1);
  return { shape: [rows, width], data };
}

Deno.test("similarityBlock is the plain sum for every remainder of its tiles", () => {
  // Rows that do and do not fill the blocks of four, and widths whose tile is smaller than the gallery.
  for (const [m, n, width] of [[1, 1, 1], [4, 4, 3], [5, 7, 8], [3, 203, 384], [6, 13, 3000], [2, 9, 30000]]) {
    const [queries, gallery] = [randomVectors(m, width), randomVectors(n, width)];
    const expected = Float32Array.from({ length: m * n }, (_, index) => {
      const [i, j] = [Math.floor(index / n), index % n];
      let sum = 0;
      for (let k = 0; k < width; k++) sum += queries.data[i * width + k] * gallery.data[j * width + k];
      return sum;
    });
    assert.deepEqual(similarityBlock(queries, gallery), expected, `${m} x ${n} x ${width}`);
  }
});

Deno.test("similarityBlock refuses other widths", () => {
  assert.throws(() => similarityBlock(randomVectors(2, 3), randomVectors(2, 4)), /gallery of \[n, 3\], got \[2, 4\]/);
});

Deno.test("normalizeRows gives rows of norm 1 and leaves zeros", () => {
  assert.deepEqual(normalizeRows(vectorsOf([3, 4, 0, 0], 2)).data, Float32Array.of(0.6, 0.8, 0, 0));
});

Deno.test("selectRows copies rows in the order asked", () => {
  assert.deepEqual(selectRows(vectorsOf([1, 2, 3], 1), Uint32Array.of(2, 0)).data, Float32Array.of(3, 1));
  assert.throws(() => selectRows(vectorsOf([1, 2, 3], 1), Uint32Array.of(3)), /indices below 3, got 3/);
});
