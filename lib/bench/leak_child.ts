// Run as a child: trains adapters to a small model and sends its iterations, with the resident memory after each. Garbage is collected after
// each iteration, so that what is left is held by somebody.

import process from "node:process";
import { initialValues } from "../nn/mod.ts";
import { fineTune, type LanguageData, languageData } from "../language/mod.ts";
import { readLfm2Config } from "../models/lfm2/config.ts";
import { lfm2Graph } from "../models/lfm2/model.ts";
import { connectParent } from "../process/mod.ts";
import type { LeakOrder } from "./leak.ts";

const LORA = { rank: 8, alpha: 16, dropout: 0.05, lastLayers: null, targetModules: ["q_proj", "v_proj"] };
/** Rows, so that batches differ. */
const ROWS = 20;

async function main(): Promise<void> {
  const parent = connectParent();
  for await (const message of parent.messages) {
    const { config: json, iterations, tokens, plantedBytes = 0, threads = 0 } = message as LeakOrder;
    const config = readLfm2Config(json);
    const run = fineTune({
      model: { config, weights: drawnWeights(json) },
      lora: LORA,
      data: rowsOf(tokens, config.vocabSize),
      settings: { iterations, validateEvery: iterations, threads },
    });
    const kept: Uint8Array[] = [];
    for await (const _ of run) {
      if (plantedBytes > 0) kept.push(new Uint8Array(plantedBytes).fill(1));
      (globalThis as { gc?: () => void }).gc?.();
    }
    const result = await run.result;
    const told = result.iterations.map(({ iteration, seconds, tokens, rssBytes, peakRssBytes }) => {
      return { iteration, seconds, tokens, rssBytes, peakRssBytes };
    });
    parent.send({ iterations: told, kept: kept.length });
    break;
  }
  process.exit(0);
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
