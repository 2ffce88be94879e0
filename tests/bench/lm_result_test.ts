// What is said of turns, from turns that are made here: nothing is measured.

import assert from "node:assert/strict";
import {
  fastestWay,
  lmBenchmark,
  type LmMeasured,
  lmSides,
  lmTable,
  type LmTurn,
  logitsDifference,
} from "lib/bench/mod.ts";
import { machineFacts } from "lib/runtime/mod.ts";

const GB = 1e9;

/** A turn whose tokens take about `tokenMs`, and its prompts ten times that. */
function turn(tokenMs: number, changed: Partial<LmTurn> = {}): LmTurn {
  const around = (ms: number) => [0.99, 1, 1.01].map((factor) => factor * ms);
  return {
    version: null,
    weightBytes: 4 * GB,
    bytesPerToken: 4 * GB,
    loadMs: 1000,
    firstPromptMs: 900,
    promptMs: around(10 * tokenMs),
    tokenMs: around(tokenMs),
    likeliest: [1, 2],
    peakRssBytes: 5 * GB,
    ...changed,
  };
}

const small = { weightBytes: GB, bytesPerToken: GB, peakRssBytes: 3.5 * GB };
const SIDES = lmSides(["float32", "int4"], { provider: "cpu", hasPeer: true, hasControl: true });

function measured(changed: Partial<LmMeasured> = {}): LmMeasured {
  const peer = "transformers float32";
  return {
    turns: new Map([
      ["float32", [turn(400), turn(420), turn(400)]],
      ["int4", [turn(100, small), turn(101, small), turn(100, small)]],
      ["int4 again", [turn(100, small), turn(100, small), turn(101, small)]],
      [peer, [turn(500, { version: "5" }), null, turn(500)]],
    ]),
    // The way that is slower than memory is does not count.
    reads: [20, 20, 20].map((rate) => [
      { name: "slow", bytesPerSecond: [GB, 2 * GB, GB] },
      { name: "fast", bytesPerSecond: [rate * GB, 0.9 * rate * GB, 2 * rate * GB] },
    ]),
    logits: new Map([["float32", logitsDifference(Float32Array.of(1, 2), Float32Array.of(1, 2), 1)]]),
    conversions: [{ weights: "int4", ms: 9000, peakRssBytes: GB }],
    missing: [],
    idleBefore: [0.9, 0.9, null],
    isComplete: true,
    ...changed,
  };
}

const SUBJECT = {
  model: "made",
  weightsAre: "random, seed 1",
  parameterCount: 1_000_000,
  promptTokens: 70,
  generatedTokens: 3,
  threads: 2,
  provider: "cpu" as const,
};
const result = (given: LmMeasured) =>
  lmBenchmark(SIDES, given, { subject: SUBJECT, machine: machineFacts(), gpu: null });

Deno.test("lmSides has ours in each format, a control of the last one, and the peer in what it has", () => {
  assert.deepEqual(SIDES.map(({ name, role, device }) => [name, role, device]), [
    ["float32", "ours", "cpu"],
    ["int4", "ours", "cpu"],
    ["int4 again", "control", "cpu"],
    ["transformers float32", "peer", "cpu"],
  ]);
  const onGpu = lmSides(["float16"], { provider: "webgpu", hasPeer: true, hasControl: false });
  assert.deepEqual(onGpu.map(({ name, device }) => [name, device]), [
    ["float16", "webgpu"],
    ["transformers float32", "cuda"],
    ["transformers float16", "cuda"],
  ]);
});

Deno.test("lmBenchmark pairs the rounds that both took part in, and puts the control beside what it repeats", () => {
  const { ratio, n, sides: [float32, int4, control, peer] } = result(measured());
  assert.equal(ratio, 0.8); // rounds 0 and 2 alone: the peer had no turn in round 1
  assert.equal(n, 2);
  assert.equal(float32.generation.comparison!.peer, "transformers float32");
  assert.equal(float32.prompt.comparison!.ratio, 0.8);
  assert.equal(int4.generation.comparison!.ratio, 0.2);
  assert.equal(control.generation.comparison!.peer, "int4");
  assert.equal(control.generation.comparison!.ratio, 1);
  assert.equal(peer.generation.comparison, null);
  assert.equal(float32.prompt.tokensPerSecond, 70 * 1000 / 4040);
  assert.equal(int4.generation.tokensPerSecond, 10);
});

