import assert from "node:assert/strict";
import { poissonArrivals } from "lib/bench/mod.ts";
import { limitsOf, stopReason, unmet } from "lib/bench/harness/limits.ts";
import { callsPerSample, measureScenario, warmUp } from "lib/bench/harness/scenario.ts";
import { MadeClock } from "./made_clock.ts";

const limits = { minMs: 100, minCount: 20, maxMs: 1000, maxCount: 500 };

Deno.test("singleStream goes on until both the least time and the least count are reached", async () => {
  const slow = new MadeClock([10]);
  const byCount = await measureScenario(slow.call, { name: "singleStream" }, { limits, clock: slow });
  assert.deepEqual([byCount.callMs.length, byCount.elapsedMs], [20, 200]);
  const fast = new MadeClock([1]);
  const byTime = await measureScenario(fast.call, { name: "singleStream" }, { limits, clock: fast });
  assert.deepEqual([byTime.callMs.length, byTime.elapsedMs], [100, 100]);
  assert.equal(byTime.stopped, "minimum time and count");
  assert.ok(byTime.callMs.every((ms) => Math.abs(ms - 1) < 1e-9));
  assert.equal(byTime.latencyMs, null);
});

Deno.test("a measurement ends at its most, and says what was not reached", async () => {
  const slow = new MadeClock([300]);
  const cut = await measureScenario(slow.call, { name: "offline" }, { limits, clock: slow });
  assert.deepEqual([cut.callMs.length, cut.stopped], [4, "maximum time"]);
  assert.deepEqual(unmet(limits, 4, 1200), ["4 of at least 20 calls were measured"]);
  const quick = new MadeClock([0.01]);
  const full = await measureScenario(quick.call, { name: "singleStream" }, { limits, clock: quick });
  assert.deepEqual([full.callMs.length, full.stopped], [500, "maximum count"]);
  assert.equal(unmet(limits, 500, 5).length, 1);
  assert.equal(stopReason(limits, 20, 99.9), null);
});

Deno.test("short calls are timed together, and a sample is their mean", async () => {
  assert.deepEqual([callsPerSample(0.001), callsPerSample(0.02), callsPerSample(5), callsPerSample(0)], [
    20,
    1,
    1,
    20_000,
  ]);
  const clock = new MadeClock([1, 3]);
  const { callMs } = await measureScenario(clock.call, { name: "singleStream" }, { limits, clock, callsPerSample: 2 });
  assert.ok(callMs.every((ms) => ms === 2));
  assert.equal(clock.calls, 2 * callMs.length);
});

Deno.test("what is done after a sample is not part of the next one", async () => {
  const clock = new MadeClock([5]);
  const { callMs } = await measureScenario(clock.call, { name: "singleStream" }, {
    limits,
    clock,
    onSample: () => clock.sleepUntil(clock.nowMs() + 7),
  });
  assert.ok(callMs.every((ms) => ms === 5));
});

Deno.test("server: a latency holds the waiting behind earlier calls", async () => {
  const clock = new MadeClock([50]);
  const scenario = { name: "server", arrivalsPerSecond: 100, seed: 3 } as const;
  const { callMs, latencyMs, elapsedMs } = await measureScenario(clock.call, scenario, { limits, clock });
  assert.ok(callMs.every((ms) => Math.abs(ms - 50) < 1e-9), "the calls themselves");
  const arrivals = poissonArrivals(100, 3);
  let free = 0;
  const expected = callMs.map(() => {
    const arrival = arrivals.next().value;
    free = Math.max(free, arrival) + 50;
    return free - arrival;
  });
  latencyMs!.forEach((ms, i) => assert.ok(Math.abs(ms - expected[i]) < 1e-6, `${ms} ${expected[i]}`));
  assert.ok(latencyMs!.at(-1)! > 10 * 50, "more arrive than are served: the queue grows");
  assert.ok(elapsedMs >= 1000);
  const idle = new MadeClock([1]);
  const calm = await measureScenario(idle.call, { ...scenario, arrivalsPerSecond: 10 }, { limits, clock: idle });
  assert.ok(idle.sleeps > 0 && Math.min(...calm.latencyMs!) < 1.0001, "one that finds nobody waits for nobody");
});

Deno.test("poissonArrivals has exponential gaps of the rate, the same for the same seed", () => {
  const times = (seed: number) => {
    const arrivals = poissonArrivals(200, seed);
    return Array.from({ length: 4000 }, () => arrivals.next().value);
  };
  const first = times(1);
  assert.deepEqual(first, times(1));
  assert.notDeepEqual(first, times(2));
  const gaps = first.map((ms, i) => ms - (first[i - 1] ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  assert.ok(Math.abs(mean - 5) < 0.3, `mean ${mean}`);
  assert.ok(Math.abs(Math.sqrt(variance) / mean - 1) < 0.1, "as wide as its mean");
  assert.throws(() => poissonArrivals(0, 1).next(), /expected a positive rate per second, got 0/);
});

Deno.test("warmUp ends when three medians in a row agree, or at its time", async () => {
  const falling = new MadeClock([...Array(10).fill(9), ...Array(10).fill(4), ...Array(1000).fill(1)]);
  const settled = await warmUp(falling.call, { clock: falling, maxMs: 10_000 });
  assert.deepEqual([settled.calls, settled.settled, settled.callMs], [50, true, 1]);
  const wild = new MadeClock(Array.from({ length: 1000 }, (_, i) => 1 + Math.floor(i / 10) % 7));
  const cut = await warmUp(wild.call, { clock: wild, maxMs: 100 });
  assert.equal(cut.settled, false);
  assert.ok(cut.ms >= 100 && cut.ms < 110);
  const once = new MadeClock([500]);
  assert.deepEqual((await warmUp(once.call, { clock: once, maxMs: 100 })).calls, 1);
  const steady = new MadeClock([1]);
  const asked = await warmUp(steady.call, { clock: steady, maxMs: 1, calls: 12 });
  assert.deepEqual([asked.calls, asked.ms, asked.callMs], [12, 12, 1]);
});

Deno.test("limitsOf refuses what is not positive, and a most below its least is that least", () => {
  assert.throws(() => limitsOf({ minCount: 0 }), /expected minCount to be an integer from 1, got 0/);
  assert.throws(() => limitsOf({ maxCount: 1.5 }), /expected maxCount to be an integer from 1, got 1.5/);
  assert.throws(() => limitsOf({ minMs: NaN }), /expected minMs to be a positive number, got NaN/);
  assert.equal(limitsOf({ minMs: 99_000 }).maxMs, 99_000);
});
