// Run as a child: our side of the training benchmark. Arguments: studentDim, batchSize, threads. It first sends the losses of its
// first steps, then takes the steps it is asked for and sends how long each took.

import process from "node:process";
import { gatherRows } from "../data/mod.ts";
import { lnspStudent } from "../models/lnsp.ts";
import { meanSquaredError } from "../nn/mod.ts";
import { connectParent } from "../process/mod.ts";
import { random } from "../statistics/mod.ts";
import { adam, cpuStepper, traceProgram } from "../train/mod.ts";
import { fillExact, setExactWeights } from "./exact_values.ts";

/** Batches in memory; larger than the caches that a real data set does not fit in either. */
const ROWS = 16384;
const WIDTH = 384;
const CHECKED_STEPS = 5;
const LEARNING_RATE = 1e-3;

async function main([studentDim, batchSize, threads]: number[]): Promise<void> {
  const parent = connectParent();
  const startMs = performance.now();
  const program = traceProgram({
    model: lnspStudent({ studentDim }),
    loss: ({ output }, { x }) => meanSquaredError(output, x),
  });
  const optimizer = adam({ learningRate: LEARNING_RATE });
  const stepper = await cpuStepper(program.loss, { batchSize, optimizer, seed: 1, threads });
  const createMs = performance.now() - startMs;
  setExactWeights(stepper.state.parameters);
  const data = fillExact(new Float32Array(ROWS * WIDTH), { stream: 1000, scale: 2 ** -4 });
  const column = { dtype: "float32", shape: [ROWS, WIDTH], data } as const;
  // The first steps read the rows in order, as the peer does; the timed ones in random order, as training does.
  const inOrder = Uint32Array.from({ length: ROWS }, (_, i) => i);
  const shuffled = random(1, "rows").permutation(ROWS);
  let step = 0;
  const takeStep = async (order: Uint32Array) => {
    const start = (step * batchSize) % ROWS;
    gatherRows(column, order.subarray(start, start + batchSize), stepper.batch.x);
    step++;
    return await stepper.step({ step, learningRate: LEARNING_RATE });
  };
  const losses: number[] = [];
  const firstMs = performance.now();
  for (let i = 0; i < CHECKED_STEPS; i++) losses.push(await takeStep(inOrder));
  const checkedStepsMs = performance.now() - firstMs;
  parent.send({ losses, createMs, checkedStepsMs });
  for await (const message of parent.messages) {
    const { settle, steps } = message as { settle: number; steps: number };
    for (let i = 0; i < settle; i++) await takeStep(shuffled);
    const samplesMs = new Float64Array(steps);
    for (let i = 0; i < steps; i++) {
      const before = performance.now();
      await takeStep(shuffled);
      samplesMs[i] = performance.now() - before;
    }
    parent.send({ samplesMs });
  }
  await stepper.release();
}

main(process.argv.slice(2).map(Number));
