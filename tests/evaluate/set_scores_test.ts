// Scores of a whole set: isotropy, CKA, RSA.

import assert from "node:assert/strict";
import { compareGeometry, isotropy, linearCka, rsa, type Vectors } from "lib/evaluate/mod.ts";
import { bootstrapInterval, mean, standardDeviation } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { geometryGolden, goldenX, goldenY, moved, normalVectors, rotated, scaled } from "./geometry_golden.ts";
import { vectorsOf } from "./golden.ts";

/** What influence items must be, from the references' score without each row. */
function expectedItems(score: number, without: number[]): number[] {
  const center = mean(without);
  return without.map((value) => score - (without.length - 1) * (value - center));
}

Deno.test("isotropy agrees with the eight steps of IsoScore on scikit-learn's PCA, without each row too", () => {
  const [x, y] = [isotropy(goldenX), isotropy(goldenY)];
  assertAllClose([x.isoScore, y.isoScore], geometryGolden.isoScore, { rtol: 1e-9 });
  assertAllClose([x.meanCosine, y.meanCosine], geometryGolden.meanCosine, { atol: 1e-6 });
  assertAllClose(x.isoScoreItems, expectedItems(x.isoScore, geometryGolden.isoScoreWithout), { atol: 1e-8 });
});

Deno.test("linearCka agrees with Gram matrices in numpy, without each row too", () => {
  const { cka, items } = linearCka(goldenX, goldenY);
  assertAllClose([cka], [geometryGolden.cka], { rtol: 1e-10 });
  assertAllClose(items, expectedItems(cka, geometryGolden.ckaWithout), { atol: 1e-8 });
});

Deno.test("rsa agrees with scipy's Spearman correlation, with ties too", () => {
  assertAllClose([rsa(goldenX, goldenY, { seed: 1 }).rsa], [geometryGolden.rsa], { atol: 1e-6 });
  const signs = vectorsOf(geometryGolden.x.map((value) => (value > 0 ? 1 : -1)), geometryGolden.width);
  assertAllClose([rsa(goldenX, signs, { seed: 1 }).rsa], [geometryGolden.rsaOfSigns], { atol: 1e-6 });
});

Deno.test("a rotated and scaled copy has CKA and RSA 1, and the same isotropy", () => {
  const x = normalVectors(80, 6, "copy");
  const copy = scaled(rotated(x), 7);
  const alike = linearCka(x, copy);
  assertAllClose([alike.cka, ...alike.items], new Float64Array(81).fill(1), { atol: 1e-5 });
  assertAllClose([rsa(x, copy, { seed: 1 }).rsa], [1], { atol: 1e-5 });
  assertAllClose([isotropy(copy).isoScore, isotropy(copy).meanCosine], [isotropy(x).isoScore, isotropy(x).meanCosine], {
    atol: 1e-5,
  });
  assertAllClose([linearCka(x, moved(copy, 3)).cka, isotropy(moved(x, 3)).isoScore], [1, isotropy(x).isoScore], {
    atol: 1e-5,
  });
  assert.ok(isotropy(moved(x, 3)).meanCosine > 0.8, "moved away from 0, vectors point one way");
});

Deno.test("unrelated vectors have RSA about 0 and CKA about its chance", () => {
  const [x, y] = [normalVectors(300, 12, "unrelated x"), normalVectors(300, 12, "unrelated y")];
  // 300 rows of 12 values are some 3,600 independent numbers: a standard error below 0.02.
  assert.ok(Math.abs(rsa(x, y, { seed: 1 }).rsa) < 0.05);
  const { cka, chance } = linearCka(x, y);
  assertAllClose([cka], [chance], { rtol: 0.3 });
  assertAllClose([chance], [12 / 300], { rtol: 0.1 });
});

Deno.test("CKA's chance is the mean over all pairings of the rows", () => {
  const [x, y] = [normalVectors(5, 2, "pairing x"), normalVectors(5, 3, "pairing y")];
  const scores: number[] = [];
  const pair = (left: number[], order: number[]): void => {
    if (left.length === 0) {
      const data = order.flatMap((row) => [...y.data.subarray(row * 3, row * 3 + 3)]);
      scores.push(linearCka(x, vectorsOf(data, 3)).cka);
    }
    left.forEach((row) => pair(left.filter((other) => other !== row), [...order, row]));
  };
  pair([0, 1, 2, 3, 4], []);
  assert.equal(scores.length, 120);
  assertAllClose([linearCka(x, y).chance], [mean(scores)], { rtol: 1e-6 });
});

Deno.test("isotropy of two clusters is one direction; of a sphere, all of them", () => {
  const clusters = vectorsOf([0, 1, 2, 3, 4, 5].flatMap((i) => (i % 2 ? [1, 2, 3] : [-1, -2, -3])), 3);
  assertAllClose([isotropy(clusters).isoScore, isotropy(clusters).participationRatio], [0, 1], { atol: 1e-9 });
  const sphere = isotropy(normalVectors(4000, 8, "sphere"));
  assert.ok(sphere.isoScore > 0.98 && sphere.isoScore <= 1 && Math.abs(sphere.meanCosine) < 0.01);
});

