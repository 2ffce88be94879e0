import assert from "node:assert/strict";
import { offsetConcentration, similarityBlock, type Vectors } from "lib/evaluate/mod.ts";
import { areaUnderCurve } from "../../lib/evaluate/analogy_offsets.ts";
import { random } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { direction, golden, goldenVectors } from "./analogy_fixtures.ts";

const pairsOf = (count: number) => Array.from({ length: count }, (_, i) => ({ source: 2 * i, target: 2 * i + 1 }));

Deno.test("offset concentration agrees with scipy, the area with scikit-learn, ties included", async () => {
  const { offsets } = golden;
  const pairs = offsets.pairs.map(([source, target]) => ({ source, target }));
  const scores = await offsetConcentration(goldenVectors, pairs, { seed: 1 });
  assert.equal(scores.n, 9);
  assertAllClose([scores.offsetConcentration], [offsets.offsetConcentration], { atol: 1e-6 });
  const sorted = (values: number[]) => Float32Array.from(values).sort();
  assertAllClose([areaUnderCurve(sorted(offsets.paired), sorted(offsets.shuffled))], [offsets.area], { rtol: 1e-12 });
  const rounded = areaUnderCurve(sorted(offsets.roundedPaired), sorted(offsets.roundedShuffled));
  assertAllClose([rounded], [offsets.roundedArea], { rtol: 1e-12 });
});

/** Sources and targets as rows of norm 1, each target made from its source. */
function paired(count: number, width: number, target: (source: number[], stream: () => number[]) => number[]): Vectors {
  const stream = random(21, "offsets");
  const rows = Array.from({ length: count }, () => direction(stream, width))
    .flatMap((source) => [source, target(source, () => direction(stream, width))]);
  return { shape: [2 * count, width], data: Float32Array.from(rows.flat()) };
}

Deno.test("a common translation is concentrated and consistent", async () => {
  // Small against the sources, so that scaling rows to norm 1 hardly bends it.
  const vectors = paired(40, 30, (source) => source.map((value, k) => value + (k === 0 ? 0.05 : 0)));
  const scores = await offsetConcentration(vectors, pairsOf(40), { seed: 1, shuffles: 10 });
  assert.ok(scores.offsetConcentration > 0.9, `${scores.offsetConcentration}`);
  assert.ok(scores.pairingConsistency > 0.95, `${scores.pairingConsistency}`);
  assert.ok(scores.shuffledConcentration < 0.3, `${scores.shuffledConcentration}`);
});

Deno.test("two classes that lie apart are concentrated without being consistent", async () => {
  const far = (other: number[]) => other.map((value, k) => 0.2 * value + (k === 0 ? 1 : 0));
  const vectors = paired(60, 30, (_, next) => far(next())); // each target near one place, whatever its source
  const scores = await offsetConcentration(vectors, pairsOf(60), { seed: 1, shuffles: 10 });
  assert.ok(scores.offsetConcentration > 0.3, `${scores.offsetConcentration}`);
  assert.ok(Math.abs(scores.pairingConsistency - 0.5) < 0.05, `${scores.pairingConsistency}`);
  assert.ok(Math.abs(scores.shuffledConcentration - scores.offsetConcentration) < 0.05);
});

Deno.test("every shuffle moves every target, also where targets repeat", async () => {
  const targets = [4, 4, 4, 5, 6, 7];
  const pairs = targets.map((target, i) => ({ source: 10 + i, target }));
  // One-hot rows: a query's offset names its target.
  const vectors = { shape: [16, 16], data: new Float32Array(256).map((_, i) => i % 17 === 0 ? 1 : 0) };
  let products = 0;
  const product = (queries: Vectors, gallery: Vectors) => {
    for (let i = 0; i < 6; i++) {
      const target = queries.data.subarray(16 * i, 16 * i + 10).findIndex((value) => value > 0);
      assert.equal(target === targets[i], products === 0, `shuffle ${products}, pair ${i}`);
    }
    products++;
    return similarityBlock(queries, gallery);
  };
  const scores = await offsetConcentration(vectors, pairs, { seed: 3, shuffles: 25, product });
  assert.equal(products, 26);
  assert.equal(scores.pairingConsistencies.length, 25);
});

Deno.test("offsetConcentration refuses what it cannot shuffle", async () => {
  const ask = (pairs: { source: number; target: number }[], shuffles?: number) =>
    offsetConcentration(goldenVectors, pairs, { seed: 1, shuffles });
  await assert.rejects(ask(pairsOf(2)), /expected at least 3 pairs, got 2/);
  await assert.rejects(ask([...pairsOf(3), { source: 0, target: 60 }]), /expected rows below 60, got 60/);
  await assert.rejects(
    ask([1, 1, 2].map((target, i) => ({ source: i + 3, target }))),
    /in more than half of 3 pairs, got 2/,
  );
  await assert.rejects(ask(pairsOf(4), 0), /expected shuffles to be an integer from 1, got 0/);
  const wrong = { shape: [60, 5], data: goldenVectors.data.with(0, Infinity) };
  await assert.rejects(offsetConcentration(wrong, pairsOf(4), { seed: 1 }), /expected finite vectors/);
});
