// Frozen weights: held once, in any format, without gradients or state; batches of several sizes over the same state.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lfm2BaseWeights } from "lib/models/lfm2/base_weights.ts";
import { float16ToFloat32, type StoragePlan } from "lib/graph/mod.ts";
import type { ArrayValue } from "lib/runtime/mod.ts";
import {
  adam,
  type BaseFormat,
  baseWeights,
  type CpuStepper,
  cpuStepper,
  type FrozenWeights,
  storeBase,
} from "lib/train/mod.ts";
import { assertAllClose } from "../../assertions.ts";
import { GOLDEN_LFM2 } from "../../models/lfm2/golden.ts";
import { writeModelFolder } from "../../models/lfm2/rule_weights.ts";
import { adapted, fill, ruleFactors, ruleModel, trainable } from "./golden.ts";

const { config, prompts: [tokens] } = GOLDEN_LFM2.hub;
const model = trainable(config);
const LORA = { rank: 2, alpha: 8, dropout: 0, lastLayers: 4, targetModules: ["q_proj", "out_proj", "w1"] };
const { plan, program } = adapted(model, LORA);
const weights = ruleModel(model);
const batch = { tokens: [tokens.slice(0, 6)], labels: [tokens.slice(1, 7)] };
const optimizer = adam({ learningRate: 0.01 });

const stepperOver = (graph: StoragePlan["graph"], frozen: FrozenWeights, options = {}): Promise<CpuStepper> =>
  cpuStepper(graph, {
    ...{ batchSize: 1, sizes: { sequence: 6 }, optimizer, seed: 1, threads: 1, frozen },
    initial: ruleFactors(plan, 0.02),
    ...options,
  });

/** Loss and gradients of a step. */
async function step(stepper: CpuStepper): Promise<{ loss: number; gradients: Float32Array[] }> {
  fill(stepper.batch, batch);
  const loss = await stepper.step({ step: 1, learningRate: 0.01 });
  const gradients = stepper.state.parameters.map(({ gradient }) => gradient.slice());
  await stepper.release();
  return { loss, gradients };
}

Deno.test("frozen weights stay where they are, and only factors have state", async () => {
  const stepper = await stepperOver(program.loss, { parameters: weights });
  for (const [name, { data }] of Object.entries(weights)) assert.equal(stepper.weights[name].data, data, name);
  const before = Object.fromEntries(Object.entries(weights).map(([name, { data }]) => [name, data.slice()]));
  const trained = Object.keys(ruleFactors(plan, 0)).sort();
  assert.deepEqual(stepper.state.parameters.map(({ name }) => name).sort(), trained);
  const stateBytes = stepper.state.memories.reduce((sum, { memory }) => sum + memory.buffer.byteLength, 0);
  assert.ok(stateBytes <= 65536 * Math.ceil((4 * 4 * plan.trainableParameters * 1.5) / 65536), `${stateBytes}`);
  assert.deepEqual(
    Object.keys(await stepper.readState()).sort(),
    ["firstMoment", "parameter", "secondMoment"].flatMap((region) => trained.map((name) => `${region}/${name}`)).sort(),
  );
  await step(stepper);
  for (const [name, { data }] of Object.entries(weights)) assert.deepEqual(data, before[name], name);
});

/** What a format makes of the weights, in float32 again. */
function scaledBack({ stored }: StoragePlan, held: FrozenWeights): Record<string, ArrayValue> {
  return Object.fromEntries(stored.map(({ source, form, results }) => {
    const [values, scales] = results.map((leaf) => held.parameters[leaf.source.name].data);
    const shape = source.shape as number[];
    const float32 = (data: Float32Array) => [source.source.name, { dtype: "float32", shape, data }] as const;
    if (form.kind === "dense") {
      return float32(form.dtype === "float16" ? float16ToFloat32(values as Uint16Array) : values as Float32Array);
    }
    const [rows, k] = shape;
    const width = 32 * Math.ceil(k / 32);
    const data = new Float32Array(rows * k).map((_, i) => {
      const at = Math.floor(i / k) * width + i % k;
      const byte = Number(values[form.bits === 8 ? at : Math.floor(at / 2)]);
      const integer = form.bits === 8 ? byte : at % 2 === 0 ? byte & 15 : byte >> 4;
      return (integer - 2 ** (form.bits - 1)) * Number(scales[Math.floor(at / 32)]);
    });
    return float32(data);
  }));
}

