// Steps of LoRA beside peft's and mlx-lm's.

import assert from "node:assert/strict";
import { assertAllClose } from "../../assertions.ts";
import { adam, adamW, cpuStepper, factorNames, storeBase } from "lib/train/mod.ts";
import { adapted, fill, type GoldenLora, goldenMlx, goldenSteps, ruleFactors, ruleModel, trainable } from "./golden.ts";

const STEPS = 3;
const golden = goldenSteps();

async function stepperOf({ config, lora, optimizer, tokens }: GoldenLora, segments?: number) {
  const model = trainable(config);
  const { plan, program } = adapted(model, lora);
  const { kind, learningRate } = optimizer;
  return await cpuStepper(storeBase(program.loss, "float32").graph, {
    batchSize: tokens.length,
    sizes: { sequence: tokens[0].length },
    optimizer: { adam, adamW }[kind]({ learningRate }),
    seed: 1,
    threads: 1,
    segments,
    frozen: { parameters: ruleModel(model) },
    initial: ruleFactors(plan, 0.02),
  });
}

for (const [name, lora] of Object.entries(golden.cases)) {
  for (const segments of [undefined, 3]) {
    const how = segments === undefined ? "" : `, in ${segments} segments`;
    Deno.test(`each of ${STEPS} LoRA steps of "${name}" is peft's: loss, gradients and update${how}`, async () => {
      const stepper = await stepperOf(lora, segments);
      fill(stepper.batch, lora);
      const at = (step: number, what: string) => golden.tensors[`${name}/${step}/${what}`].data as Float32Array;
      for (let step = 1; step <= STEPS; step++) {
        const loss = await stepper.step({ step, learningRate: lora.optimizer.learningRate });
        assertAllClose([loss], at(step, "loss"), { rtol: 2e-6, atol: 0 });
        const largest = Math.max(
          ...stepper.state.parameters.flatMap(({ name }) => [...at(step, `gradient/${name}`)].map(Math.abs)),
        );
        for (const { name: factor, gradient, parameter } of stepper.state.parameters) {
          assertAllClose(gradient, at(step, `gradient/${factor}`), { rtol: 2e-4, atol: 3e-6 * largest });
          assertAllClose(parameter, at(step, `factor/${factor}`), { rtol: 1e-4, atol: 2e-5 });
        }
      }
      await stepper.release();
    });
  }
}

Deno.test("the golden steps are of every factor that is planned here", () => {
  for (const [name, { config, lora }] of Object.entries(golden.cases)) {
    const { plan, program: { loss } } = adapted(trainable(config), lora);
    const names = plan.targets.flatMap((target) => Object.values(factorNames(target.name))).sort();
    const prefix = `${name}/1/factor/`;
    const theirs = Object.keys(golden.tensors).filter((key) => key.startsWith(prefix));
    assert.deepEqual(theirs.map((key) => key.slice(prefix.length)).sort(), names);
    const trained = loss.parameters.filter(({ source }) => source.trainable).map(({ source }) => source.name);
    assert.deepEqual(trained.sort(), names);
  }
});

Deno.test("ten free-running losses are those of mlx-lm's trainer with its defaults", async () => {
  const { config, rank, scale, lastLayers, learningRate, losses, batches } = goldenMlx();
  const model = trainable(config);
  const targetModules = ["q_proj", "k_proj", "v_proj", "out_proj", "in_proj", "w1", "w2", "w3"];
  const { plan, program } = adapted(model, { rank, alpha: scale * rank, dropout: 0, lastLayers, targetModules });
  const rows = batches.map(({ tokens, lengths }) => ({
    tokens: tokens.map((row) => row.slice(0, -1)),
    // mlx-lm counts one padding token behind each row.
    labels: tokens.map((row, r) => row.slice(1).map((token, i) => (i < lengths[r] ? token : -100))),
  }));
  const sequence = rows[0].tokens[0].length;
  const stepper = await cpuStepper(program.loss, {
    batchSize: rows[0].tokens.length,
    sizes: { sequence },
    optimizer: adam({ learningRate, biasCorrection: false }),
    seed: 1,
    threads: 1,
    frozen: { parameters: ruleModel(model) },
    initial: ruleFactors(plan, 0),
  });
  const ours: number[] = [];
  for (const [i, batch] of rows.entries()) {
    await stepper.resize({ sequence: batch.tokens[0].length });
    fill(stepper.batch, batch);
    ours.push(await stepper.step({ step: i + 1, learningRate }));
  }
  assertAllClose(ours, losses, { rtol: 0, atol: 1e-4 });
  await stepper.release();
});
