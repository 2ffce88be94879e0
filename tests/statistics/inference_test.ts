import assert from "node:assert/strict";
import {
  bootstrapInterval,
  coefficientOfVariation,
  mcNemar,
  mcNemarExact,
  mean,
  median,
  pairedDifference,
  percentileSupported,
  proportionInterval,
  quantile,
  random,
  ratioInterval,
  samplesForPercentile,
  standardDeviation,
  summarize,
  twoLevelBootstrap,
} from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

const normals = (
  n: number,
  ...path: (string | number)[]
) => [...random(99, ...path).fillNormal(new Float64Array(n), 10, 2)];

Deno.test("mean keeps what plain summation loses", () => {
  assert.equal(mean([1e16, 1, -1e16, 1]), 0.5);
});

Deno.test("summarize gives percentiles only where the samples support them", () => {
  const { p90, p95, p99 } = summarize(normals(130, "p"));
  assert.deepEqual([typeof p90, typeof p95, p99], ["number", "number", null]);
  assert.equal(summarize([7]).standardDeviation, null);
});

Deno.test("samplesForPercentile gives LoadGen's table", () => {
  assert.deepEqual([0.5, 0.9, 0.95, 0.99].map(samplesForPercentile), [11, 64, 130, 662]);
  assert.deepEqual([0.1, 0.01].map(samplesForPercentile), [64, 662]);
  assert.deepEqual([percentileSupported(0.99, 661), percentileSupported(0.99, 662)], [false, true]);
  for (const p of [0, 1, -1, NaN, 0.9999999]) assert.throws(() => samplesForPercentile(p), RangeError);
});

Deno.test("bootstrapInterval covers the true mean about as often as it says", () => {
  for (const method of ["percentile", "bca"] as const) {
    let covered = 0;
    for (let trial = 0; trial < 400; trial++) {
      const { interval } = bootstrapInterval(normals(40, "coverage", trial), { method, resamples: 400, seed: trial });
      if (interval.low <= 10 && 10 <= interval.high) covered++;
    }
    // 95% nominal; the percentile bootstrap of 40 samples covers about 93.5%. Three standard errors are 3.4 points.
    assert.ok(covered / 400 > 0.9 && covered / 400 < 0.985, `${method}: ${covered / 400}`);
  }
});

Deno.test("bootstrapInterval depends on its seed and on nothing else", () => {
  const samples = normals(30, "seed");
  const at = (seed: number) => bootstrapInterval(samples, { seed, resamples: 500 });
  assert.deepEqual(at(1), at(1));
  assert.notDeepEqual(at(1).interval, at(2).interval);
  assert.equal(at(1).interval.method, "bootstrap percentile, 500 resamples");
  assert.equal(at(1).n, 30);
});

Deno.test("bootstrapInterval takes any statistic, and a wider confidence gives a wider interval", () => {
  const samples = normals(60, "statistic");
  const width = (confidence: number) => {
    const { low, high } =
      bootstrapInterval(samples, { statistic: median, confidence, resamples: 800, seed: 1 }).interval;
    return high - low;
  };
  assert.ok(width(0.99) > width(0.8));
  assert.equal(bootstrapInterval(samples, { statistic: median, seed: 1, resamples: 100 }).value, median(samples));
});

Deno.test("bootstrapInterval leaves the samples as they were", () => {
  const samples = Float64Array.from([3, 1, 2]);
  bootstrapInterval(samples, { statistic: (drawn) => drawn.sort()[0], seed: 1, resamples: 100 });
  assert.deepEqual([...samples], [3, 1, 2]);
});

Deno.test("bootstrapInterval of equal samples is a point", () => {
  for (const method of ["percentile", "bca"] as const) {
    const { value, interval } = bootstrapInterval([4, 4, 4], { method, seed: 1, resamples: 100 });
    assert.deepEqual([value, interval.low, interval.high], [4, 4, 4]);
  }
});

