// Against numpy and scipy: tests/golden/statistics/references.json, made by the script beside it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { projectPath } from "lib/process/mod.ts";
import { bcaBounds, percentileBounds } from "lib/statistics/bootstrap.ts";
import { binomialCdf, normalCdf, normalQuantile } from "lib/statistics/distributions.ts";
import { mcNemarExact, pairedDifference, proportionInterval, quantile, summarize } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

interface References {
  summaries: {
    samples: number[];
    mean: number;
    standardDeviation: number | null;
    medianAbsoluteDeviation: number;
    quantiles: [number, number][];
  }[];
  bootstrap: {
    value: number;
    confidence: number;
    distribution: number[];
    jackknifed: number[];
    bca: number[];
    percentile: number[];
  }[];
  signFlip: { a: number[]; b: number[]; pValue: number }[];
  mcNemar: [number, number, number][];
  wilson: [number, number, number, number, number][];
  normal: [number, number][];
  normalQuantiles: [number, number][];
  binomial: [number, number, number, number][];
}

const references: References = JSON.parse(
  readFileSync(projectPath("tests", "golden", "statistics", "references.json"), "utf8"),
);

Deno.test("quantile and summarize agree with numpy", () => {
  for (const { samples, mean, standardDeviation, medianAbsoluteDeviation, quantiles } of references.summaries) {
    const summary = summarize(samples);
    assertAllClose(quantiles.map(([p]) => quantile(samples, p)), quantiles.map(([, value]) => value), { rtol: 1e-14 });
    assertAllClose([summary.mean, summary.medianAbsoluteDeviation], [mean, medianAbsoluteDeviation], {
      rtol: 1e-14,
      atol: 1e-15,
    });
    if (standardDeviation === null) assert.equal(summary.standardDeviation, null);
    else assertAllClose([summary.standardDeviation ?? NaN], [standardDeviation], { rtol: 1e-9 });
  }
});

Deno.test("BCa and percentile bounds agree with scipy on scipy's own resamples", () => {
  for (const { value, confidence, distribution, jackknifed, bca, percentile } of references.bootstrap) {
    const sorted = Float64Array.from(distribution);
    const corrected = bcaBounds(value, sorted, Float64Array.from(jackknifed), confidence);
    assertAllClose([corrected.low, corrected.high], bca, { rtol: 1e-10 });
    const plain = percentileBounds(sorted, confidence);
    assertAllClose([plain.low, plain.high], percentile, { rtol: 1e-12 });
  }
});

Deno.test("the sign-flip p-value agrees with scipy's exact permutation test", () => {
  for (const { a, b, pValue } of references.signFlip) {
    assertAllClose([pairedDifference(a, b, { seed: 1, resamples: 100 }).pValue], [pValue], { rtol: 1e-12 });
  }
});

Deno.test("mcNemarExact agrees with scipy's binomial test", () => {
  for (const [onlyA, onlyB, pValue] of references.mcNemar) {
    assertAllClose([mcNemarExact(onlyA, onlyB)], [pValue], { rtol: 1e-11 });
  }
});

Deno.test("proportionInterval agrees with scipy's Wilson interval", () => {
  for (const [passes, n, confidence, low, high] of references.wilson) {
    const { interval } = proportionInterval(passes, n, { confidence });
    assertAllClose([interval.low, interval.high], [low, high], { rtol: 1e-12, atol: 1e-15 });
  }
});

Deno.test("normalCdf of what is no number is none, and of the infinities 0 and 1", () => {
  assert.deepEqual([NaN, -Infinity, Infinity].map(normalCdf), [NaN, 0, 1]);
});

Deno.test("normalCdf, normalQuantile and binomialCdf agree with scipy", () => {
  const { normal, normalQuantiles, binomial } = references;
  assertAllClose(normal.map(([z]) => normalCdf(z)), normal.map(([, p]) => p), { rtol: 0, atol: 1e-15 });
  assertAllClose(normalQuantiles.map(([p]) => normalQuantile(p)), normalQuantiles.map(([, z]) => z), {
    rtol: 1e-9,
    atol: 1e-15,
  });
  assertAllClose(binomial.map(([k, n, p]) => binomialCdf(k, n, p)), binomial.map(([, , , value]) => value), {
    rtol: 1e-10,
  });
});
