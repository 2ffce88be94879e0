// Block lengths and standard errors against the Python package arch: tests/golden/statistics/block_bootstrap.json, made by the script beside it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { projectPath } from "lib/process/mod.ts";
import { blockDrawer } from "lib/statistics/block_indices.ts";
import {
  blockBootstrap,
  blockBootstrapOverSeeds,
  bootstrapInterval,
  dieboldMariano,
  optimalBlockLength,
  pairedBlockDifference,
  random,
  standardDeviation,
} from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

interface Golden {
  lengths: { samples: number[]; stationary: number; circular: number }[];
  dieboldMariano: { a: number[]; b: number[]; horizon: number; statistic: number; pValue: number }[];
  standardErrors: ["stationary" | "circular" | "moving", number, number][];
}

const golden: Golden = JSON.parse(
  readFileSync(projectPath("tests", "golden", "statistics", "block_bootstrap.json"), "utf8"),
);
const persistent = golden.lengths[1].samples; // an autoregression with coefficient 0.9

Deno.test("optimalBlockLength agrees with arch", () => {
  for (const { samples, stationary, circular } of golden.lengths) {
    const length = optimalBlockLength(samples);
    assertAllClose([length.stationary, length.circular], [stationary, circular], { rtol: 1e-9 });
  }
});

Deno.test("optimalBlockLength refuses what has no dependence to measure", () => {
  assert.throws(() => optimalBlockLength([1, 2, 3]), /expected at least 10 samples, got 3/);
  assert.throws(() => optimalBlockLength(new Float64Array(20)), /expected samples that vary, got 0 only/);
  assert.throws(() => optimalBlockLength([...Array(20).fill(1), NaN]), /expected finite numbers, got NaN at index 20/);
});

Deno.test("resamples of every scheme spread as arch's do", () => {
  const n = persistent.length;
  for (const [scheme, blockLength, expected] of golden.standardErrors) {
    const draw = blockDrawer(n, { scheme, blockLength }, random(1, "spread", scheme, blockLength));
    const means = Float64Array.from({ length: 4000 }, () => draw().reduce((sum, i) => sum + persistent[i], 0) / n);
    // A standard deviation of 4,000 has a standard error of about 1.1%, arch's of 20,000 one of 0.5%.
    assertAllClose([standardDeviation(means)], [expected], { rtol: 0.05, label: `${scheme} ${blockLength}` });
  }
});

Deno.test("blocks are runs of neighbours", () => {
  const n = 50;
  const steps = (scheme: "stationary" | "circular" | "moving", blockLength: number) => {
    const order = [...blockDrawer(n, { scheme, blockLength }, random(7, scheme))()];
    assert.equal(order.length, n);
    assert.ok(order.every((index) => index >= 0 && index < n));
    return order.map((index, i) => i === 0 ? "start" : index === (order[i - 1] + 1) % n ? "next" : "start");
  };
  for (const scheme of ["circular", "moving"] as const) {
    steps(scheme, 10).forEach((step, i) => assert.ok(i % 10 === 0 || step === "next", `${scheme} ${i}`));
  }
  const moving = blockDrawer(n, { scheme: "moving", blockLength: 10 }, random(3));
  for (let k = 0; k < 50; k++) {
    const order = moving();
    order.forEach((index, i) => assert.ok(i % 10 === 0 || index === order[i - 1] + 1, "moving blocks do not wrap"));
  }
  const stationary = blockDrawer(2000, { scheme: "stationary", blockLength: 8 }, random(5));
  const order = [...stationary()];
  const starts = order.filter((index, i) => i === 0 || index !== (order[i - 1] + 1) % 2000).length;
  assert.ok(Math.abs(starts - 250) < 60, `${starts} blocks of mean length 8 in 2000`); // four standard deviations
});

Deno.test("blockBootstrap is wider than drawing single values where neighbours are alike, and the same where they are not", () => {
  const options = { seed: 1, resamples: 2000 };
  const width = ({ interval }: { interval: { low: number; high: number } }) => interval.high - interval.low;
  const dependent = blockBootstrap(persistent, options);
  assert.ok(width(dependent) > 2 * width(bootstrapInterval(persistent, options)));
  assert.match(
    dependent.interval.method,
    /^stationary block bootstrap percentile \(block length [\d.]+\), 2000 resamples$/,
  );
  assert.equal(dependent.n, persistent.length);
  const single = blockBootstrap(persistent, { ...options, blockLength: 1, scheme: "circular" });
  assertAllClose([width(single)], [width(bootstrapInterval(persistent, options))], { rtol: 0.1 });
  assert.deepEqual(blockBootstrap(persistent, options), dependent);
  assert.equal(blockBootstrap(persistent, { ...options, leastBlockLength: 40 }).blockLength, 40);
  const root = blockBootstrap(persistent, {
    ...options,
    statistic: (values) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length),
  });
  assert.ok(root.interval.low > 0 && root.interval.low < root.value && root.value < root.interval.high);
});

