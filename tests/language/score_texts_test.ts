import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTokenScorer, scoreTexts, type TokenScorer } from "lib/language/mod.ts";
import { readLfm2Config } from "lib/models/lfm2/config.ts";
import { lfm2Graph } from "lib/models/lfm2/model.ts";
import type { ArrayValue } from "lib/runtime/mod.ts";
import { type Adapter, mergeAdapter } from "lib/train/mod.ts";
import { GOLDEN_LFM2 } from "tests/models/lfm2/golden.ts";
import { ruleWeights, writeModelFolder } from "tests/models/lfm2/rule_weights.ts";
import { byteTokenizer } from "./made_models.ts";

const { hub } = GOLDEN_LFM2;
const config = readLfm2Config(hub.config);
const [prompt] = hub.prompts;
const weights = Object.fromEntries(
  lfm2Graph(config).parameters.map(({ source: { name }, shape }): [string, ArrayValue] => [
    name,
    { dtype: "float32", shape: shape as number[], data: ruleWeights(name, shape as number[]) },
  ]),
);

/** Nats of the first so many tokens of the prompt, of transformers' logits. */
function expectedNats(length: number): number {
  return prompt.slice(1, length).reduce((nats, token, i) => {
    const logits = hub.allLogits.slice(i * config.vocabSize, (i + 1) * config.vocabSize);
    return nats + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - logits[token];
  }, 0);
}

function assertClose(values: ArrayLike<number>, expected: readonly number[], tolerance = 1e-4): void {
  assert.equal(values.length, expected.length);
  expected.forEach((value, i) => assert.ok(Math.abs(values[i] - value) < tolerance * value, `${values[i]}, ${value}`));
}

Deno.test("a scorer of LFM2 sums the nats of transformers' logits, alone and padded beside longer rows", async () => {
  const scorer = await openTokenScorer({ config, weights }, { threads: 1 });
  try {
    const all = expectedNats(prompt.length);
    assertClose(await scorer.score([prompt]), [all]);
    const [short, , beside] = await scorer.score([prompt.slice(0, 3), [...prompt, ...prompt], prompt]);
    assertClose([short, beside], [expectedNats(3), all]);
    await assert.rejects(scorer.score([prompt, [1]]), /Cannot score row 1: expected at least 2 tokens, got 1/);
  } finally {
    await scorer.release();
  }
  await assert.rejects(openTokenScorer({ config, weights: null }), /expected a model with weights, got one without/);
});

Deno.test("a scorer of a folder, with an adapter, says what the merged weights say", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-scorer-"));
  const name = Object.keys(weights).find((key) => key.endsWith("q_proj.weight"))!.replace(/\.weight$/, "");
  const [outFeatures, inFeatures] = weights[`${name}.weight`].shape;
  const adapter: Adapter = {
    ...{ rank: 2, alpha: 4, dropout: 0, lastLayers: null, layerCount: null, baseModel: null, targetModules: [name] },
    factors: {
      [name]: {
        ...{ inFeatures, outFeatures },
        a: ruleWeights("a", [2, inFeatures]),
        b: ruleWeights("b", [outFeatures, 2]),
      },
    },
  };
  try {
    await writeModelFolder(folder, hub.config);
    const scores: Float32Array[] = [];
    for (
      const [model, options] of [
        [{ config, weights: folder }, {}],
        [{ config, weights: folder }, { adapter }],
        [{ config, weights: mergeAdapter(weights, adapter) }, {}],
      ] as const
    ) {
      const scorer = await openTokenScorer(model, { threads: 1, ...options });
      scores.push((await scorer.score([prompt])).slice());
      await scorer.release();
    }
    assertClose(scores[0], [expectedNats(prompt.length)]);
    assertClose(scores[1], Array.from(scores[2]));
    assert.ok(Math.abs(scores[1][0] - scores[0][0]) > 1e-3, "the adapter changes something");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Says that each token takes as many nats as its id. */
function madeScorer(calls: number[][] = []): TokenScorer {
  return {
    score: (rows) => {
      calls.push(rows.map(({ length }) => length));
      return Promise.resolve(Float32Array.from(rows, (row) => row.slice(1).reduce((sum, id) => sum + id, 0)));
    },
    release: () => Promise.resolve(),
  };
}

Deno.test("scoreTexts counts tokens and bytes of each text, in the order of the texts", async () => {
  const calls: number[][] = [];
  const seen: number[] = [];
  const { nats, tokens, bytes } = await scoreTexts(madeScorer(calls), byteTokenizer(), ["abc", "é", "zz"], {
    batchTokens: 8,
    onProgress: (done) => seen.push(done),
  });
  assert.deepEqual(Array.from(bytes), [3, 2, 2]);
  assert.deepEqual(Array.from(tokens), [4, 3, 3], "the end counts, the start is given");
  assert.deepEqual(Array.from(nats), [97 + 98 + 99 + 257, 0xc3 + 0xa9 + 257, 2 * 122 + 257]);
  assert.deepEqual([calls, seen], [[[4, 4], [5]], [2, 3]], "like lengths share a batch");
});

Deno.test("scoreTexts refuses empty texts and texts beyond the context, and ends when it is told to", async () => {
  const score = (texts: string[], options = {}) => scoreTexts(madeScorer(), byteTokenizer(), texts, options);
  await assert.rejects(score(["a", ""]), /Cannot score text 1: expected 1 to Infinity tokens, got an empty text/);
  await assert.rejects(score(["abc"], { contextLength: 3 }), /expected 1 to 3 tokens, got 5/);
  await assert.rejects(score(["a"], { signal: AbortSignal.abort(new Error("enough")) }), /enough/);
});
