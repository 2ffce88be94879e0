import assert from "node:assert/strict";
import {
  decodeBinary,
  fitBinaryLevels,
  hammingBlock,
  nearestNeighbours,
  packSigns,
  similarityBlock,
  unpackSigns,
} from "lib/evaluate/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { geometryGolden, goldenX, normalVectors } from "./geometry_golden.ts";
import { vectorsOf } from "./golden.ts";

const { binary, rows, width } = geometryGolden;

Deno.test("hammingBlock agrees with scipy's Hamming distance", () => {
  const queries = vectorsOf(geometryGolden.x.slice(0, binary.queries * width), width);
  assertAllClose(hammingBlock(queries, goldenX), binary.hamming.map((distance) => 1 - 2 * distance), { atol: 1e-7 });
});

Deno.test("hammingBlock is the cosine of the vectors of signs at every width", () => {
  for (const width of [1, 7, 31, 32, 33, 64, 95, 384]) {
    const [a, b] = [normalVectors(5, width, "bits a"), normalVectors(9, width, "bits b")];
    const products = similarityBlock(unpackSigns(packSigns(a)), unpackSigns(packSigns(b)));
    assertAllClose(hammingBlock(a, b), products.map((product) => product / width), { atol: 1e-6 });
  }
});

Deno.test("packSigns sets a bit for positive values only, and unpackSigns reads it", () => {
  const bits = packSigns(vectorsOf([1, -1, 0, -0, 1e-30, ...Array(28).fill(-3), 2], 34));
  assert.deepEqual([...bits.words], [0b10001, 0b10]);
  assert.equal(bits.bytesPerVector, 5);
  assert.deepEqual([...unpackSigns(bits).data.subarray(0, 5)], [1, -1, -1, -1, 1]);
});

Deno.test("bits decode to the means on either side of 0: no other pair of levels has less squared error", () => {
  const levels = fitBinaryLevels(goldenX);
  assertAllClose(levels.low, binary.low, { rtol: 1e-6 });
  assertAllClose(levels.high, binary.high, { rtol: 1e-6 });
  const error = (change: number) => {
    const changed = {
      low: levels.low.map((level) => level + change),
      high: levels.high.map((level) => level - change),
    };
    return decodeBinary(changed, goldenX).data.reduce((sum, value, i) => sum + (value - goldenX.data[i]) ** 2, 0);
  };
  assert.ok(error(0) < error(0.05) && error(0) < error(-0.05));
});

Deno.test("a dimension of one sign decodes without NaN", () => {
  const levels = fitBinaryLevels(vectorsOf([1, -2, 3, -4], 2));
  assert.deepEqual([[...levels.low], [...levels.high]], [[0, -3], [2, 0]]);
});

Deno.test("neighbours by Hamming distance are those by cosine of signs", async () => {
  const signs = unpackSigns(packSigns(normalVectors(60, 50, "neighbours")));
  const options = { queries: Uint32Array.of(0, 7, 59), k: 6 };
  const hamming = await nearestNeighbours(signs, { ...options, product: hammingBlock });
  const cosine = await nearestNeighbours(signs, {
    ...options,
    product: (a, b) => similarityBlock(a, b).map((value) => Math.round(value * 50) / 50), // whole numbers of bits
  });
  assert.deepEqual([hamming.indices, hamming.ties], [cosine.indices, cosine.ties]);
});

Deno.test("sign bits refuse NaN and other widths", () => {
  assert.throws(
    () => packSigns(vectorsOf([1, NaN], 2)),
    /Cannot pack signs: expected finite vectors, got NaN in row 0/,
  );
  assert.throws(
    () => hammingBlock(vectorsOf([1, 2], 2), vectorsOf([1, 2, 3], 3)),
    /a gallery of \[n, 2\], got \[1, 3\]/,
  );
  assert.throws(() => decodeBinary(fitBinaryLevels(goldenX), vectorsOf([1, 2], 2)), /expected \[n, 9\], got \[1, 2\]/);
  assert.throws(() => fitBinaryLevels({ shape: [0, 3], data: new Float32Array() }), /got \[0,3\]/);
  assert.equal(rows, goldenX.shape[0]);
});