Deno.test("the interval of a mean of an autoregression holds the true mean about as often as it says", () => {
  let held = 0;
  const runs = 200;
  for (let run = 0; run < runs; run++) {
    const noise = random(run, "autoregression");
    const x = new Float64Array(300);
    let state = noise.normal() / Math.sqrt(1 - 0.25);
    for (let i = 0; i < x.length; i++) x[i] = state = 0.5 * state + noise.normal();
    const { interval } = blockBootstrap(x, { seed: run, resamples: 200 });
    if (interval.low <= 0 && interval.high >= 0) held++;
  }
  // Politis and Romano's intervals are somewhat too short for 300 values; single values would hold it in about 75 of 100.
  assert.ok(held >= 0.86 * runs && held <= 0.99 * runs, `${held} of ${runs}`);
});

Deno.test("pairedBlockDifference sees a small difference through what both have in common", () => {
  const better = persistent.map((value, i) => value - 0.1 + 0.05 * Math.sin(i));
  const options = { seed: 1, resamples: 1000 };
  const lower = pairedBlockDifference(better, persistent, options);
  assert.deepEqual([lower.verdict, lower.value.toFixed(1), lower.n], ["lower", "-0.1", persistent.length]);
  assert.equal(pairedBlockDifference(persistent, better, options).verdict, "higher");
  assert.equal(pairedBlockDifference(persistent, persistent, options).verdict, "no difference shown");
  const shuffled = random(1).shuffle(persistent.slice());
  assert.equal(pairedBlockDifference(persistent, shuffled, options).verdict, "no difference shown");
  assert.throws(
    () => pairedBlockDifference([1, 2], [1, 2, 3], options),
    /expected as many times on both sides, got 2 and 3/,
  );
});

Deno.test("seeds widen an interval by what they differ", () => {
  const seeds = [-1, 0, 1].map((shift) => persistent.map((value) => value + shift));
  const options = { seed: 1, resamples: 1000, blockLength: 5 };
  const one = blockBootstrapOverSeeds([persistent], options);
  const three = blockBootstrapOverSeeds(seeds, options);
  assertAllClose([three.value], [one.value], { rtol: 1e-9, atol: 1e-9 });
  assert.ok(three.interval.high - three.interval.low > 1.5 * (one.interval.high - one.interval.low));
  assert.match(three.interval.method, /\(3 seeds, block length 5\)/);
  const shifted = pairedBlockDifference(seeds, persistent.map((value) => value - 9), options);
  assert.equal(shifted.verdict, "higher");
  assert.throws(
    () => blockBootstrapOverSeeds([[1, 2], [1, 2, 3]], options),
    /expected \[seeds, 2\], got a seed of 3 times/,
  );
  assert.throws(() => blockBootstrapOverSeeds([], options), /expected at least one seed, got none/);
});

Deno.test("block bootstrap functions refuse lengths that mean nothing", () => {
  const refused: [object, RegExp][] = [
    [{ blockLength: 0 }, /expected blockLength to be a number from 1 to 120 or "automatic", got 0/],
    [{ blockLength: 121 }, /got 121/],
    [{ blockLength: 2.5, scheme: "moving" }, /expected blockLength to be an integer from 1 to 120/],
    [{ leastBlockLength: 0.5 }, /expected leastBlockLength to be a number from 1 to 120, got 0\.5/],
    [{ resamples: 1 }, /expected resamples from 100/],
  ];
  for (const [options, message] of refused) {
    assert.throws(() => blockBootstrap(persistent, { seed: 1, ...options }), message);
  }
});

Deno.test("dieboldMariano is the formula by numpy and scipy, and refuses what it cannot test", () => {
  for (const { a, b, horizon, statistic, pValue } of golden.dieboldMariano) {
    const result = dieboldMariano(a, b, { horizon });
    assertAllClose([result.statistic, result.pValue], [statistic, pValue], { rtol: 1e-9 });
  }
  const [{ a, b }] = golden.dieboldMariano;
  assert.throws(() => dieboldMariano(a, b, { horizon: 0 }), /expected horizon to be an integer from 1 to 79, got 0/);
  assert.throws(
    () => dieboldMariano(a, a, { horizon: 1 }),
    /expected differences with a positive variance over 1 steps, got 0/,
  );
  assert.throws(() => dieboldMariano(a, b.slice(1), { horizon: 1 }), /expected as many samples on both sides/);
  const flipping = Float64Array.from({ length: 40 }, (_, i) => (-1) ** i);
  assert.throws(
    () => dieboldMariano(flipping, new Float64Array(40), { horizon: 2 }),
    /expected differences with a positive variance over 2 steps/,
  );
});
