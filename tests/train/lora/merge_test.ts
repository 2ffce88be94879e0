// Merging an adapter into a folder of weights.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bfloat16ToFloat32, float32ToBfloat16, openSafetensors, readSafetensors, toFloat32 } from "lib/data/mod.ts";
import { openLfm2 } from "lib/models/lfm2/open.ts";
import { projectPath } from "lib/process/mod.ts";
import { mergeAdapter, mergeIntoFolder, readAdapter } from "lib/train/mod.ts";
import { assertAllClose } from "../../assertions.ts";
import { GOLDEN_LFM2 } from "../../models/lfm2/golden.ts";
import { type FolderDtype, writeModelFolder } from "../../models/lfm2/rule_weights.ts";
import { ruleModel, trainable } from "./golden.ts";
import { ADAPTED_CONFIG, ADAPTED_TOKENS } from "./trained_adapter.ts";

const adapter = await readAdapter(projectPath("tests", "golden", "train", "lora_adapter", "peft"));

async function withFolders(
  { dtype, shards = 1 }: { dtype: FolderDtype; shards?: number },
  body: (model: string, output: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "merge-"));
  const [model, output] = [join(folder, "model"), join(folder, "merged")];
  try {
    await writeModelFolder(model, ADAPTED_CONFIG, { dtype, shards });
    await body(model, output);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

Deno.test("a merged folder opens like any model and gives peft's logits; other files come along", async () => {
  await withFolders({ dtype: "F32", shards: 2 }, async (model, output) => {
    writeFileSync(join(model, "tokenizer.json"), "{}");
    mkdirSync(join(model, "converted"));
    const seen: number[] = [];
    await mergeIntoFolder(model, adapter, output, { onProgress: (done, total) => seen.push(done / total) });
    assert.deepEqual(readdirSync(output).sort(), ["config.json", "model.safetensors", "tokenizer.json"]);
    assert.equal(seen.at(-1), 1);
    const opened = await openLfm2(output, { threads: 1 });
    const sequence = opened.start(1);
    const logits = await sequence.feed([ADAPTED_TOKENS]);
    const { tensors } = await readSafetensors(join(output, "model.safetensors"));
    const merged = mergeAdapter(ruleModel(trainable(ADAPTED_CONFIG)), adapter);
    for (const [name, { data }] of Object.entries(merged)) assert.deepEqual(tensors[name].data, data, name);
    const golden = JSON.parse(await Deno.readTextFile(projectPath("tests", "golden", "train", "lora_adapter.json")));
    assertAllClose(logits, golden.peft.slice(-logits.length), { rtol: 1e-5, atol: 5e-5 });
    sequence.release();
    await opened.release();
  });
});

for (const dtype of ["BF16", "F16"] as const) {
  Deno.test(`weights in ${dtype} stay so, but for what is asked for; only the targets change`, async () => {
    await withFolders({ dtype }, async (model, output) => {
      await mergeIntoFolder(model, adapter, output);
      const [before, after] = [
        await readSafetensors(join(model, "model.safetensors")),
        await readSafetensors(join(output, "model.safetensors")),
      ];
      const exact = mergeAdapter(ruleModel(trainable(ADAPTED_CONFIG)), adapter);
      for (const [name, tensor] of Object.entries(after.tensors)) {
        assert.equal(tensor.dtype, dtype);
        const isTarget = Object.hasOwn(adapter.factors, name.replace(/\.weight$/, ""));
        assert.equal(isTarget, String(tensor.data) !== String(before.tensors[name].data), name);
        assertAllClose(toFloat32(tensor), exact[name].data as Float32Array, {
          rtol: dtype === "F16" ? 2 ** -11 : 2 ** -8,
          atol: 1e-7,
        });
      }
      await mergeIntoFolder(model, adapter, `${output}-32`, { dtype: "F32" });
      const whole = await openSafetensors(`${output}-32`);
      assert.ok([...whole.tensors.values()].every(({ dtype }) => dtype === "F32"));
      await whole.close();
    });
  });
}

Deno.test("bfloat16 is rounded to nearest, halves to even, NaN and infinity kept", () => {
  const values = Float32Array.of(1, -1.00390625, 1.01171875, 3.4e38, Infinity, NaN, 2e-38, 0);
  const back = bfloat16ToFloat32(float32ToBfloat16(values));
  assert.deepEqual([...back.slice(0, 3)], [1, -1, 1.015625]);
  assert.deepEqual([...back.slice(3, 5)], [Infinity, Infinity]);
  assert.ok(Number.isNaN(back[5]) && Math.abs(back[6] - 2e-38) <= 8e-41 && back[7] === 0);
});

Deno.test("merging refuses the model's own folder, weights that are there, and another model; a stopped one leaves no weights", async () => {
  await withFolders({ dtype: "F32" }, async (model, output) => {
    await assert.rejects(
      mergeIntoFolder(model, adapter, join(model, ".")),
      /expected a folder without weights, got model\.safetensors/,
    );
    const other = join(output, "other");
    await writeModelFolder(other, GOLDEN_LFM2.attention.config);
    await assert.rejects(mergeIntoFolder(model, adapter, other), /expected a folder without weights/);
    await assert.rejects(
      mergeIntoFolder(other, adapter, join(output, "never")),
      /^RangeError: Cannot merge the adapter: expected model\.layers\..* \[\d+, \d+\], got/,
    );
    assert.ok(!existsSync(join(output, "never")));
    const stopped = AbortSignal.abort(new Error("stopped here"));
    await assert.rejects(mergeIntoFolder(model, adapter, join(output, "stopped"), { signal: stopped }), /stopped here/);
    assert.deepEqual(readdirSync(join(output, "stopped")), []);
  });
  assert.throws(() => mergeAdapter({}, adapter), /got a model without it/);
});
