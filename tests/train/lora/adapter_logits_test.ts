// An adapter that was trained here, in peft, in mlx-lm and here: the same logits.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectPath } from "lib/process/mod.ts";
import { type ArrayValue, compile } from "lib/runtime/mod.ts";
import {
  type Adapter,
  ADAPTER_FORMATS,
  adapterParameters,
  loraGraph,
  mergeAdapter,
  planAdapter,
  readAdapter,
  saveAdapter,
} from "lib/train/mod.ts";
import { assertAllClose } from "../../assertions.ts";
import { ruleModel, trainable } from "./golden.ts";
import { ADAPTED_CONFIG, ADAPTED_TOKENS, trainedAdapter } from "./trained_adapter.ts";

const FOLDER = projectPath("tests", "golden", "train", "lora_adapter");
const golden: { tokens: number[]; base: number[]; peft: number[]; mlx: number[] } = JSON.parse(
  readFileSync(`${FOLDER}.json`, "utf8"),
);
const model = trainable(ADAPTED_CONFIG);
const int32 = (values: readonly number[]): ArrayValue => (
  { dtype: "int32", shape: [1, values.length], data: Int32Array.from(values) }
);

/** Logits of all positions, with an adapter beside the weights or without. */
async function logits(weights: Readonly<Record<string, ArrayValue>>, adapter: Adapter | null): Promise<Float32Array> {
  const base = model.trace();
  const session = await compile(adapter ? loraGraph(base, planAdapter(model, adapter)) : base, { threads: 1 });
  const factors = adapter ? adapterParameters(adapter) : {};
  const batch = { token_ids: int32(ADAPTED_TOKENS), positions: int32([...ADAPTED_TOKENS.keys()]) };
  const { logits } = await session.run({ ...batch, ...weights, ...factors });
  await session.release();
  return logits.data as Float32Array;
}

for (const format of ADAPTER_FORMATS) {
  Deno.test(`logits with the adapter in ${format}'s files are ${format}'s, beside the weights and merged into them`, async () => {
    assert.deepEqual(golden.tokens, ADAPTED_TOKENS);
    const adapter = await readAdapter(join(FOLDER, format));
    assertAllClose(await logits(ruleModel(model), adapter), golden[format], { rtol: 1e-5, atol: 5e-5 });
    assertAllClose(await logits(mergeAdapter(ruleModel(model), adapter), null), golden[format], {
      rtol: 1e-5,
      atol: 5e-5,
    });
  });
}

Deno.test("the adapter changes the model", async () => {
  const base = await logits(ruleModel(model), null);
  assertAllClose(base, golden.base, { rtol: 1e-5, atol: 5e-5 });
  assert.ok(base.some((value, i) => Math.abs(value - golden.peft[i]) > 0.5));
});

Deno.test("the adapter of the golden files is what training gives", async () => {
  const [made, kept] = [await trainedAdapter(), await readAdapter(join(FOLDER, "peft"))];
  assert.deepEqual(Object.keys(made.factors).sort(), Object.keys(kept.factors).sort());
  for (const [name, { a, b }] of Object.entries(made.factors)) {
    assertAllClose(a, kept.factors[name].a, { rtol: 1e-2, atol: 1e-3, label: name });
    assertAllClose(b, kept.factors[name].b, { rtol: 1e-2, atol: 1e-3, label: name });
  }
});

Deno.test("an adapter converted from peft to mlx and back is the same, and so is one that peft saved again", async () => {
  const adapter = await readAdapter(join(FOLDER, "peft"));
  const folder = mkdtempSync(join(tmpdir(), "adapter-"));
  try {
    await saveAdapter(join(folder, "mlx"), adapter, { format: "mlx" });
    const converted = await readAdapter(join(folder, "mlx"));
    assert.deepEqual(converted.factors, adapter.factors);
    assert.deepEqual(await logits(ruleModel(model), converted), await logits(ruleModel(model), adapter));
    await saveAdapter(join(folder, "peft"), converted);
    const { targetModules: _, ...back } = await readAdapter(join(folder, "peft"));
    const { targetModules, ...first } = adapter;
    assert.deepEqual(back, first);
    assert.deepEqual(targetModules, ["q_proj", "v_proj", "in_proj", "w2"]);
    const resaved = await readAdapter(join(FOLDER, "resaved_peft"));
    assert.deepEqual(resaved.factors, adapter.factors);
    assert.deepEqual([resaved.rank, resaved.alpha], [adapter.rank, adapter.alpha]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
