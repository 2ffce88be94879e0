// LFM2 on WebGPU beside transformers, in the format that is given; ends with an error when numbers differ.

import assert from "node:assert/strict";
import type { WeightFormat } from "lib/models/lfm2/language_model.ts";
import { assertAllClose } from "tests/assertions.ts";
import { GOLDEN_LFM2 } from "../golden.ts";
import { greedy, withModel } from "../opened.ts";

const weights = Deno.args.at(-1) as WeightFormat;
const golden = GOLDEN_LFM2.hub;

async function batchLogits(options: { weights: WeightFormat; provider: "cpu" | "webgpu" }): Promise<Float32Array> {
  let logits = new Float32Array(0);
  await withModel(golden, { ...options, activations: "float32" }, async (model) => {
    const sequence = model.start(4);
    logits = Float32Array.from(await sequence.feed(golden.prompts));
    const once = sequence.cacheBytes;
    await sequence.feed(golden.prompts.map(() => [1]));
    assert.ok(sequence.cacheBytes > once);
    sequence.release();
    if (options.provider === "cpu" || weights !== "float32") return;
    const { tokens } = await greedy(model, golden.prompts.slice(0, 1), { cached: true });
    assert.deepEqual(tokens, [golden.tokens[0]]);
  });
  return logits;
}

try {
  const found = await batchLogits({ weights, provider: "webgpu" });
  if (weights === "float32") assertAllClose(found, golden.logits.flat(), { rtol: 0, atol: 1e-4 });
  else if (weights === "float16") assertAllClose(found, golden.logits.flat(), { rtol: 0, atol: 0.05 });
  else assertAllClose(found, await batchLogits({ weights, provider: "cpu" }), { rtol: 0, atol: 1e-3 });
} catch (error) {
  // SwiftShader has no half precision: what it says must be a sentence.
  if (weights !== "float16" || !/requires f16/.test(String(error))) throw error;
  assert.match(String(error), /^Error: Cannot run lfm2 on WebGPU: .*the device does not support it/);
}