Deno.test("the share of the roofline is the time of reading at the fastest way's rate over the time of a token", () => {
  const { readBytesPerSecond, sides: [float32, int4] } = result(measured());
  assert.equal(readBytesPerSecond!.way, "fast");
  assert.equal(readBytesPerSecond!.value, 20 * GB);
  assert.equal(float32.roofline!.value, 0.5); // 4 GB at 20 GB/s take 200 ms of 400
  assert.equal(int4.roofline!.value, 0.5); // 50 ms of 100
  assert.ok(int4.roofline!.interval!.low <= 0.5 && int4.roofline!.interval!.high >= 0.5);
  assert.equal(result(measured({ reads: [] })).sides[0].roofline, null);
});

Deno.test("a round in which nothing was read has no share of the roofline", () => {
  const way = { name: "way", bytesPerSecond: [10 * GB] };
  assert.deepEqual(fastestWay([[way], [], [{ ...way, bytesPerSecond: [30 * GB] }]]), {
    name: "way",
    roundMedians: [10 * GB, null, 30 * GB],
    median: 20 * GB,
  });
  assert.equal(fastestWay([[], []]), null);
  const turns = new Map([["int4", [turn(100, small), turn(100, small)]]]);
  const { sides: [int4] } = result(measured({ reads: [[], [way]], turns }));
  assert.deepEqual(int4.roofline, { value: 1, n: 1, interval: null });
});

Deno.test("floors say what is met: time beside transformers, the roofline's share, memory", () => {
  const met = Object.fromEntries(result(measured()).floors.map(({ what, isMet }) => [what, isMet]));
  assert.deepEqual(met, {
    "time of a prompt in float32 over that of transformers float32": true,
    "time of a token in float32 over that of transformers float32": true,
    "peak memory in float32, GB": true, // 5 of 1.3 x 4 + 2
    "generation in int4 as a share of the memory roofline": false, // 0.5 of 0.6
    "peak memory in int4, GB": false, // 3.5 of 1.3 x 1 + 2
  });
  const onGpu = SIDES.map((side) => ({ ...side, device: "webgpu" as const }));
  assert.deepEqual(lmBenchmark(onGpu, measured(), { subject: SUBJECT, machine: machineFacts(), gpu: null }).floors, []);
});

Deno.test("float32 that computes other logits is INVALID, integers may differ", () => {
  const far = logitsDifference(Float32Array.of(1, 2.1), Float32Array.of(1, 2), 1);
  const { sides: [float32, int4] } = result(measured({ logits: new Map([["float32", far], ["int4", far]]) }));
  assert.equal(float32.generation.verdict, "INVALID");
  assert.match(float32.generation.reasons[0], /logits differ from the peer's by 0\.04/);
  assert.equal(int4.generation.verdict, "VALID");
});

Deno.test("logitsDifference gives the norm, the largest difference and how often the likeliest token is the same", () => {
  const difference = logitsDifference(Float32Array.of(1, 2, 3, 1), Float32Array.of(1, 2, 3, 5), 2);
  assert.deepEqual(difference, {
    positions: 2,
    relative: 4 / Math.sqrt(1 + 4 + 9 + 25),
    largest: 4,
    largestLogit: 5,
    sameLikeliest: 1,
  });
  assert.ok(Number.isNaN(logitsDifference(Float32Array.of(NaN, 1), Float32Array.of(1, 1), 1).largest));
  assert.throws(() => logitsDifference(new Float32Array(4), new Float32Array(5), 2), /got 4 and 5 values/);
  assert.throws(() => logitsDifference(new Float32Array(5), new Float32Array(5), 2), /expected two tables of 2 rows/);
});

Deno.test("lmTable tells all sides, the roofline, what is missing and the floors", () => {
  const missing = [{ name: "int8", reason: "it ended" }];
  const text = lmTable(result(measured({ missing, isComplete: false })));
  assert.match(text, /\| +float32 \| +4\.00 \| +1\.00 \| +5\.00 \(7\.20\) \|.*\b404 \| +2\.48 \|.*0\.50 \(/);
  assert.match(
    text,
    /made, weights random, seed 1, 1,000,000 parameters; a prompt of 70 tokens, 3 generated; 2 threads/,
  );
  assert.match(text, /Memory is read at 20\.00 GB\/s \(fast\); in GB\/s: slow 1\.00, fast 20\.00/);
  assert.match(text, /int8 is missing: it ended/);
  assert.match(text, /NOT MET: generation in int4 .*: 0\.50, at least 0\.60/);
  assert.match(text, /The run was not finished\.$/);
});