for (const format of ["float16", "int8", "int4"] as const satisfies readonly BaseFormat[]) {
  for (const segments of [undefined, 2]) {
    const how = segments ? `, in ${segments} segments` : "";
    Deno.test(`a step over a base in ${format} is that over the float32 weights it stands for${how}`, async () => {
      const base = storeBase(program.loss, format);
      const held = baseWeights(base, weights);
      const reduced = await step(await stepperOver(base.graph, held, { segments }));
      const exact = await step(await stepperOver(program.loss, { parameters: scaledBack(base, held) }));
      assertAllClose([reduced.loss], [exact.loss], { rtol: 2e-6 });
      const largest = Math.max(...exact.gradients.flatMap((gradient) => [...gradient].map(Math.abs)));
      exact.gradients.forEach((gradient, i) =>
        assertAllClose(reduced.gradients[i], gradient, { rtol: 1e-4, atol: 2e-5 * largest })
      );
      const bytes = Object.values(held.parameters).reduce((sum, { data }) => sum + data.byteLength, 0);
      const whole = Object.values(weights).reduce((sum, { data }) => sum + data.byteLength, 0);
      assert.ok(bytes < { float16: 0.51, int8: 0.35, int4: 0.25 }[format] * whole, `${bytes} of ${whole}`);
    });
  }
}

for (
  const [format, dtype] of [["float32", "F32"], ["float32", "BF16"], ["float16", "BF16"], ["int4", "F32"]] as const
) {
  Deno.test(`a folder in ${dtype} is a base in ${format}: mapped, or converted in memory, each weight once`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "base-"));
    try {
      await writeModelFolder(folder, config, { dtype });
      const base = storeBase(program.loss, format);
      const frozen = await lfm2BaseWeights(folder, base, { format });
      const inMemory = Object.keys(frozen.parameters);
      const inFiles = Object.keys(frozen.external?.tensors ?? {});
      assert.deepEqual(inMemory.filter((name) => inFiles.includes(name)), []);
      const names = base.stored.flatMap(({ results }) => results.map(({ source }) => source.name)).sort();
      assert.deepEqual([...inMemory, ...inFiles].sort(), names);
      assert.equal(inMemory.length === 0, format !== "float32" || dtype === "F32");
      const stepper = await stepperOver(base.graph, frozen);
      assert.deepEqual(
        Object.keys(await stepper.readParameters()).sort(),
        [...inMemory, ...Object.keys(ruleFactors(plan, 0))].sort(),
      );
      const expected = await step(await stepperOver(base.graph, baseWeights(base, weights)));
      assert.deepEqual(await step(stepper), expected);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

Deno.test("batches of other sizes share factors, moments and gradients that were accumulated", async () => {
  const rows = (from: number, to: number) => ({
    tokens: [tokens.slice(from, to)],
    labels: [tokens.slice(from + 1, to + 1)],
  });
  const [short, long] = [rows(0, 3), rows(2, 8)];
  const sized = await stepperOver(program.loss, { parameters: weights }, { accumulationSteps: 2 });
  const alone = [3, 6].map((sequence) => stepperOver(program.loss, { parameters: weights }, { sizes: { sequence } }));
  const [ofShort, ofLong] = await Promise.all(alone);
  fill(ofShort.batch, short);
  fill(ofLong.batch, long);
  const losses = [
    await ofShort.step({ step: 1, learningRate: 0.01 }),
    await ofLong.step({ step: 1, learningRate: 0.01 }),
  ];
  const mean = sized.state.parameters.map(({ gradient }, i) =>
    gradient.map((_, k) => (ofShort.state.parameters[i].gradient[k] + ofLong.state.parameters[i].gradient[k]) / 2)
  );
  await sized.resize({ sequence: 3 });
  fill(sized.batch, short);
  await sized.accumulate();
  await sized.resize({ sequence: 6 });
  fill(sized.batch, long);
  assertAllClose([await sized.step({ step: 1, learningRate: 0.01 })], [(losses[0] + losses[1]) / 2], { rtol: 1e-6 });
  sized.state.parameters.forEach(({ carried: { firstMoment } }, i) =>
    assertAllClose(firstMoment as Float32Array, mean[i].map((value) => 0.1 * value), { rtol: 1e-4, atol: 1e-9 })
  );
  const kept = sized.batch;
  await sized.resize({ batch: 2 });
  assert.equal(sized.batch.token_ids.length, 12);
  await sized.resize({ batch: 1 });
  assert.equal(sized.batch, kept, "what was compiled for a size is kept");
  await assert.rejects(
    sized.resize({ sequence: 0 }),
    /Cannot fix dimension "sequence": expected an integer of at least 1, got 0/,
  );
  await assert.rejects(sized.resize({ columns: 2 }), /Cannot fix dimension "columns": no input/);
  for (const stepper of [sized, ofShort, ofLong]) await stepper.release();
});

Deno.test("first values that are no parameter's, or of another shape, are refused", async () => {
  const [name, value] = Object.entries(ruleFactors(plan, 0.02))[0];
  await assert.rejects(
    stepperOver(program.loss, { parameters: weights }, { initial: { other: value } }),
    /^TypeError: Cannot train: expected initial values of parameters, got other$/,
  );
  await assert.rejects(
    stepperOver(program.loss, { parameters: weights }, {
      initial: { [name]: { ...value, shape: [1, value.data.length] } },
    }),
    /expected .* float32 \[.*\], got float32 \[1, \d+\]/,
  );
  const { [Object.keys(weights)[0]]: _, ...others } = weights;
  assert.throws(
    () => baseWeights(storeBase(program.loss, "int8"), others),
    /Cannot hold the base: expected .*, got none/,
  );
});
