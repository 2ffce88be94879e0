// The scenarios of MLPerf LoadGen that are measured here: one call after another (singleStream: how long is a call?), the same
// for throughput (offline: how many rows a second?), and calls that arrive by chance (server: how long does one wait at a rate?).

import { median, random } from "../../statistics/mod.ts";
import type { Clock } from "./clock.ts";
import { type Limits, type StopReason, stopReason } from "./limits.ts";

/** What is measured. */
export type Scenario =
  | { name: "singleStream" }
  | { name: "offline" }
  /** Arrivals of a Poisson process; seeded, so that two providers get the same ones. */
  | { name: "server"; arrivalsPerSecond: number; seed?: number };

/** A call of a subject. */
export type Call = () => Promise<unknown> | unknown;

/** What a scenario measured. */
export interface Samples {
  /** Time of each call, or mean of `callsPerSample` calls, in ms, in order. */
  callMs: number[];
  /** In the server scenario: from each arrival to the end of its call, so with its waiting; else null. */
  latencyMs: number[] | null;
  callsPerSample: number;
  /** From the first call to the end of the last one. */
  elapsedMs: number;
  stopped: StopReason;
}

/** Options of a measurement. */
export interface ScenarioOptions {
  limits: Limits;
  clock: Clock;
  /** Default 1. */
  callsPerSample?: number;
  /** Called after each sample, outside of what is timed, with the number of samples so far and the last one. */
  onSample?: (count: number, callMs: number, elapsedMs: number) => void;
}

/** What warming up took. */
export interface WarmUp {
  calls: number;
  ms: number;
  /** Whether three medians in a row agreed within 2%. */
  settled: boolean;
  /** The last median. */
  callMs: number;
}

const WARM_WINDOW = 10;
const WARM_WINDOWS = 3;
const WARM_AGREEMENT = 0.02;

/** When warming up ends. */
export interface WarmUpOptions {
  clock: Clock;
  /** What it may take, unless the number of calls is given. */
  maxMs: number;
  /** Exactly so many calls, for a protocol that says how many. */
  calls?: number | null;
}

/**
 * Calls until the medians of three windows of ten calls agree within 2%, or the time is over; at least once. Where the number of calls is
 * given, so often.
 */
export async function warmUp(
  call: Call,
  { clock, maxMs, calls: wanted = null }: WarmUpOptions,
): Promise<WarmUp> {
  const start = clock.nowMs();
  const medians: number[] = [];
  let window: number[] = [];
  let calls = 0;
  let now = start;
  let settled = false;
  const goesOn = () => wanted === null ? !settled && (calls === 0 || now - start < maxMs) : calls < Math.max(1, wanted);
  while (goesOn()) {
    const before = clock.nowMs();
    await call();
    now = clock.nowMs();
    calls++;
    window.push(now - before);
    if (window.length < WARM_WINDOW) continue;
    medians.push(median(window));
    window = [];
    const last = medians.slice(-WARM_WINDOWS);
    const middle = median(last);
    settled = last.length === WARM_WINDOWS && last.every((ms) => Math.abs(ms - middle) <= WARM_AGREEMENT * middle);
  }
  return { calls, ms: now - start, settled, callMs: medians.at(-1) ?? median(window) };
}

/** Calls whose times are averaged into one sample: a call far shorter than the clock's own cost is not timed alone. */
export function callsPerSample(callMs: number, leastSampleMs = 0.02): number {
  return Math.max(1, Math.ceil(leastSampleMs / Math.max(callMs, 1e-6)));
}

/** Measures a scenario. The time from one call to the next is not part of any sample. */
export async function measureScenario(
  call: Call,
  scenario: Scenario,
  options: ScenarioOptions,
): Promise<Samples> {
  return await (scenario.name === "server" ? serve(call, scenario, options) : callInTurn(call, options));
}

async function callInTurn(
  call: Call,
  { limits, clock, callsPerSample = 1, onSample }: ScenarioOptions,
): Promise<Samples> {
  const callMs: number[] = [];
  const start = clock.nowMs();
  for (;;) {
    const before = clock.nowMs();
    for (let i = 0; i < callsPerSample; i++) await call();
    const after = clock.nowMs();
    callMs.push((after - before) / callsPerSample);
    const elapsedMs = after - start;
    onSample?.(callMs.length, callMs[callMs.length - 1], elapsedMs);
    const stopped = stopReason(limits, callMs.length, elapsedMs);
    if (stopped) return { callMs, latencyMs: null, callsPerSample, elapsedMs, stopped };
  }
}

async function serve(
  call: Call,
  { arrivalsPerSecond, seed = 1 }: Scenario & { name: "server" },
  { limits, clock, onSample }: ScenarioOptions,
): Promise<Samples> {
  const [callMs, latencyMs]: number[][] = [[], []];
  const arrivals = poissonArrivals(arrivalsPerSecond, seed);
  const start = clock.nowMs();
  for (const arrivalMs of arrivals) {
    if (clock.nowMs() < start + arrivalMs) await clock.sleepUntil(start + arrivalMs);
    const before = clock.nowMs();
    await call();
    const after = clock.nowMs();
    callMs.push(after - before);
    latencyMs.push(after - start - arrivalMs);
    const elapsedMs = after - start;
    onSample?.(callMs.length, after - before, elapsedMs);
    const stopped = stopReason(limits, callMs.length, elapsedMs);
    if (stopped) return { callMs, latencyMs, callsPerSample: 1, elapsedMs, stopped };
  }
  throw new Error("internal: arrivals do not end");
}

/**
 * Times of arrivals in ms from 0, without end: gaps are exponential with the mean `1000 / perSecond`.
 *
 * @throws {RangeError} when the rate is not positive
 *
 * @example
 * ```ts
 * import { poissonArrivals } from "lib/bench/mod.ts";
 * const [first, second] = poissonArrivals(100, 1);
 * if (!(second > first)) throw new Error("times rise");
 * ```
 */
export function* poissonArrivals(perSecond: number, seed: number): Generator<number, never> {
  if (!(perSecond > 0 && perSecond < Infinity)) {
    throw new RangeError(`Cannot plan arrivals: expected a positive rate per second, got ${perSecond}`);
  }
  const stream = random(seed, "arrivals");
  for (let ms = 0;;) {
    ms += -Math.log(1 - stream.uniform()) * 1000 / perSecond;
    yield ms;
  }
}