/** The variance that drawing groups and items again gives to the mean, by formula. */
function expectedSpread(groups: number[][], design: "nested" | "crossed"): number {
  const populationVariance = (values: number[]) =>
    values.reduce((sum, v) => sum + (v - mean(values)) ** 2, 0) / values.length;
  const [seeds, items] = [groups.length, groups[0].length];
  const between = populationVariance(groups.map((group) => mean(group))) / seeds;
  if (design === "nested") return Math.sqrt(between + mean(groups.map(populationVariance)) / items / seeds);
  const itemMeans = groups[0].map((_, i) => mean(groups.map((group) => group[i])));
  const total = populationVariance(groups.flat());
  const rest = total - populationVariance(groups.map((group) => mean(group))) - populationVariance(itemMeans);
  return Math.sqrt(between + populationVariance(itemMeans) / items + rest / (seeds * items));
}

Deno.test("twoLevelBootstrap is as wide as the variance of both levels says", () => {
  const itemEffects = normals(50, "items");
  const groups = normals(6, "groups").map((effect, g) =>
    normals(50, "noise", g).map((noise, i) => effect + itemEffects[i] + noise)
  );
  for (const design of ["nested", "crossed"] as const) {
    const { value, interval, n } = twoLevelBootstrap(groups, { design, resamples: 4000, seed: 1, confidence: 0.95 });
    assertAllClose([value], [mean(groups.flat())], { rtol: 1e-12 });
    assertAllClose([(interval.high - interval.low) / 2 / 1.96], [expectedSpread(groups, design)], {
      rtol: 0.08,
      label: design,
    });
    assert.equal(n, 6);
  }
});

Deno.test("twoLevelBootstrap applies a statistic to each group", () => {
  const groups = [[1, 2, 30], [4, 5, 60]];
  assert.equal(twoLevelBootstrap(groups, { statistic: median, seed: 1, resamples: 100 }).value, 3.5);
});

Deno.test("twoLevelBootstrap refuses a crossed design of unequal groups", () => {
  const groups = [[1, 2, 3], [4, 5]];
  const message = /expected \[groups, 3\] in a crossed design, got a group of 2 items.*nested/;
  assert.throws(() => twoLevelBootstrap(groups, { seed: 1 }), { name: "TypeError", message });
  assert.equal(twoLevelBootstrap(groups, { seed: 1, design: "nested", resamples: 100 }).n, 2);
  assert.throws(() => twoLevelBootstrap([[1, 2]], { seed: 1 }), RangeError);
  assert.throws(() => twoLevelBootstrap([[1, 2], [1, NaN]], { seed: 1 }), {
    name: "TypeError",
    message: /group 1.*index 1/,
  });
});

Deno.test("pairedDifference finds a shift that pairing reveals, and none where there is none", () => {
  const base = normals(40, "base");
  const noise = normals(40, "noise");
  const shifted = base.map((value, i) => value + 0.3 + (noise[i] - 10) / 10);
  const found = pairedDifference(shifted, base, { seed: 1, resamples: 2000 });
  assert.ok(found.pValue < 0.001 && found.interval.low > 0.1, `${found.pValue}`);
  assert.equal(found.pValueMethod, "sign-flip permutation, 2000 resamples");
  const none = pairedDifference(base.map((value, i) => value + noise[i] - 10), base, { seed: 1, resamples: 2000 });
  assert.ok(none.pValue > 0.05);
});

Deno.test("pairedDifference gives p-values that are uniform when nothing differs", () => {
  const trials = 300;
  let below = 0;
  for (let trial = 0; trial < trials; trial++) {
    const [a, b] = [normals(20, "null a", trial), normals(20, "null b", trial)];
    if (pairedDifference(a, b, { seed: trial, resamples: 200 }).pValue <= 0.2) below++;
  }
  assert.ok(Math.abs(below / trials - 0.2) < 0.08, `${below / trials}`);
});

Deno.test("pairedDifference of equal samples gives p = 1", () => {
  assert.equal(pairedDifference([1, 2, 3], [1, 2, 3], { seed: 1, resamples: 100 }).pValue, 1);
});

