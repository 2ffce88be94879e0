// LoRA steps on WebGPU beside those on the CPU: frozen weights in memory and in files, in several formats. Run by webgpu_lora_test.ts.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { lfm2BaseWeights } from "lib/models/lfm2/base_weights.ts";
import {
  adam,
  type BaseFormat,
  baseWeights,
  cpuStepper,
  type FrozenWeights,
  type Stepper,
  storeBase,
  webgpuStepper,
} from "lib/train/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { GOLDEN_LFM2 } from "../../models/lfm2/golden.ts";
import { writeModelFolder } from "../../models/lfm2/rule_weights.ts";
import { adapted, fill, ruleFactors, ruleModel, trainable } from "../lora/golden.ts";

const { config, prompts: [tokens] } = GOLDEN_LFM2.attention;
const model = trainable(config);
const { plan, program } = adapted(model, {
  ...{ rank: 2, alpha: 8, dropout: 0.25, lastLayers: 1, targetModules: ["q_proj", "w2"] },
});
const learningRate = 0.01;
/** With an epsilon that keeps updates of tiny gradients from depending on their last bits. */
const OPTIMIZER = adam({ learningRate, biasCorrection: false, epsilon: 1e-2 });

async function compare(format: BaseFormat, frozen: FrozenWeights): Promise<void> {
  const { graph } = storeBase(program.loss, format);
  const options = {
    ...{
      batchSize: 1,
      sizes: { sequence: 6 },
      optimizer: OPTIMIZER,
      seed: 1,
      threads: 1,
    },
    ...{ frozen, initial: ruleFactors(plan, 0.02) },
  };
  const steppers: Stepper[] = [await cpuStepper(graph, options), await webgpuStepper(graph, options)];
  for (let step = 1; step <= 2; step++) {
    const losses = await Promise.all(steppers.map((stepper) => {
      fill(stepper.batch, { tokens: [tokens.slice(0, 6)], labels: [tokens.slice(1, 7)] });
      stepper.batch.trainingStep[0] = step;
      return stepper.step({ step, learningRate });
    }));
    assertAllClose([losses[1]], [losses[0]], { rtol: 2e-5, label: `loss of step ${step} in ${format}` });
  }
  const [cpu, gpu] = await Promise.all(steppers.map((stepper) => stepper.readParameters()));
  for (const name of Object.keys(ruleFactors(plan, 0))) {
    assertAllClose(gpu[name].data as Float32Array, cpu[name].data as Float32Array, {
      rtol: 1e-3,
      atol: 2e-4,
      label: name,
    });
  }
  for (const stepper of steppers) await stepper.release();
}

/** Half precision is an extension that a device may lack. */
async function compareIfPossible(format: BaseFormat, frozen: FrozenWeights): Promise<void> {
  try {
    await compare(format, frozen);
  } catch (error) {
    if (format !== "float16" || !/requires f16 but the device does not support it/.test(String(error))) throw error;
    console.log("the device has no half precision, and says so");
  }
}

for (const what of process.argv.slice(2)) {
  const [format, place] = what.split(":") as [BaseFormat, "memory" | "files"];
  const base = storeBase(program.loss, format);
  if (place === "memory") {
    await compareIfPossible(format, baseWeights(base, ruleModel(model)));
    continue;
  }
  const folder = mkdtempSync(join(tmpdir(), "webgpu-lora-"));
  try {
    await writeModelFolder(folder, config, { dtype: "BF16" });
    await compareIfPossible(format, await lfm2BaseWeights(folder, base, { format, provider: "webgpu" }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
