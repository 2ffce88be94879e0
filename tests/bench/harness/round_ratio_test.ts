// Ratios of subjects whose processes took turns are judged by their rounds, not by what the processes did by themselves.

import assert from "node:assert/strict";
import { type BenchRecord, roundRatio } from "lib/bench/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { recordFrom, runOf, timesOf } from "./made_records.ts";

const ROUNDS = 9;

/** A record of a process a round: times around `ms`, changed call by call. */
function record(ms: number, change: (round: number, call: number) => number = () => 1, runs = ROUNDS): BenchRecord {
  return recordFrom(
    Array.from(
      { length: runs },
      (_, round) => runOf(timesOf(ms, { n: 90, seed: round }).map((one, call) => one * change(round, call))),
    ),
  );
}

Deno.test("a drift that both sides share leaves a ratio VALID, though both times are INVALID", () => {
  // Every process ends at one and a half of what it began with, as on a chip that warms up, and rounds differ by half as well.
  const warming = (round: number, call: number) => (1 + call / 180) * (1 + (round % 3) / 4);
  const [slow, fast] = [record(20, warming), record(10, warming)];
  assert.deepEqual([slow.verdict, fast.verdict], ["INVALID", "INVALID"]);
  assert.match(slow.reasons.join(), /drift of \d\d% within processes/);
  const { verdict, reasons, ratio, rounds } = roundRatio(slow, fast);
  assert.deepEqual([verdict, reasons, rounds.length, ratio.n], ["VALID", [], ROUNDS, ROUNDS]);
  assert.ok(Math.abs(ratio.value - 2) < 0.02, `${ratio.value}`);
  assert.ok(ratio.interval.low > 1.95 && ratio.interval.high < 2.05, JSON.stringify(ratio.interval));
});

Deno.test("a ratio whose rounds scatter is NOISY or INVALID, though every process was steady", () => {
  const scattered = (share: number) => {
    const stream = random(1, "rounds");
    const factors = Array.from({ length: ROUNDS }, () => 1 + share * stream.uniform(-1, 1));
    return roundRatio(record(20, (round) => factors[round]), record(10));
  };
  const [calm, noisy, invalid] = [0.04, 0.18, 0.7].map(scattered);
  assert.deepEqual([calm, noisy, invalid].map(({ verdict }) => verdict), ["VALID", "NOISY", "INVALID"]);
  assert.match(invalid.reasons.join(), /^ratios of rounds: IQR\/median 0\.\d\d$/);
  const width = ({ ratio: { interval } }: typeof calm) => interval.high - interval.low;
  assert.ok(width(calm) < width(noisy) && width(noisy) < width(invalid));
});

Deno.test("one wild round changes neither a ratio's verdict nor its bounds by much", () => {
  const { verdict, ratio } = roundRatio(record(20, (round) => (round === 4 ? 5 : 1)), record(10));
  assert.equal(verdict, "VALID");
  assert.ok(ratio.interval.high < 2.1, JSON.stringify(ratio.interval));
});

Deno.test("other programs make a ratio NOISY; too short a measurement and another provider, INVALID", () => {
  const busy = Array.from({ length: ROUNDS }, () => runOf(timesOf(10), {}, { othersShare: 0.4 }));
  assert.deepEqual(roundRatio(record(20), recordFrom(busy)), {
    ...roundRatio(
      record(20),
      recordFrom(busy.map((run) => ({ ...run, samples: { ...run.samples!, othersShare: 0 } }))),
    ),
    verdict: "NOISY",
    reasons: ["background load: other processes took 40% of all cores"],
  });
  const short = record(20, undefined, 6);
  const cut = { ...short, limits: { ...short.limits, minCount: 1000 } };
  assert.match(roundRatio(cut, record(10)).reasons.join(), /^540 of at least 1000 calls/);
  assert.equal(roundRatio(cut, record(10)).verdict, "INVALID");
  assert.equal(roundRatio({ ...record(20), fallback: true }, record(10)).verdict, "INVALID");
});

Deno.test("roundRatio takes the rounds that both have, and refuses fewer than six", () => {
  assert.equal(roundRatio(record(20, undefined, 7), record(10)).rounds.length, 7);
  assert.throws(() => roundRatio(record(20, undefined, 5), record(10)), /expected at least 6 rounds, got 5/);
});
