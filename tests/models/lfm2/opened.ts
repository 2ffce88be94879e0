// Small models opened from folders of their own, and the loop that tests generate with.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LanguageModel } from "lib/models/lfm2/language_model.ts";
import { openLfm2, type OpenLfm2Options } from "lib/models/lfm2/open.ts";
import type { GoldenLfm2 } from "./golden.ts";
import { type FolderDtype, writeModelFolder } from "./rule_weights.ts";

/** Opens a model whose weights follow the rule; dtype and shards are those of its files. */
export async function withModel(
  { config }: Pick<GoldenLfm2, "config">,
  { dtype, shards, ...options }: OpenLfm2Options & { dtype?: FolderDtype; shards?: number },
  body: (model: LanguageModel) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lfm2-"));
  try {
    await writeModelFolder(folder, config, { dtype, shards });
    const model = await openLfm2(folder, { threads: 1, ...options });
    try {
      await body(model);
    } finally {
      await model.release();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const argMax = (values: ArrayLike<number>) =>
  Array.from(values).reduce((best, value, i, all) => (value > all[best] ? i : best), 0);

/** The most likely tokens after each row; without caches the whole text is computed again for each. */
export async function greedy(
  model: LanguageModel,
  prompts: readonly number[][],
  { cached, tokens = 64 }: { cached: boolean; tokens?: number },
): Promise<{ tokens: number[][]; last: Float32Array }> {
  const { vocabSize } = model.config;
  const rows = prompts.map((row) => [...row]);
  let sequence = model.start(rows.length);
  let logits = await sequence.feed(rows);
  for (let step = 0; step < tokens; step++) {
    const next = rows.map((_, r) => argMax(logits.subarray(r * vocabSize, (r + 1) * vocabSize)));
    rows.forEach((row, r) => row.push(next[r]));
    if (!cached) {
      sequence.release();
      sequence = model.start(rows.length);
    }
    logits = await sequence.feed(cached ? next.map((token) => [token]) : rows);
  }
  sequence.release();
  return { tokens: rows.map((row, r) => row.slice(prompts[r].length)), last: logits };
}
