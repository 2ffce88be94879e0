// Exported forecasters: with fused operators or step by step, in every precision.

import assert from "node:assert/strict";
import { readModelFile } from "lib/graph/mod.ts";
import { type ForecasterConfig, forecasterTrial } from "lib/models/forecaster.ts";
import { loadOnnxRuntime } from "lib/runtime/mod.ts";
import { adam, EXPORT_DTYPES, exportCheckpoint, traceProgram, trainProgram } from "lib/train/mod.ts";
import { sineWindows } from "tests/models/forecaster_data.ts";
import { relativeError } from "tests/graph/rewrites/random_dense.ts";
import { withFolder } from "./fixtures.ts";

const CONFIG: ForecasterConfig = { features: 1, context: 9, horizon: 3, hiddenDim: 32, feedForwardDim: 48, heads: 2 };
/** Largest error relative to the norm of the forecasts. */
const BOUNDS = { fp32: 1e-5, fp16: 5e-3, int8: 5e-2, int4: 0.5 } as const;

Deno.test("a forecaster exported with fused operators forecasts what it does step by step, from fewer nodes", () =>
  withFolder(async (folder) => {
    const { model, targets, loss, metrics, ...settings } = forecasterTrial(CONFIG);
    const program = traceProgram({ model, targets, loss, metrics });
    const data = sineWindows(CONFIG, 80);
    const run = { ...settings, optimizer: adam({ learningRate: 1e-2 }), epochs: 1, batchSize: 10, seed: 1, threads: 1 };
    await trainProgram(program, data, { settings: run, checkpointDir: folder }).result;
    const ort = await loadOnnxRuntime();
    const x = new ort.Tensor("float32", (data.columns.x.data as Float32Array).slice(0, 4 * 9), [4, 9, 1]);
    const forecast = async (bytes: Uint8Array) => {
      const session = await ort.InferenceSession.create(bytes);
      const { output } = await session.run({ x });
      await session.release();
      return output.data as Float32Array;
    };
    const whole = await exportCheckpoint(folder);
    const expected = await forecast(whole.bytes);
    const nodes = (bytes: Uint8Array) => {
      const { operators } = readModelFile(bytes, "forecaster");
      return { operators, count: Object.values(operators).reduce((sum, count) => sum + count, 0) };
    };
    for (const dtype of EXPORT_DTYPES) {
      const { bytes, metadata } = await exportCheckpoint(folder, { dtype, fused: true, data });
      assert.equal(metadata.operators, "fused");
      const { operators, count } = nodes(bytes);
      assert.equal(operators[dtype === "int8" ? "DynamicQuantizeLSTM" : "LSTM"], 2, dtype);
      assert.equal(operators.MultiHeadAttention, 1, dtype);
      assert.ok(count < 0.4 * nodes(whole.bytes).count, `${count} nodes`);
      const error = relativeError(await forecast(bytes), expected);
      assert.ok(error < BOUNDS[dtype], `${dtype}: ${error}`);
      if (dtype === "fp16") assert.ok(bytes.length < 0.62 * whole.bytes.length, `${bytes.length} bytes`);
    }
  }));
