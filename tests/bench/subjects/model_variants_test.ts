// Forms of a model: each computes what the model in float64 does, within what its numbers allow, and is measured from its file.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bench } from "lib/bench/mod.ts";
import { modelFile, open } from "lib/bench/subjects/model_file.ts";
import {
  loadingLevel,
  modelVariants,
  VARIANT_KEYS,
  variantFile,
  type VariantKey,
} from "lib/bench/subjects/model_variants.ts";
import { type ArrayValue, interpret, readModelFile } from "lib/graph/mod.ts";
import { forecaster } from "lib/models/forecaster.ts";
import { initialValues } from "lib/nn/mod.ts";
import { random } from "lib/statistics/mod.ts";

const config = { features: 1, context: 6, horizon: 3, hiddenDim: 64, feedForwardDim: 128, heads: 2 };
const graph = forecaster(config).trace();
const weights = Object.fromEntries(graph.parameters.map((leaf) => [
  leaf.source.name,
  { dtype: "float32" as const, shape: leaf.shape as number[], data: initialValues(leaf, 1) },
]));
const windows = (rows: number): ArrayValue => ({
  dtype: "float32",
  shape: [rows, config.context, config.features],
  data: random(1, "windows").fillUniform(new Float32Array(rows * config.context), -1, 1),
});
const inputs = { x: windows(1) };
const asFeeds = (values: Record<string, ArrayValue>) =>
  Object.fromEntries(
    Object.entries(values).map(([name, { shape, data }]) => [name, { shape, data: Array.from(data as Float32Array) }]),
  );
const { output } = interpret(graph, asFeeds({ ...inputs, ...weights }));
const expected = { output: { dtype: "float64" as const, shape: output.shape, data: Float64Array.from(output.data) } };

Deno.test("every form of a model computes what it should from its file", async () => {
  const forms = await modelVariants({ graph, weights }, { calibration: [{ x: windows(16) }] });
  assert.deepEqual(forms.map(({ key }) => key), VARIANT_KEYS);
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-forms-"));
  try {
    const sizes = new Map<string, number>();
    for (const form of forms) {
      const bytes = await variantFile(form, 1);
      sizes.set(form.key, bytes.length);
      const subject = await modelFile(join(folder, form.key), { bytes, inputs, expected }, {
        name: form.label,
        optimization: loadingLevel(form),
        bound: form.bound,
      });
      const opened = await open(subject.options as unknown as Parameters<typeof open>[0], {
        provider: { name: "cpu" },
        threads: 1,
      });
      await opened.call();
      const { relativeError, elements } = await opened.check!();
      await opened.release!();
      assert.ok(relativeError <= form.bound && elements === config.horizon, `${form.key}: ${relativeError}`);
      if (form.bound < 0.01) assert.ok(relativeError < 1e-5, `${form.key}: ${relativeError}`);
    }
    for (const key of ["dynamicInt8", "dynamicInt8Reduced", "staticInt8Reduced", "fusedInt8", "combined"]) {
      assert.ok(sizes.get(key)! < 0.6 * sizes.get("plain")!, key);
    }
    const files = new Map(
      await Promise.all(forms.map(async (form) => [form.key, await variantFile(form, 1)] as const)),
    );
    const operators = (key: VariantKey) => readModelFile(files.get(key)!, key).operators;
    assert.ok(operators("fusedLstm").LSTM >= 2 && operators("fusedAttention").MultiHeadAttention === 1);
    assert.ok(operators("combined").DynamicQuantizeLSTM >= 2);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

Deno.test("a form whose outputs are off is wrong, and not timed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-forms-"));
  try {
    const bytes = await variantFile({ source: { graph, weights }, saved: false }, 1);
    const off = { output: { ...expected.output, data: expected.output.data.map((value) => value + 1) } };
    const subject = await modelFile(folder, { bytes, inputs, expected: off }, { name: "off", bound: 1e-3 });
    const { outcome, measure } = await bench({ subject, provider: { name: "cpu" }, limits: { minMs: 1, minCount: 3 } });
    assert.deepEqual([outcome, measure], ["wrong", null]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
