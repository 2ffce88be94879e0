// An adapted model as an .onnx file: from its checkpoint with the model's weights, and merged. Both give the logits of adapter and model.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fineTune } from "lib/language/mod.ts";
import { lfm2Graph } from "lib/models/lfm2/model.ts";
import { type ArrayValue, compile, openOnnxFile } from "lib/runtime/mod.ts";
import {
  adapterParameters,
  exportCheckpoint,
  type ExportedModel,
  exportModel,
  loraGraph,
  mergeAdapter,
  planAdapter,
} from "lib/train/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { withFolder } from "tests/train/fixtures.ts";
import { LORA, TINY_CONFIG, tinyRun, tinyWeights } from "./fixtures.ts";

const TOKENS = [256, 97, 32, 119, 111, 114, 109];
const int32 = (values: readonly number[]): ArrayValue => (
  { dtype: "int32", shape: [1, values.length], data: Int32Array.from(values) }
);
const FEEDS = { token_ids: int32(TOKENS), positions: int32([...TOKENS.keys()]) };

Deno.test("an adapted model is exported from its checkpoint and merged, with the logits of model and adapter", () =>
  withFolder(async (folder) => {
    const weights = tinyWeights();
    const forward = lfm2Graph(TINY_CONFIG, { cached: false, logits: "all" });
    const run = tinyRun({ model: { config: TINY_CONFIG, weights }, lora: LORA, checkpointDir: folder }, {
      iterations: 8,
      validateEvery: 8,
    });
    const adapter = (await fineTune(run).result).adapter!;
    const session = await compile(loraGraph(forward, planAdapter(forward, adapter)), { threads: 1 });
    const { logits: beside } = await session.run({ ...FEEDS, ...weights, ...adapterParameters(adapter) });
    await session.release();
    const logits = async ({ bytes }: ExportedModel) => {
      const path = join(folder, "model.onnx");
      writeFileSync(path, bytes);
      const opened = await openOnnxFile(path, { threads: 1 });
      const { logits } = await opened.run(FEEDS);
      await opened.release();
      return logits.data as Float32Array;
    };
    const adapted = await exportCheckpoint(folder, { base: weights });
    const merged = await exportModel({ forward, weights: mergeAdapter(weights, adapter) });
    const close = { rtol: 1e-5, atol: 1e-5 };
    assertAllClose(await logits(adapted), beside.data as Float32Array, close);
    assertAllClose(await logits(merged), beside.data as Float32Array, close);
    const alone = await logits(await exportModel({ forward, weights }));
    assert.ok(alone.some((value, i) => Math.abs(value - (beside.data as Float32Array)[i]) > 1e-3), "it was trained");
    assert.match(adapted.metadata.inputs, /token_ids int32 \[batch, sequence\]; positions int32/);
    const [small, large] = [await exportModel({ forward, weights }, { dtype: "int4" }), merged];
    assert.ok(small.bytes.length < large.bytes.length);
    await assert.rejects(
      exportCheckpoint(folder),
      /^RangeError: Cannot export lfm2: expected values of all parameters, got none of model\.\S+ and \d+ more; /,
    );
  }));
