import assert from "node:assert/strict";
import { aaSubjects, type AaTrial, type PairedProcesses, processRatio, summarizeAa } from "lib/bench/mod.ts";
import { planTrials } from "lib/bench/harness/aa.ts";
import { callsPerSample, measureScenario } from "lib/bench/harness/scenario.ts";
import { random } from "lib/statistics/mod.ts";
import { MadeClock } from "./made_clock.ts";

/** What differs between processes, between rounds, and between calls; some calls take several times as long. */
const PROCESS_NOISE = 0.015;
const ROUND_NOISE = 0.02;
const CALL_NOISE = 0.05;
const SPIKES = 0.02;

/** Two sides measured by the harness itself on a made clock whose calls have noise on all levels. */
async function syntheticTrial(name: string, slowdown: number): Promise<PairedProcesses> {
  const stream = random(name);
  const block = async (level: number) => {
    const times = Array.from({ length: 20 }, () => {
      const spike = stream.uniform() < SPIKES ? 4 : 1;
      return level * spike * Math.max(0.5, 1 + stream.normal(0, CALL_NOISE));
    });
    const clock = new MadeClock(times);
    const limits = { minMs: 1, minCount: 20, maxMs: 1e6, maxCount: 20 };
    const options = { limits, clock, callsPerSample: callsPerSample(1) };
    return (await measureScenario(clock.call, { name: "singleStream" }, options)).callMs;
  };
  const pairs: { first: number[][]; second: number[][] }[] = [];
  for (let pair = 0; pair < 5; pair++) {
    const [a, b] = [1 + slowdown, 1].map((ms) => ms * (1 + stream.normal(0, PROCESS_NOISE)));
    const [first, second]: number[][][] = [[], []];
    for (let round = 0; round < 6; round++) {
      const common = 1 + stream.normal(0, ROUND_NOISE); // what slows both sides of a round down
      first.push(await block(a * common));
      second.push(await block(b * common));
    }
    pairs.push({ first, second });
  }
  return pairs;
}

Deno.test("A/A on synthetic noise: intervals hold 1, are narrow, and a slowdown of 10% is found", async () => {
  const trials: AaTrial[] = [];
  for (const { subject, slowdown } of planTrials({ trials: 60, slowTrials: 24 })) {
    const comparison = processRatio(await syntheticTrial(`trial ${trials.length}`, slowdown));
    trials.push({ subject: `subject ${subject}`, slowdown, ...comparison });
  }
  const { containing, medianHalfWidth, found, bySubject } = summarizeAa(trials);
  assert.deepEqual([containing.n, found!.n, bySubject.length], [60, 24, 6]);
  assert.ok(containing.share >= 0.9, `${containing.share} of the intervals hold 1`);
  assert.ok(medianHalfWidth <= 0.05, `median half-width ${medianHalfWidth}`);
  assert.ok(found!.share >= 0.9, `found in ${found!.share}`);
});

Deno.test("planTrials gives every subject as many trials of each kind, spread over the study", () => {
  const plans = planTrials({ trials: 300, slowTrials: 60, slowdown: 0.1 });
  assert.equal(plans.length, 360);
  for (let subject = 0; subject < 6; subject++) {
    const own = plans.filter((plan) => plan.subject === subject);
    assert.deepEqual([own.length, own.filter(({ slowdown }) => slowdown === 0.1).length], [60, 10]);
  }
  assert.equal(plans.slice(0, 180).filter(({ slowdown }) => slowdown > 0).length, 30);
});

Deno.test("the study has six subjects of different names", () => {
  const names = aaSubjects().map(({ subject }) => subject.name);
  assert.equal(new Set(names).size, 6);
});

Deno.test("summarizeAa counts intervals that hold 1, and slowdowns that were found", () => {
  const trial = (low: number, high: number, slowdown = 0) => ({
    subject: "s",
    slowdown,
    ratio: (low + high) / 2,
    low,
    high,
  });
  const { containing, medianHalfWidth, found } = summarizeAa([
    trial(0.98, 1.02),
    trial(1, 1.06),
    trial(1.01, 1.03),
    trial(1.05, 1.15, 0.1),
    trial(0.99, 1.2, 0.1),
  ]);
  assert.deepEqual([containing.n, containing.share.toFixed(3), medianHalfWidth.toFixed(3)], [3, "0.667", "0.020"]);
  assert.deepEqual([found!.n, found!.share], [2, 0.5]);
  assert.throws(() => summarizeAa([trial(1, 2, 0.1)]), /expected at least one A\/A trial/);
});

Deno.test("processRatio needs two pairs of processes", () => {
  assert.throws(() => processRatio([{ first: [[1], [1]], second: [[1], [1]] }]), RangeError);
});
