import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { projectPath } from "lib/process/mod.ts";
import {
  coefficientOfVariation,
  comparePasses,
  compareScores,
  mean,
  median,
  pairedDifference,
  random,
  twoLevelBootstrap,
  verdictSentence,
} from "lib/statistics/mod.ts";
import { chiSquareQuantile, studentQuantile } from "../../lib/statistics/distributions.ts";
import { assertAllClose } from "tests/assertions.ts";

const references: Record<"chiSquare" | "student" | "variation", number[][]> = JSON.parse(
  readFileSync(projectPath("tests", "golden", "statistics", "small_samples.json"), "utf8"),
);
const normals = (n: number, spread: number, ...path: (string | number)[]) =>
  random(77, ...path).fillNormal(new Float64Array(n), 0, spread);
/** Seeds that differ by `seedSpread`, on items that they share. */
const study = (seeds: number, seedSpread: number, ...path: (string | number)[]) => {
  const items = normals(60, 1, "items", ...path);
  return Array.from({ length: seeds }, (_, s) => {
    const effect = normals(1, seedSpread, "seed", s, ...path)[0];
    return normals(60, 0.5, "rest", s, ...path).map((value, i) => value + effect + items[i]);
  });
};
const contains = ({ interval }: { interval: { low: number; high: number } }, value: number) =>
  interval.low <= value && value <= interval.high;

Deno.test("chiSquareQuantile and studentQuantile agree with scipy", () => {
  for (const [p, degrees, value] of references.chiSquare) {
    assertAllClose([chiSquareQuantile(p, degrees)], [value], { rtol: 1e-11 });
  }
  for (const [p, degrees, value] of references.student) {
    assertAllClose([studentQuantile(p, degrees)], [value], { rtol: 1e-11, atol: 1e-12 });
  }
  for (const p of [0, 1, NaN]) {
    assert.throws(() => chiSquareQuantile(p, 3), RangeError);
    assert.throws(() => studentQuantile(p, 3), RangeError);
  }
  assert.throws(() => chiSquareQuantile(0.5, 0), /degrees above 0, got 0.5 and 0/);
  assert.throws(() => studentQuantile(0.5, 2.5), /whole degrees/);
});

Deno.test("coefficientOfVariation's normal interval is near the exact one of the noncentral t", () => {
  for (const [value, n, confidence, low, high] of references.variation) {
    // A sample of n with mean 1 and exactly this standard deviation.
    const scale = value * Math.sqrt((n - 1) / (n % 2 ? n - 1 : n));
    const samples = Array.from({ length: n }, (_, i) => 1 + (n % 2 && i === n - 1 ? 0 : i % 2 ? scale : -scale));
    const found = coefficientOfVariation(samples, { method: "normal", confidence, seed: 1 });
    assertAllClose([found.value], [value], { rtol: 1e-9 });
    assertAllClose([found.interval.low, found.interval.high], [low, high], { rtol: 0.01 });
  }
});

Deno.test("coefficientOfVariation's normal interval holds the true value as often as it says, the bootstrap's does not", () => {
  const covered = (method: "normal" | "bootstrap") => {
    let count = 0;
    for (let trial = 0; trial < 400; trial++) {
      const samples = normals(5, 0.05, "variation", trial).map((value) => 1 + value);
      if (contains(coefficientOfVariation(samples, { method, seed: trial, resamples: 200 }), 0.05)) count++;
    }
    return count / 400;
  };
  // Three standard errors of 0.95 in 400 trials are 0.033.
  assert.ok(Math.abs(covered("normal") - 0.95) < 0.033);
  assert.ok(covered("bootstrap") < 0.8);
});

Deno.test("coefficientOfVariation refuses what its normal interval cannot hold, and does not change with scale", () => {
  const wild = [0.01, 5, 0.02];
  assert.throws(() => coefficientOfVariation(wild, { method: "normal", seed: 1 }), /vary little beside their mean/);
  const [one, hundred] = [1, 100].map((factor) =>
    coefficientOfVariation([9 * factor, 10 * factor, 12 * factor], { method: "normal", seed: 1 })
  );
  assertAllClose([one.interval.low, one.interval.high], [hundred.interval.low, hundred.interval.high], { rtol: 1e-12 });
  assert.throws(() => coefficientOfVariation([1, 2], { method: "normal", seed: 1 }), /at least 3 samples, got 2/);
});