Deno.test("mcNemar counts the four cases and refuses what is not a boolean", () => {
  const a = [true, true, true, false, false, true];
  const b = [true, false, false, true, false, false];
  assert.deepEqual(mcNemar(a, b), { both: 1, onlyA: 3, onlyB: 1, neither: 1, pValue: 0.625 });
  assert.equal(mcNemarExact(0, 0), 1);
  assert.throws(() => mcNemar(a, [true]), { name: "TypeError", message: /got 6 and 1/ });
  assert.throws(() => mcNemar([1 as unknown as boolean], [true]), { name: "TypeError", message: /index 0/ });
  assert.throws(() => mcNemarExact(-1, 2), RangeError);
  assert.throws(() => mcNemarExact(1.5, 2), RangeError);
});

Deno.test("proportionInterval shows that 15 cases cannot rank 73% and 80%", () => {
  assert.ok(proportionInterval(11, 15).interval.high > 0.8);
  for (const [passes, n] of [[1, 0], [-1, 5], [6, 5], [1.5, 5]]) {
    assert.throws(() => proportionInterval(passes, n), RangeError);
  }
});

Deno.test("ratioInterval keeps what both sides have in common out of the interval", () => {
  const slow = normals(50, "rounds").map((round) => round * 3);
  const noise = normals(50, "ratio noise");
  const fast = slow.map((value, i) => value / 2 * (1 + (noise[i] - 10) / 2000));
  for (const  of of["median", "mean", "geometricMean"] as const) {
    const { value, interval } = ratioInterval(slow, fast, { of, seed: 1, resamples: 1000 });
    assert.ok(Math.abs(value - 2) < 0.01 && interval.low <= value && value <= interval.high, `${of}: ${value}`);
    assert.ok(interval.high - interval.low < 0.02, `${of}: ${interval.low} to ${interval.high}`);
  }
});

Deno.test("coefficientOfVariation is the spread over the mean, inside its interval", () => {
  const samples = normals(200, "cv");
  const { value, interval } = coefficientOfVariation(samples, { seed: 1, resamples: 500 });
  assertAllClose([value], [standardDeviation(samples) / mean(samples)]);
  assert.ok(interval.low < 0.2 && 0.2 < interval.high);
});

Deno.test("statistics refuse samples that are missing, too few or not finite", () => {
  const options = { seed: 1, resamples: 100 };
  const tooFew: (() => unknown)[] = [
    () => mean([]),
    () => quantile([], 0.5),
    () => standardDeviation([1]),
    () => summarize([]),
    () => bootstrapInterval([1], options),
    () => pairedDifference([1], [1], options),
    () => ratioInterval([1], [1], options),
    () => coefficientOfVariation([1, 2], options),
    () => mean(undefined as unknown as number[]),
  ];
  for (const action of tooFew) {
    assert.throws(action, { name: "RangeError", message: /^Cannot .*expected at least \d sample/ });
  }
  const notFinite: (() => unknown)[] = [
    () => mean([1, NaN]),
    () => quantile([1, Infinity], 0.5),
    () => bootstrapInterval([1, null as unknown as number], options),
    () => ratioInterval([1, 2], [1, "2" as unknown as number], options),
  ];
  for (const action of notFinite) {
    assert.throws(action, { name: "TypeError", message: /expected finite numbers, got .* at index 1/ });
  }
  assert.throws(() => ratioInterval([1, 2], [1, 0], options), {
    name: "RangeError",
    message: /positive.*got 0 at index 1/,
  });
  assert.throws(() => pairedDifference([1, 2], [1, 2, 3], options), { name: "TypeError", message: /got 2 and 3/ });
});

Deno.test("statistics refuse options out of range", () => {
  const run = (options: object) => () => bootstrapInterval([1, 2, 3], { seed: 1, ...options });
  assert.throws(run({ confidence: 95 }), { name: "RangeError", message: /confidence between 0 and 1, got 95/ });
  assert.throws(run({ resamples: 50 }), { name: "RangeError", message: /got 50/ });
  assert.throws(run({ seed: undefined }), TypeError);
  assert.throws(run({ statistic: () => NaN }), { name: "RangeError", message: /finite for every resample, got NaN/ });
  assert.throws(() => quantile([1], 50), { name: "RangeError", message: /from 0 to 1, got 50/ });
});
