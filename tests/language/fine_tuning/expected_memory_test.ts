// The memory of LoRA steps at the shapes of LFM2-1.2B, predicted of graphs alone, beside what the recorded benchmark measured.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseRecordedLora } from "lib/bench/mod.ts";
import { LFM2_1_2B, readLfm2Config } from "lib/models/lfm2/config.ts";
import { lfm2 } from "lib/models/lfm2/model.ts";
import { languageProgram } from "lib/language/fine_tuning/language_program.ts";
import { projectPath } from "lib/process/mod.ts";
import {
  applyLora,
  type BaseFormat,
  planLora,
  predictTrainingBytes,
  storeBase,
  TRAINING_ENGINE_BYTES,
} from "lib/train/mod.ts";

/** What Deno and the library take before there is a model. */
const PROCESS_BYTES = 150e6;
const FACTOR = 1.25;

Deno.test("the peak that is expected of LFM2-1.2B's adapters is that of the recorded benchmark", () => {
  const recorded = readFileSync(projectPath("reports", "benchmarks", "lora.json"), "utf8");
  const { sides: [ours], work: { tokens, lora, baseFormat } } = parseRecordedLora(recorded, "lora.json");
  const base = lfm2(readLfm2Config(LFM2_1_2B), { cached: false, logits: "all" });
  const settings = { alpha: 32, dropout: 0, targetModules: ["q_proj", "v_proj"] };
  const { loss, metrics, forward } = languageProgram(applyLora(base, planLora(base, { ...lora, ...settings })));
  const expected = (format: BaseFormat) => {
    const stored = storeBase(loss, format);
    const places = stored.graph.parameters.filter(({ source }) => !source.trainable)
      .map(({ source: { name } }) => [name, { file: "model.safetensors", offset: 0, bytes: 0 }] as const);
    const frozen = { parameters: {}, external: { folder: "", tensors: Object.fromEntries(places) } };
    const program = { forward, loss: stored.graph, metrics: storeBase(metrics, format).graph };
    const growth = predictTrainingBytes(program, 1, { sizes: { sequence: tokens }, validationRows: 1, frozen });
    return PROCESS_BYTES + TRAINING_ENGINE_BYTES + growth;
  };
  const peak = expected(baseFormat as BaseFormat);
  assert.ok(peak < FACTOR * ours.peakRssBytes && ours.peakRssBytes < FACTOR * peak, `${peak}, ${ours.peakRssBytes}`);
  assert.ok(expected("int4") < 0.3 * expected("float32"));
});
