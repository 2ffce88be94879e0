import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLanguageTokenizer, writeByteTokenizer } from "lib/data/mod.ts";
import { elementCount } from "lib/graph/mod.ts";
import { generateText } from "lib/language/mod.ts";
import { byteLfm2 } from "lib/models/lfm2/byte_model.ts";
import { lfm2ParameterCount, readLfm2Config } from "lib/models/lfm2/config.ts";
import { lfm2Graph } from "lib/models/lfm2/model.ts";
import { openLfm2 } from "lib/models/lfm2/open.ts";
import { writeLfm2Folder } from "lib/models/lfm2/write.ts";
import type { ArrayValue } from "lib/runtime/mod.ts";
import { ruleWeights } from "./rule_weights.ts";

const SMALL = { hiddenSize: 96, feedForwardSize: 64, layers: "CA", contextLength: 64 };

function weightsOf(config: unknown): Record<string, ArrayValue> {
  return Object.fromEntries(
    lfm2Graph(readLfm2Config(config)).parameters.map(({ source: { name }, shape }) => [
      name,
      { dtype: "float32", shape: shape as number[], data: ruleWeights(name, shape as number[]) },
    ]),
  );
}

Deno.test("byteLfm2 is a model of a few million parameters, and refuses sizes that do not fit", () => {
  const config = readLfm2Config(byteLfm2());
  assert.ok(lfm2ParameterCount(config) > 2e6 && lfm2ParameterCount(config) < 4e6);
  assert.deepEqual(config.layers.filter((kind) => kind === "attention").length, 2);
  assert.throws(() => byteLfm2({ hiddenSize: 100 }), /expected hiddenSize to be a multiple of 96, got 100/);
  assert.throws(() => byteLfm2({ layers: "CXA" }), /expected layers of C and A such as CCACCA, got "CXA"/);
});

Deno.test("a model of bytes opens from its folder, with its tokenizer, and says what its weights say", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-byte-lfm2-"));
  try {
    const config = byteLfm2(SMALL);
    const weights = weightsOf(config);
    await writeLfm2Folder(folder, { config, weights });
    await writeByteTokenizer(folder);
    const model = await openLfm2(folder, { threads: 1 });
    try {
      const values = Object.values(weights).reduce((sum, { shape }) => sum + elementCount(shape), 0);
      assert.equal(model.weightBytes, 4 * values);
      const tokenizer = await openLanguageTokenizer(folder);
      const { tokens, promptTokens } = await generateText(model, tokenizer, "In", { maxTokens: 5, endTokens: [] })
        .result();
      assert.deepEqual([promptTokens, tokens.length], [3, 5]);
    } finally {
      await model.release();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
