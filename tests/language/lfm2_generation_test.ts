import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers";
import { generateTokens, type TokenOptions } from "lib/language/mod.ts";
import type { LanguageModel } from "lib/models/lfm2/language_model.ts";
import { openLfm2, type OpenLfm2Options } from "lib/models/lfm2/open.ts";
import { GOLDEN_LFM2 } from "tests/models/lfm2/golden.ts";
import { writeModelFolder } from "tests/models/lfm2/rule_weights.ts";

const MAX_TOKENS = 64;
const { config, prompts, tokens, batchTokens } = GOLDEN_LFM2.hub;

async function withModel(
  use: (model: LanguageModel, folder: string) => Promise<void>,
  options: OpenLfm2Options = {},
  changed: Record<string, unknown> = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-lfm2-"));
  try {
    await writeModelFolder(folder, { ...config, ...changed });
    writeFileSync(join(folder, "LICENSE"), "the licence\n");
    const model = await openLfm2(folder, { threads: 1, ...options });
    try {
      await use(model, folder);
    } finally {
      await model.release();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

Deno.test("64 greedy tokens of LFM2 are transformers', alone and in a batch of four", async () => {
  await withModel(async (model) => {
    const options: TokenOptions = { maxTokens: MAX_TOKENS, endTokens: [] };
    for (const [row, prompt] of prompts.entries()) {
      assert.deepEqual((await generateTokens(model, [prompt], options)).tokens, [tokens[row]]);
    }
    const batch = await generateTokens(model, prompts, options);
    assert.deepEqual(batch.tokens, batchTokens);
    assert.equal(batch.statistics.generatedTokens, prompts.length * MAX_TOKENS);
  });
});

Deno.test("rows of a batch of LFM2 end on their own, and change nothing for the others", async () => {
  const endTokens = [batchTokens[0][9], batchTokens[2][30]];
  const expected = batchTokens.map((row) => {
    const end = row.findIndex((token) => endTokens.includes(token));
    return end === -1 ? row : row.slice(0, end + 1);
  });
  assert.ok(new Set(expected.map(({ length }) => length)).size > 1);
  await withModel(async (model) => {
    const generated = await generateTokens(model, prompts, { maxTokens: MAX_TOKENS, endTokens });
    assert.deepEqual(generated.tokens, expected);
    // Drawn tokens of a row do not depend on its neighbours either.
    const drawn: TokenOptions = { temperature: 0.8, topP: 0.9, seed: 3, maxTokens: 12, endTokens: [] };
    const [alone] = (await generateTokens(model, prompts.slice(0, 1), drawn)).tokens;
    assert.deepEqual((await generateTokens(model, prompts, drawn)).tokens[0], alone);
  });
});

Deno.test("the end of LFM2's context ends a generation, a prompt that fills it or has unknown tokens is refused", async () => {
  await withModel(async (model) => {
    const { contextLength, vocabSize } = model.config;
    const prompt = Array.from({ length: contextLength - 3 }, (_, i) => 8 + i % 80);
    const { tokens: [row], finish } = await generateTokens(model, [prompt], { endTokens: [] });
    assert.deepEqual([row.length, finish], [3, ["context"]]);
    const batch = await generateTokens(model, [prompt, [9]], { endTokens: [] });
    assert.deepEqual([batch.tokens.map(({ length }) => length), batch.finish], [[3, 3], ["context", "context"]]);
    await assert.rejects(
      generateTokens(model, [[...prompt, 8, 8, 8]]),
      new RegExp(`expected fewer tokens than the model's context of ${contextLength}, got ${contextLength}`),
    );
    await assert.rejects(generateTokens(model, [[vocabSize]]), new RegExp(`got ${vocabSize} at position 0`));
  });
});

Deno.test("a long prompt of LFM2 is stopped between its parts", async () => {
  await withModel(
    async (model) => {
      const controller = new AbortController();
      const parts: number[] = [];
      const sequence = model.start(1);
      const feeding = sequence.feed([new Array(1000).fill(9)], {
        signal: controller.signal,
        onProgress(done) {
          parts.push(done);
          // As Ctrl-C does, this happens in a turn of the event loop.
          setImmediate(() => controller.abort(new Error("stopped")));
        },
      });
      await assert.rejects(feeding, /stopped/);
      assert.ok(parts.length >= 1 && parts[parts.length - 1] < 1000, parts.join());
      sequence.release();
    },
    {},
    { max_position_embeddings: 2000 },
  );
});

Deno.test("weights that are converted carry the licence of their model, and a notice", async () => {
  await withModel(async (model, folder) => {
    await generateTokens(model, [[9]], { maxTokens: 2 });
    assert.equal(readFileSync(join(folder, "converted", "LICENSE"), "utf8"), "the licence\n");
    assert.match(
      readFileSync(join(folder, "converted", "NOTICE"), "utf8"),
      /changed: weights converted to other number formats/,
    );
  }, { weights: "int8" });
  await withModel((_, folder) => {
    assert.ok(!existsSync(join(folder, "converted")));
    return Promise.resolve();
  });
});
