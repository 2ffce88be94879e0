// Run as a child: trains adapters to a small model and sends its iterations, and what the process holds every so many of them. Garbage is
// collected before each reading, so that what is left is held by somebody.

import process from "node:process";
import { getHeapStatistics } from "node:v8";
import { initialValues } from "../nn/mod.ts";
import { fineTune, type LanguageData, languageData, type MeasuredIteration } from "../language/mod.ts";
import { readLfm2Config } from "../models/lfm2/config.ts";
import { lfm2Graph } from "../models/lfm2/model.ts";
import { connectParent, ownAnonymousBytes, ownMemory } from "../process/mod.ts";
import { mallocBytes } from "../runtime/mod.ts";
import { LEAK_READ_EVERY, type LeakAnswer, type LeakOrder } from "./leak.ts";

const LORA = { rank: 8, alpha: 16, dropout: 0.05, lastLayers: null, targetModules: ["q_proj", "v_proj"] };
/** What one collection frees may hold what the next one finds. */
const COLLECTIONS = 2;
/** Rows, so that batches differ. */
const ROWS = 20;
/** More than are ever done: the signal ends the run. */
const MOST_ITERATIONS = 1_000_000;
/** So that what validation takes is there before the warm-up ends. */
const VALIDATE_EVERY = 25;

async function main(): Promise<void> {
  const parent = connectParent();
  for await (const message of parent.messages) {
    const { config: json, iterations, tokens, plantedBytes = 0, threads = 0, settleMs = 0 } = message as LeakOrder;
    const config = readLfm2Config(json);
    const weights = drawnWeights(json);
    const data = rowsOf(tokens, config.vocabSize);
    const enough = new AbortController();
    const run = fineTune({
      model: { config, weights },
      lora: LORA,
      data,
      settings: { iterations: MOST_ITERATIONS, validateEvery: VALIDATE_EVERY, threads },
      signal: enough.signal,
    });
    const kept: Uint8Array[] = [];
    const readings: Reading[] = [];
    const watched: MeasuredIteration[] = [];
    const startMs = performance.now();
    for await (const iteration of run) {
      if (watched.length === iterations) continue;
      const isSettled = performance.now() - startMs >= settleMs;
      // Before that, too: what collections bring about has happened then.
      const read = (isSettled ? watched.length + 1 : iteration.iteration) % LEAK_READ_EVERY === 0;
      const reading = read ? ownReading() : null;
      if (!isSettled) continue;
      if (reading) readings.push(reading);
      watched.push(measured(iteration, watched.length + 1));
      if (plantedBytes > 0) kept.push(new Uint8Array(plantedBytes).fill(1));
      if (watched.length === iterations) enough.abort();
    }
    const [heldBytes, residentBytes] = [readings.map(({ held }) => held), readings.map(({ resident }) => resident)];
    const answer = { iterations: watched, heldBytes, residentBytes };
    parent.send({ ...answer, kept: kept.length } satisfies LeakAnswer & { kept: number });
    break;
  }
  process.exit(0);
}

/** Bytes: see `LeakResult`. */
interface Reading {
  held: number;
  resident: number;
}

function ownReading(): Reading {
  for (let i = 0; i < COLLECTIONS; i++) (globalThis as { gc?: () => void }).gc?.();
  const resident = ownAnonymousBytes() ?? ownMemory().rssBytes;
  const allocated = mallocBytes();
  return { held: allocated === null ? resident : getHeapStatistics().used_heap_size + allocated, resident };
}

/** An iteration under its number among those that are watched. */
function measured(
  { seconds, tokens, rssBytes, peakRssBytes }: MeasuredIteration,
  iteration: number,
): MeasuredIteration {
  return { iteration, seconds, tokens, rssBytes, peakRssBytes };
}

function drawnWeights(json: unknown) {
  return Object.fromEntries(
    lfm2Graph(readLfm2Config(json)).parameters.map((leaf) => {
      const value = { dtype: "float32" as const, shape: leaf.shape as number[], data: initialValues(leaf, 1) };
      return [leaf.source.name, value];
    }),
  );
}

/** Rows of token ids that differ. */
function rowsOf(tokens: number, vocabSize: number): LanguageData {
  const texts = Array.from(
    { length: ROWS + 1 },
    (_, row) => ({ messages: null, text: String(row), place: `row ${row}` }),
  );
  const tokenizer = {
    vocabularySize: vocabSize,
    specialTokens: {},
    chatTemplate: null,
    tokenId: () => null,
    isSpecial: () => false,
    encode: (text: string) => Array.from({ length: tokens + 1 }, (_, i) => (i * 7919 + 13 * Number(text)) % vocabSize),
    decode: () => "",
  };
  const parts = {
    form: "text" as const,
    train: texts.slice(1),
    validation: texts.slice(0, 1),
    test: [],
    isHeldOut: true,
  };
  return languageData(parts, tokenizer, { multiple: 2 });
}

main();
