// Run as a child: our side of the WebGPU benchmark. Arguments: studentDim, batchSize, and JSON of `OurVariant`. It first sends
// the losses of its first steps, then takes the steps it is asked for and sends how long each took.

import process from "node:process";
import { lnspStudent } from "../models/lnsp.ts";
import { meanSquaredError } from "../nn/mod.ts";
import { connectParent } from "../process/mod.ts";
import type { DeviceTuning } from "../runtime/mod.ts";
import { random } from "../statistics/mod.ts";
import { adam, type Stepper, traceProgram, webgpuStepper } from "../train/mod.ts";
import { fillExact, setExactWeights } from "./exact_values.ts";
import { profileOf } from "./webgpu_profile.ts";

/** How our side is built; the defaults are those of `engine: "webgpu"`. */
export interface OurVariant extends DeviceTuning {
  /** Bounds the flat tensors; 1 keeps every parameter on its own. */
  memoryLimitBytes?: number;
  /** Bounds the columns that stay on the device; 0 sends each batch. */
  residentLimitBytes?: number;
}

const ROWS = 16384;
const WIDTH = 384;
const CHECKED_STEPS = 5;
const LEARNING_RATE = 1e-3;
const PROFILED_STEPS = 10;

/** Takes step after step on rows of the table, in an order. */
class Trainer {
  #step = 0;

  constructor(private readonly stepper: Stepper, private readonly batchSize: number) {}

  async step(order: Uint32Array): Promise<number> {
    const start = (this.#step++ * this.batchSize) % ROWS;
    this.stepper.load({ rows: order.subarray(start, start + this.batchSize), step: this.#step });
    return await this.stepper.step({ step: this.#step, learningRate: LEARNING_RATE });
  }
}

async function main([studentDim, batchSize]: number[], variant: OurVariant): Promise<void> {
  const parent = connectParent();
  const data = fillExact(new Float32Array(ROWS * WIDTH), { stream: 1000, scale: 2 ** -4 });
  const columns = { x: { dtype: "float32", shape: [ROWS, WIDTH], data } } as const;
  const startMs = performance.now();
  const open = async (tuning: DeviceTuning) => {
    const program = traceProgram({
      model: lnspStudent({ studentDim }),
      loss: ({ output }, { x }) => meanSquaredError(output, x),
    });
    const { memoryLimitBytes, residentLimitBytes, ...device } = variant;
    const limits = { memoryLimitBytes, residentLimitBytes };
    const options = { batchSize, optimizer: adam({ learningRate: LEARNING_RATE }), seed: 1, columns, ...limits };
    return await webgpuStepper(program.loss, options, { ...device, ...tuning });
  };
  const stepper = await open({});
  const createMs = performance.now() - startMs;
  await setWeights(stepper);
  const trainer = new Trainer(stepper, batchSize);
  // The first steps read the rows in order, as the peer does; the timed ones in random order, as training does.
  const inOrder = Uint32Array.from({ length: ROWS }, (_, i) => i);
  const shuffled = random(1, "rows").permutation(ROWS);
  const losses: number[] = [];
  const firstMs = performance.now();
  for (let i = 0; i < CHECKED_STEPS; i++) losses.push(await trainer.step(inOrder));
  parent.send({ losses, createMs, checkedStepsMs: performance.now() - firstMs });
  for await (const message of parent.messages) {
    const { settle, steps, profile } = message as { settle: number; steps: number; profile?: string };
    if (profile !== undefined) {
      const profiled = await open({ profilePrefix: profile });
      const measured = new Trainer(profiled, batchSize);
      for (let i = 0; i < PROFILED_STEPS; i++) await measured.step(shuffled);
      await profiled.release();
      parent.send(await profileOf(profile, PROFILED_STEPS));
      continue;
    }
    for (let i = 0; i < settle; i++) await trainer.step(shuffled);
    const samplesMs = new Float64Array(steps);
    for (let i = 0; i < steps; i++) {
      const before = performance.now();
      await trainer.step(shuffled);
      samplesMs[i] = performance.now() - before;
    }
    parent.send({ samplesMs });
  }
  await stepper.release();
}

/** The weights that the peer starts from. */
async function setWeights(stepper: Stepper): Promise<void> {
  const state = await stepper.readState();
  const parameters = Object.entries(state).filter(([name]) => name.startsWith("parameter/"))
    .map(([, { shape, data }]) => ({ shape, parameter: data as Float32Array }));
  setExactWeights(parameters);
  await stepper.writeState(state);
}

const [studentDim, batchSize, variant = "{}"] = process.argv.slice(2);
main([Number(studentDim), Number(batchSize)], JSON.parse(variant));