Deno.test("twoLevelBootstrap corrected for few groups covers where the plain one does not", () => {
  const covered = (fewGroups: "plain" | "corrected") => {
    let count = 0;
    for (let trial = 0; trial < 300; trial++) {
      if (contains(twoLevelBootstrap(study(3, 1, "few", trial), { fewGroups, seed: trial, resamples: 200 }), 0)) {
        count++;
      }
    }
    return count / 300;
  };
  assert.ok(covered("plain") < 0.85, "three seeds drawn as they are");
  assert.ok(covered("corrected") > 0.9, "three seeds, corrected");
});

Deno.test("twoLevelBootstrap's correction leaves equal groups alone and says its name", () => {
  const items = [0.2, 0.4, 0.9, 0.7];
  const [plain, corrected] = (["plain", "corrected"] as const).map((fewGroups) =>
    twoLevelBootstrap([items, items, items], { fewGroups, seed: 1, resamples: 200 })
  );
  assertAllClose([corrected.interval.low, corrected.interval.high], [plain.interval.low, plain.interval.high], {
    rtol: 1e-12,
  });
  assert.match(corrected.interval.method, /crossed, corrected for few groups/);
});

Deno.test("compareScores of one seed each is the paired bootstrap", () => {
  const [a, b] = [normals(200, 1, "a"), normals(200, 1, "b")];
  const compared = compareScores([a], [b], { seed: 1, resamples: 2000 });
  const reference = pairedDifference(a, b, { seed: 2, resamples: 2000 });
  assertAllClose([compared.value], [reference.value], { rtol: 1e-9 });
  assertAllClose([compared.interval.low, compared.interval.high], [reference.interval.low, reference.interval.high], {
    atol: 0.02,
  });
  assert.equal(compared.n, 200);
  assert.equal(compared.discordant, 200);
});

Deno.test("compareScores finds a constant gain on noisy items, and says so from the other side", () => {
  const b = study(3, 0.02, "gain");
  const a = b.map((items) => items.map((value) => value + 1));
  const options = { seed: 1, resamples: 500 };
  const gain = compareScores(a, b, options);
  assertAllClose([gain.value], [1], { rtol: 1e-9 });
  assert.deepEqual([gain.verdict, gain.aHigher, gain.bHigher, gain.equal], ["higher", 60, 0, 0]);
  const loss = compareScores(b, a, options);
  assert.deepEqual([loss.verdict, loss.aHigher, loss.bHigher], ["lower", 0, 60]);
  assert.ok(gain.pValue < 1e-10);
  const self = compareScores(a, a, options);
  assert.deepEqual([self.value, self.verdict, self.equal, self.discordant, self.pValue], [
    0,
    "no difference shown",
    60,
    0,
    1,
  ]);
});

Deno.test("compareScores of models that do not differ rarely shows a difference", () => {
  let shown = 0;
  for (let trial = 0; trial < 200; trial++) {
    const items = normals(60, 1, "shared", trial);
    const model = (side: string) =>
      study(3, 0.5, side, trial).map((seed) => seed.map((value, i) => value + 2 * items[i]));
    if (compareScores(model("a"), model("b"), { seed: trial, resamples: 200 }).verdict !== "no difference shown") {
      shown++;
    }
  }
  assert.ok(shown / 200 < 0.08, `${shown} of 200`);
});

Deno.test("compareScores pairs seeds when told to: what they share no longer counts", () => {
  const b = study(5, 2, "pairs");
  const a = b.map((items, s) => items.map((value, i) => value + 0.1 + 0.01 * Math.sin(s + i)));
  const width = (seeds: "paired" | "independent") => {
    const { interval } = compareScores(a, b, { seeds, seed: 1, resamples: 300 });
    return interval.high - interval.low;
  };
  assert.ok(width("paired") < width("independent") / 20);
  assert.equal(compareScores(a, b, { seeds: "paired", seed: 1, resamples: 300 }).verdict, "higher");
  assert.equal(compareScores(a, b, { seed: 1, resamples: 300 }).verdict, "no difference shown");
});

Deno.test("compareScores takes a statistic of the items", () => {
  const [a, b] = [[[1, 2, 30], [4, 5, 60]], [[0, 1, 2]]];
  assert.equal(compareScores(a, b, { statistic: median, seed: 1, resamples: 100 }).value, 2.5);
});

