// An adapter that is trained here in a moment, for the golden file and for the test of it.

import { adam, type Adapter, adapterOf, cpuStepper } from "lib/train/mod.ts";
import { GOLDEN_LFM2 } from "../../models/lfm2/golden.ts";
import { adapted, fill, ruleFactors, ruleModel, trainable } from "./golden.ts";

/** Of the golden model `hub`: convolutions and attentions, tied embeddings. */
export const ADAPTED_CONFIG = GOLDEN_LFM2.hub.config;
/** Tokens that logits are compared on. */
export const ADAPTED_TOKENS: readonly number[] = GOLDEN_LFM2.hub.prompts[0];

const STEPS = 5;
const LEARNING_RATE = 0.02;

/** Trains rank 3 with a scale of 4 on the modules of the last four of six layers. */
export async function trainedAdapter(): Promise<Adapter> {
  const model = trainable(ADAPTED_CONFIG);
  const { plan, program } = adapted(model, {
    ...{ rank: 3, alpha: 12, dropout: 0, lastLayers: 4 },
    targetModules: ["q_proj", "v_proj", "in_proj", "w2"],
  });
  const [tokens] = GOLDEN_LFM2.hub.tokens;
  const stepper = await cpuStepper(program.loss, {
    batchSize: 1,
    sizes: { sequence: 16 },
    optimizer: adam({ learningRate: LEARNING_RATE }),
    seed: 1,
    threads: 1,
    frozen: { parameters: ruleModel(model) },
    initial: ruleFactors(plan, 0.01),
  });
  fill(stepper.batch, { tokens: [tokens.slice(0, 16)], labels: [tokens.slice(1, 17)] });
  for (let step = 1; step <= STEPS; step++) await stepper.step({ step, learningRate: LEARNING_RATE });
  const adapter = adapterOf(plan, await stepper.readParameters(), { baseModel: "tests/hub" });
  await stepper.release();
  return adapter;
}
