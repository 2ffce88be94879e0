import assert from "node:assert/strict";
import { parseRecordedLeak, parseRecordedLm, parseRecordedLora } from "lib/bench/mod.ts";
import { machineFacts } from "lib/runtime/mod.ts";

const estimate = (value: number) => ({
  value,
  n: 40,
  interval: { low: value - 0.1, high: value + 0.1, confidence: 0.95, method: "bootstrap" },
});

const lora = {
  schemaVersion: 1,
  benchmark: "lora",
  subject: "LoRA updates",
  weights: "random, seed 1",
  verdict: "VALID",
  reasons: [],
  work: {
    tokens: 70,
    provider: "cpu",
    baseFormat: "float32",
    threads: 2,
    lora: { rank: 16, alpha: 32, dropout: 0, lastLayers: 8, targetModules: ["q_proj", "v_proj"] },
  },
  machine: machineFacts(),
  gpu: null,
  sides: [{
    name: "ours",
    version: null,
    device: "cpu",
    iterationsPerSecond: estimate(0.5),
    tokensPerSecond: estimate(35),
    peakRssBytes: 6e9,
    peakDeviceBytes: null,
    createMs: 9000,
    trainableParameters: 425_984,
    losses: [11, 10, 9],
    blocksMs: [[2000], [2000]],
  }],
  peerAbsent: "PEER_PYTHON names no Python with peft",
  time: null,
  memoryRatio: null,
};

const times = { verdict: "VALID", reasons: [], n: 100, medianMs: 50, tokensPerSecond: 20, comparison: null };
const lm = {
  schemaVersion: 1,
  benchmark: "lm",
  model: "lfm2-1.2b",
  weightsAre: "random, seed 1",
  provider: "cpu",
  promptTokens: 128,
  generatedTokens: 64,
  machine: machineFacts(),
  gpu: { name: "NVIDIA H200" },
  sides: [{
    ...{ name: "ours int4", role: "ours", weights: "int4", version: null, weightBytes: 7e8, peakRssBytes: 2e9 },
    prompt: times,
    generation: { ...times, comparison: { ratio: 0.8, low: 0.7, high: 0.9, n: 4, peer: "transformers" } },
  }],
};

const leak = {
  slope: estimate(12),
  residentSlope: estimate(-300),
  leak: "none",
  plantedBytes: 0,
  machine: machineFacts(),
};
const leaks = {
  schemaVersion: 1,
  benchmark: "lora-leak",
  plain: { ...leak, boundBytes: 2048, warmUp: 50, heldBytes: [2e8, 2e8], readEvery: 10, windows: [] },
  planted: { ...leak, slope: estimate(20_480), leak: "found", plantedBytes: 20_480 },
};

Deno.test("records of the language model benchmarks are read with what a report prints of them", () => {
  const { sides: [side], work, peerAbsent } = parseRecordedLora(JSON.stringify(lora), "lora.json");
  assert.deepEqual([side.iterationsPerSecond.value, work.lora.rank], [0.5, 16]);
  assert.match(peerAbsent!, /no Python/);
  const { sides: [generated], gpu } = parseRecordedLm(JSON.stringify(lm), "lm.json");
  assert.deepEqual([generated.generation.comparison?.ratio, gpu?.name], [0.8, "NVIDIA H200"]);
  const { plain, planted } = parseRecordedLeak(JSON.stringify(leaks), "lora-leak.json");
  assert.deepEqual([plain.heldBytes.length, plain.leak, planted.slope.value, planted.leak], [
    2,
    "none",
    20_480,
    "found",
  ]);
});

Deno.test("files that are no such records are refused with the field that is wrong", () => {
  assert.throws(() => parseRecordedLora("{", "lora.json"), /Cannot read lora\.json: expected JSON of a benchmark/);
  assert.throws(() => parseRecordedLora(JSON.stringify(lm), "lm.json"), /Cannot read lm\.json: /);
  const other = { ...lora, sides: [{ ...lora.sides[0], peakRssBytes: "6 GB" }] };
  assert.throws(() => parseRecordedLora(JSON.stringify(other), "lora.json"), /sides\.0\.peakRssBytes/);
  assert.throws(() => parseRecordedLeak(JSON.stringify(lora), "lora.json"), /Cannot read lora\.json: benchmark/);
  assert.throws(() => parseRecordedLm(JSON.stringify({ ...lm, machine: {} }), "lm.json"), /machine/);
});
