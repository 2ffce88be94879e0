// Run as a child: our side of the LoRA benchmark. The argument is JSON of `LoraWork`. It first sends what came of its first updates, then
// takes the updates it is asked for and sends how long each took; asked for memory, it sends the highest it has held.

import process from "node:process";
import { prepareTraining } from "../language/mod.ts";
import { readLfm2Folder } from "../models/lfm2/base_weights.ts";
import { connectParent, ownMemory, PeakMemory } from "../process/mod.ts";
import { adam, createStepper, type Stepper } from "../train/mod.ts";
import { fillExact } from "./exact_values.ts";
import {
  CHECKED_UPDATES,
  FACTOR_SCALE,
  LEARNING_RATE,
  type LoraMemory,
  type LoraWork,
  tokenAt,
} from "./lora_exchange.ts";

const REGION = "parameter/";

async function main({ folder, tokens, lora, baseFormat, provider, threads }: LoraWork): Promise<void> {
  const parent = connectParent();
  const startMs = performance.now();
  const config = await readLfm2Folder(folder);
  const { program, start, trainableParameters } = await prepareTraining({ config, weights: folder }, {
    ...{ lora, baseFormat, provider },
    isPacked: false,
    seed: 1,
  });
  const stepper = await createStepper(provider, program.loss, {
    batchSize: 1,
    sizes: { sequence: tokens },
    optimizer: adam({ learningRate: LEARNING_RATE }),
    seed: 1,
    threads,
    columns: oneRow(tokens, config.vocabSize),
    initial: start?.initial,
    frozen: start?.frozen,
  });
  const names = await setFactors(stepper);
  const createMs = performance.now() - startMs;
  const startPeakBytes = ownMemory().peakRssBytes;
  const training = new PeakMemory();
  let step = 0;
  const update = async () => {
    stepper.load({ rows: Uint32Array.of(0), step: ++step });
    return await stepper.step({ step, learningRate: LEARNING_RATE });
  };
  const losses: number[] = [];
  const firstMs = performance.now();
  for (let i = 0; i < CHECKED_UPDATES; i++) losses.push(await update());
  parent.send({ names, losses, trainableParameters, createMs, checkedStepsMs: performance.now() - firstMs });
  for await (const message of parent.messages) {
    const { settle = 0, steps = 0, memory } = message as { settle?: number; steps?: number; memory?: true };
    if (memory) {
      const trainingPeakRssBytes = training.end();
      const peakRssBytes = Math.max(startPeakBytes, trainingPeakRssBytes);
      parent.send({ peakRssBytes, trainingPeakRssBytes, peakDeviceBytes: null } satisfies LoraMemory);
      continue;
    }
    for (let i = 0; i < settle; i++) await update();
    const samplesMs = new Float64Array(steps);
    for (let i = 0; i < steps; i++) {
      const before = performance.now();
      await update();
      samplesMs[i] = performance.now() - before;
    }
    parent.send({ samplesMs });
  }
  await stepper.release();
}

/** One row of tokens, each of which predicts the next. */
function oneRow(tokens: number, vocabSize: number) {
  const row = (value: (i: number) => number) =>
    ({
      dtype: "float32",
      shape: [1, tokens],
      data: Float32Array.from({ length: tokens }, (_, i) => value(i)),
    }) as const;
  return {
    token_ids: row((i) => tokenAt(i, vocabSize)),
    positions: row((i) => i),
    labels: row((i) => tokenAt(i + 1, vocabSize)),
  };
}

/** The factors' values that the peer begins with too. */
async function setFactors(stepper: Stepper): Promise<string[]> {
  const state = await stepper.readState();
  const factors = Object.entries(state).filter(([name]) => name.startsWith(REGION));
  factors.forEach(([, { data }], stream) => fillExact(data as Float32Array, { stream, scale: FACTOR_SCALE }));
  await stepper.writeState(state);
  return factors.map(([name]) => name.slice(REGION.length));
}

main(JSON.parse(process.argv[2]));
