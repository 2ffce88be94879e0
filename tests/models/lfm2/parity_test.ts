// LFM2 beside transformers' Lfm2ForCausalLM on small models of several shapes.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { interpret, parameterCount } from "lib/graph/mod.ts";
import { lfm2ParameterCount, readLfm2Config } from "lib/models/lfm2/config.ts";
import type { LanguageModel } from "lib/models/lfm2/language_model.ts";
import { lfm2Graph } from "lib/models/lfm2/model.ts";
import { openLfm2, type OpenLfm2Options } from "lib/models/lfm2/open.ts";
import { assertAllClose } from "tests/assertions.ts";
import { GOLDEN_LFM2, type GoldenLfm2 } from "./golden.ts";
import { type FolderDtype, ruleWeights, writeModelFolder } from "./rule_weights.ts";

const TOLERANCE = { rtol: 0, atol: 1e-4 };

async function withModel(
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

/** 64 most likely tokens after each row; without a cache the whole text is computed again for each. */
async function greedy(
  model: LanguageModel,
  prompts: readonly number[][],
  { cached }: { cached: boolean },
): Promise<{ tokens: number[][]; last: Float32Array }> {
  const { vocabSize } = model.config;
  const rows = prompts.map((row) => [...row]);
  let sequence = model.start(rows.length);
  let logits = await sequence.feed(rows);
  for (let step = 0; step < 64; step++) {
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

for (const [name, golden] of Object.entries(GOLDEN_LFM2)) {
  Deno.test(`lfm2 ${name}: parameters are transformers'`, () => {
    const config = readLfm2Config(golden.config);
    assert.equal(lfm2ParameterCount(config), golden.parameters);
    assert.equal(parameterCount(lfm2Graph(config)), golden.parameters);
  });

  Deno.test(`lfm2 ${name}: logits of every position are transformers', without caches`, () => {
    const config = readLfm2Config(golden.config);
    const graph = lfm2Graph(config, { cached: false, logits: "all" });
    const [prompt] = golden.prompts;
    const shape = [1, prompt.length];
    const { logits } = interpret(graph, {
      ...Object.fromEntries(
        graph.parameters.map((
          { source, shape },
        ) => [source.name, { data: ruleWeights(source.name, shape as number[]) }]),
      ),
      token_ids: { data: prompt, shape },
      positions: { data: prompt.map((_, i) => i), shape },
    });
    assertAllClose(logits.data, golden.allLogits, { ...TOLERANCE, label: name });
  });

  Deno.test(`lfm2 ${name}: logits and 64 greedy tokens are transformers', alone, in a padded batch, with and without caches`, async () => {
    await withModel(golden, { dtype: "BF16" }, async (model) => {
      const sequence = model.start(4);
      const batch = await sequence.feed(golden.prompts);
      assertAllClose(batch, golden.logits.flat(), { ...TOLERANCE, label: `${name}, batch` });
      sequence.release();
      for (const [r, prompt] of golden.prompts.entries()) {
        const alone = await greedy(model, [prompt], { cached: true });
        assert.deepEqual(alone.tokens, [golden.tokens[r]], `row ${r}`);
        if (r === 0) assertAllClose(alone.last, golden.finalLogits, { ...TOLERANCE, label: `${name}, last` });
      }
      assert.deepEqual((await greedy(model, golden.prompts, { cached: true })).tokens, golden.batchTokens);
      assert.deepEqual((await greedy(model, golden.prompts.slice(0, 1), { cached: false })).tokens, [golden.tokens[0]]);
      assert.deepEqual((await greedy(model, golden.prompts, { cached: false })).tokens, golden.batchTokens);
    });
  });
}

Deno.test("lfm2 gives the same logits from weights in bfloat16, float16 and float32, in one file or in shards", async () => {
  const golden = GOLDEN_LFM2.hub;
  const results: Float32Array[] = [];
  for (const source of [{ dtype: "BF16" }, { dtype: "F16", shards: 3 }, { dtype: "F32", shards: 2 }] as const) {
    await withModel(golden, source, async (model) => {
      assert.equal(model.weightBytes, 4 * golden.parameters);
      const sequence = model.start(1);
      results.push(await sequence.feed(golden.prompts.slice(0, 1)));
      sequence.release();
    });
  }
  assert.deepEqual(results[1], results[0]);
  assert.deepEqual(results[2], results[0]);
});
