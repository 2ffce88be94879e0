// Records of the language model benchmarks as a report reads them (lora.json, lora-webgpu.json, lora-leak.json and lm.json of
// reports/benchmarks), which were measured once, perhaps elsewhere.

import { z } from "zod";
import { parseMachineFacts } from "../record/mod.ts";

const estimate = z.object({
  value: z.number(),
  n: z.int(),
  interval: z.object({ low: z.number(), high: z.number(), confidence: z.number(), method: z.string() }),
});
const bytes = z.number().min(0);
const verdict = { verdict: z.enum(["VALID", "NOISY", "INVALID"]), reasons: z.array(z.string()) };
const comparison = z.object({ ratio: z.number(), low: z.number(), high: z.number(), n: z.int() }).nullable();
const machine = z.unknown().transform((value) => parseMachineFacts(value));
const common = { schemaVersion: z.literal(1), machine, gpu: z.object({ name: z.string() }).nullable() };

const loraSchema = z.object({
  ...common,
  ...verdict,
  benchmark: z.literal("lora"),
  weights: z.string(),
  work: z.object({
    tokens: z.int().min(1),
    provider: z.enum(["cpu", "webgpu"]),
    baseFormat: z.string(),
    lora: z.object({ rank: z.int().min(1), lastLayers: z.int().min(1).nullable() }),
  }),
  sides: z.array(z.object({
    name: z.string(),
    version: z.string().nullable(),
    device: z.string(),
    iterationsPerSecond: estimate,
    tokensPerSecond: estimate,
    peakRssBytes: bytes,
    peakDeviceBytes: bytes.nullable(),
    trainableParameters: z.int().min(1),
  })).min(1),
  peerAbsent: z.string().nullable(),
  time: comparison,
  memoryRatio: z.number().nullable(),
});

const times = z.object({ ...verdict, n: z.int(), tokensPerSecond: z.number(), comparison });
const lmSchema = z.object({
  ...common,
  benchmark: z.literal("lm"),
  model: z.string(),
  weightsAre: z.string(),
  provider: z.enum(["cpu", "webgpu"]),
  promptTokens: z.int().min(1),
  generatedTokens: z.int().min(1),
  sides: z.array(z.object({
    name: z.string(),
    role: z.string(),
    weights: z.string(),
    version: z.string().nullable(),
    weightBytes: bytes,
    peakRssBytes: bytes,
    prompt: times,
    generation: times,
  })),
});

const leak = {
  slope: estimate,
  residentSlope: estimate,
  leak: z.enum(["none", "found", "unclear"]),
  plantedBytes: z.int().min(0),
  machine,
};
const leakSchema = z.object({
  schemaVersion: z.literal(1),
  benchmark: z.literal("lora-leak"),
  plain: z.object({
    ...leak,
    boundBytes: bytes,
    warmUp: z.int().min(0),
    heldBytes: z.array(bytes),
    readEvery: z.int().min(1),
  }),
  planted: z.object(leak),
});

/** LoRA updates at the shapes of a large model: ours, and the peer's where there was one. */
export type RecordedLora = z.infer<typeof loraSchema>;

/** A prompt and generated tokens of a large model: ours in each format, and the peer's. */
export type RecordedLm = z.infer<typeof lmSchema>;

/** Memory over iterations of a small model, as it is and with a leak planted. */
export type RecordedLeak = z.infer<typeof leakSchema>;

/**
 * What `deno task bench:lora` wrote.
 *
 * @param name of the file, for messages
 * @throws {TypeError} when it is none, naming the field
 */
export function parseRecordedLora(text: string, name: string): RecordedLora {
  return parsed(loraSchema, text, name);
}

/**
 * What `deno task bench:lm` wrote.
 *
 * @param name of the file, for messages
 * @throws {TypeError} when it is none, naming the field
 */
export function parseRecordedLm(text: string, name: string): RecordedLm {
  return parsed(lmSchema, text, name);
}

/**
 * What `deno task bench:lora --leak` wrote.
 *
 * @param name of the file, for messages
 * @throws {TypeError} when it is none, naming the field
 */
export function parseRecordedLeak(text: string, name: string): RecordedLeak {
  return parsed(leakSchema, text, name);
}

function parsed<Schema extends z.ZodType>(schema: Schema, text: string, name: string): z.infer<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new TypeError(`Cannot read ${name}: expected JSON of a benchmark, got ${(error as Error).message}`);
  }
  const { success, data, error } = schema.safeParse(json);
  if (success) return data;
  const [{ path, message }] = error.issues;
  throw new TypeError(`Cannot read ${name}: ${path.join(".") || "it"}: ${message}`);
}