Deno.test("compareScores refuses sides that do not fit", () => {
  const options = { seed: 1, resamples: 100 };
  assert.throws(() => compareScores([], [[1, 2]], options), /at least 1 seed, got none/);
  assert.throws(() => compareScores([[1, 2]], [[1, 2, 3]], options), /\[seeds, 2\], got a seed of 3 items/);
  assert.throws(() => compareScores([[1, NaN]], [[1, 2]], options), /got NaN at index 1/);
  assert.throws(() => compareScores([[1]], [[1]], options), /at least 2 samples, got 1/);
  assert.throws(() => compareScores([[1, 2], [1, 2]], [[1, 2]], { ...options, seeds: "paired" }), /got 2 and 1/);
  assert.throws(() => compareScores([[1, 2]], [[1, 2]], { seed: 1, confidence: 1 }), /confidence between 0 and 1/);
});

/** Cases of which only a passes the first, only b the next, and the rest both. */
function passes(onlyA: number, onlyB: number, n: number): [boolean[], boolean[]] {
  const side = (from: number, to: number) => Array.from({ length: n }, (_, i) => !(i >= from && i < to));
  return [side(onlyA, onlyA + onlyB), side(0, onlyA)];
}

Deno.test("comparePasses needs six discordant cases that all go one way", () => {
  const verdict = (onlyA: number, onlyB: number) => comparePasses(...passes(onlyA, onlyB, 15)).verdict;
  assert.deepEqual([verdict(5, 0), verdict(6, 0), verdict(0, 6), verdict(7, 1), verdict(0, 0)], [
    "no difference shown",
    "higher",
    "lower",
    "no difference shown",
    "no difference shown",
  ]);
  const { value, aHigher, bHigher, equal, discordant, pValue } = comparePasses(...passes(7, 1, 15));
  assertAllClose([value, pValue], [0.4, 2 * 9 / 256], { rtol: 1e-12 });
  assert.deepEqual([aHigher, bHigher, equal, discordant], [7, 1, 7, 8]);
});

Deno.test("comparePasses covers the true difference, by adding up all outcomes of 15 cases", () => {
  const n = 15;
  const factorial = (k: number): number => (k < 2 ? 1 : k * factorial(k - 1));
  for (const [p, q] of [[0.1, 0.1], [0.3, 0.1], [0.4, 0.05], [0.02, 0.02]]) {
    let covered = 0;
    for (let onlyA = 0; onlyA <= n; onlyA++) {
      for (let onlyB = 0; onlyA + onlyB <= n; onlyB++) {
        const rest = n - onlyA - onlyB;
        const ways = factorial(n) / factorial(onlyA) / factorial(onlyB) / factorial(rest);
        const probability = ways * p ** onlyA * q ** onlyB * (1 - p - q) ** rest;
        if (contains(comparePasses(...passes(onlyA, onlyB, n)), p - q)) covered += probability;
      }
    }
    assert.ok(covered > 0.93, `${p} ${q}: ${covered}`);
  }
});

Deno.test("comparePasses stays within [-1, 1] and refuses bad input", () => {
  const { interval } = comparePasses(...passes(3, 0, 3));
  assert.ok(interval.low >= -1 && interval.high <= 1 && interval.low < interval.high);
  assert.throws(() => comparePasses([], []), /at least 1 case, got 0/);
  assert.throws(() => comparePasses([true], []), /as many items on both sides, got 1 and 0/);
  assert.throws(() => comparePasses([true], [true], { confidence: 0 }), /confidence between 0 and 1, got 0/);
});

Deno.test("verdictSentence names both models and has no digits of its own", () => {
  const names = { a: "the student", b: "PCA" };
  assert.deepEqual(
    (["higher", "lower", "no difference shown"] as const).map((verdict) => verdictSentence({ verdict }, names)),
    [
      "the student scores higher than PCA",
      "the student scores lower than PCA",
      "no difference shown between the student and PCA",
    ],
  );
});

Deno.test("a comparison's value is the difference of the means over seeds", () => {
  const [a, b] = [study(4, 1, "mean a"), study(2, 1, "mean b")];
  assertAllClose([compareScores(a, b, { seed: 1, resamples: 100 }).value], [
    mean(a.map((items) => mean(items))) - mean(b.map((items) => mean(items))),
  ], { rtol: 1e-9 });
});

Deno.test("a difference of a last bit is none", () => {
  // Three equal seeds: their mean differs from each of them by rounding, and most resamples miss the one discordant item.
  for (const [count, ones] of [[20, 1], [34, 7], [41, 2], [83, 4], [125, 3]]) {
    const items = Float64Array.from({ length: count }, (_, i) => (i < ones ? 1 : 0));
    const other = items.slice();
    other[count - 1] = 1;
    const { verdict, discordant } = compareScores([items, items, items], [other], { seed: 1, resamples: 300 });
    assert.deepEqual([discordant, verdict], [1, "no difference shown"], `${count} items`);
  }
});
