// Run as a child: a turn of our side of the language model benchmark. Argument: an `LmTask` as JSON. It sends an `LmTurn`.

import { writeFileSync } from "node:fs";
import process from "node:process";
import { openLfm2 } from "../models/lfm2/open.ts";
import type { LanguageModel, Sequence } from "../models/lfm2/language_model.ts";
import { connectParent, ownMemory } from "../process/mod.ts";
import { loadOnnxRuntime } from "../runtime/mod.ts";
import type { LmTask, LmTurn } from "./lm_turn.ts";

/** Tokens after the first prompt that are not counted. */
const WARM_UP_TOKENS = 2;

function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}

/** Feeds tokens and takes the likeliest next one, as greedy generation does. */
async function timed(sequence: Sequence, tokens: readonly number[]) {
  const before = performance.now();
  const logits = await sequence.feed([tokens]);
  const next = likeliest(logits);
  return { ms: performance.now() - before, next, logits };
}

/** The first prompt and tokens, which are not counted: the time of the prompt. */
async function warmUp(model: LanguageModel, { prompt, tokens }: LmTask): Promise<number> {
  const sequence = model.start(1);
  const { ms } = await timed(sequence, prompt);
  for (const token of tokens.slice(0, WARM_UP_TOKENS)) await timed(sequence, [token]);
  sequence.release();
  return ms;
}

async function measure(model: LanguageModel, task: LmTask) {
  const { prompt, tokens, prompts, logitsFile } = task;
  const promptMs: number[] = [];
  for (let i = 1; i < prompts; i++) {
    const sequence = model.start(1);
    promptMs.push((await timed(sequence, prompt)).ms);
    sequence.release();
  }
  const sequence = model.start(1);
  const first = await timed(sequence, prompt);
  promptMs.push(first.ms);
  const cacheBytes = [sequence.cacheBytes];
  const kept = [first];
  for (const token of tokens) kept.push(await timed(sequence, [token]));
  cacheBytes.push(sequence.cacheBytes);
  sequence.release();
  if (logitsFile !== null) writeLogits(logitsFile, kept.map(({ logits }) => logits));
  return {
    promptMs,
    tokenMs: kept.slice(1).map(({ ms }) => ms),
    likeliest: kept.map(({ next }) => next),
    bytesPerToken: model.bytesPerStep + (cacheBytes[0] + cacheBytes[1]) / 2,
  };
}

function writeLogits(path: string, rows: readonly Float32Array[]): void {
  const all = new Float32Array(rows.length * rows[0].length);
  rows.forEach((row, i) => all.set(row, i * row.length));
  writeFileSync(path, new Uint8Array(all.buffer));
}

async function main(task: LmTask): Promise<void> {
  const parent = connectParent();
  const { folder, weights, device, threads, prompts } = task;
  await loadOnnxRuntime();
  const startMs = performance.now();
  const model = await openLfm2(folder, { weights, provider: device === "webgpu" ? "webgpu" : "cpu", threads });
  const loadMs = performance.now() - startMs;
  const nothing = { promptMs: [], tokenMs: [], likeliest: [], bytesPerToken: model.bytesPerStep };
  const firstPromptMs = prompts > 0 ? await warmUp(model, task) : 0;
  const measured = prompts > 0 ? await measure(model, task) : nothing;
  parent.send(
    {
      version: null, // machine.versions has it
      weightBytes: model.weightBytes,
      loadMs,
      firstPromptMs,
      ...measured,
      peakRssBytes: ownMemory().peakRssBytes,
    } satisfies LmTurn,
  );
  await model.release();
}

main(JSON.parse(process.argv[2]));