Deno.test("scores of whole sets stay in their bounds, and their items' mean is the score", () => {
  for (let trial = 0; trial < 20; trial++) {
    const [rows, width] = [4 + trial, 1 + trial % 5];
    const [x, y] = [normalVectors(rows, width, "x", trial), normalVectors(rows, 1 + trial % 3, "y", trial)];
    const { cka, items } = linearCka(x, y);
    assert.ok(cka >= 0 && cka <= 1);
    assertAllClose([mean(items)], [cka], { atol: 1e-9 });
    const { isoScore, isoScoreItems, participationRatio } = isotropy(x);
    assert.ok(isoScore >= 0 && isoScore <= 1 && participationRatio >= 1 - 1e-9 && participationRatio <= width + 1e-9);
    assertAllClose([mean(isoScoreItems)], [isoScore], { atol: 1e-9 });
    const alike = rsa(x, y, { seed: trial });
    assert.ok(alike.rsa >= -1 && alike.rsa <= 1);
    assertAllClose([mean(alike.items)], [alike.rsa], { atol: 1e-9 });
    assertAllClose([linearCka(y, x).cka, rsa(y, x, { seed: trial }).rsa], [cka, alike.rsa], { atol: 1e-9 });
  }
});

Deno.test("vectors that do not vary score 0, not NaN", () => {
  const flat: Vectors = { shape: [6, 2], data: new Float32Array(12).fill(0.5) };
  const x = normalVectors(6, 2, "vary");
  assert.deepEqual([linearCka(x, flat).cka, rsa(x, flat, { seed: 1 }).rsa, isotropy(flat).isoScore], [0, 0, 0]);
});

Deno.test("the jackknife of CKA is about as wide as drawing new vectors is", () => {
  const draw = (trial: number) => {
    const x = normalVectors(150, 4, "draw", trial);
    const noise = normalVectors(150, 4, "draw noise", trial);
    return linearCka(x, { shape: x.shape, data: x.data.map((value, i) => value + noise.data[i]) });
  };
  const truth = standardDeviation(Array.from({ length: 200 }, (_, trial) => draw(trial).cka));
  const claimed = mean(
    Array.from({ length: 20 }, (_, trial) => standardDeviation(draw(trial).items) / Math.sqrt(150)),
  );
  assertAllClose([claimed], [truth], { rtol: 0.25 });
});

Deno.test("rsa draws its sample by seed, and reports it", () => {
  const [x, y] = [normalVectors(90, 4, "sample x"), normalVectors(90, 4, "sample y")];
  const [one, again, other] = [1, 1, 2].map((seed) => rsa(x, y, { seed, sample: 30 }));
  assert.deepEqual(one, again);
  assert.notDeepEqual(one.rows, other.rows);
  assert.deepEqual([one.rows.length, new Set(one.rows).size, one.pairs], [30, 30, 435]);
});

Deno.test("explained variance comes with items whose mean it is, and a width like the bootstrap of the ratio", () => {
  const x = normalVectors(300, 5, "variance");
  const noise = normalVectors(300, 5, "variance noise");
  const y = { shape: x.shape, data: x.data.map((value, i) => value + 0.4 * noise.data[i]) };
  const { explainedVariance, explainedVarianceItems } = compareGeometry(y, x);
  assertAllClose([mean(explainedVarianceItems)], [explainedVariance], { rtol: 1e-9 });
  const claimed = standardDeviation(explainedVarianceItems) / Math.sqrt(300);
  const rows = Float64Array.from({ length: 300 }, (_, i) => i);
  const { interval } = bootstrapInterval(rows, {
    seed: 1,
    resamples: 300,
    statistic: (drawn) => {
      const take = ({ data }: Vectors) => vectorsOf([...drawn].flatMap((i) => [...data.subarray(i * 5, i * 5 + 5)]), 5);
      return compareGeometry(take(y), take(x)).explainedVariance;
    },
  });
  assertAllClose([claimed], [(interval.high - interval.low) / 2 / 1.96], { rtol: 0.15 });
});

Deno.test("scores of whole sets refuse bad input", () => {
  const [x, y] = [normalVectors(5, 2, "bad x"), normalVectors(4, 2, "bad y")];
  assert.throws(() => linearCka(x, y), /Cannot compute CKA: expected \[5, width\], got \[4,2\]/);
  assert.throws(() => rsa(x, y, { seed: 1 }), /Cannot compute RSA: expected \[5, width\], got \[4,2\]/);
  assert.throws(() => isotropy(normalVectors(2, 2, "few")), /at least 3 vectors, got 2/);
  assert.throws(() => rsa(x, x, { seed: 1, sample: 3 }), /sample of 4, got 5 and 3/);
  assert.throws(
    () => isotropy({ shape: [0, 2], data: new Float32Array(0) }),
    /expected vectors of \[n, width\], got \[0,2\]/,
  );
  const broken = { shape: x.shape, data: x.data.with(3, NaN) };
  for (const act of [() => linearCka(x, broken), () => isotropy(broken), () => rsa(broken, x, { seed: 1 })]) {
    assert.throws(act, /expected finite vectors, got NaN in row 1/);
  }
});
