// What the JavaScript peers of the training benchmarks share: the same weights and rows as all sides, and the conversation with
// the benchmark.

import process from "node:process";
import { fillExact, setExactWeights } from "lib/bench/mod.ts";
import { lnspStudent } from "lib/models/lnsp.ts";
import { connectParent } from "lib/process/mod.ts";

/** Rows in memory. */
export const ROWS = 16384;
/** Values of a row. */
export const WIDTH = 384;
/** Adam as all sides use it. */
export const ADAM = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

const CHECKED_STEPS = 5;
const LEAST_CHECKED_STEPS = 2;
/** A side whose steps take longer than this together checks fewer. */
const CHECK_MS = 2000;

/** The student's parameters, matrix and bias in turns, with the values that all sides start from. */
export function startingParameters(studentDim: number): { shape: number[]; values: Float32Array }[] {
  const parameters = lnspStudent({ studentDim }).trace().parameters.map(({ shape }) => {
    const sizes = shape as number[];
    return { shape: sizes, parameter: new Float32Array(sizes.reduce((count, size) => count * size, 1)) };
  });
  setExactWeights(parameters);
  return parameters.map(({ shape, parameter }) => ({ shape, values: parameter }));
}

/** All rows, in the order in which peers take them. */
export function trainingRows(): Float32Array {
  return fillExact(new Float32Array(ROWS * WIDTH), { stream: 1000, scale: 2 ** -4 });
}

/**
 * Builds a side, takes its first steps, tells their losses, and takes the steps that it is asked for.
 *
 * @param build gives what takes a step (the n-th, from 1) and returns its loss
 */
export async function answerSteps(
  version: string,
  build: () => Promise<(n: number) => number | Promise<number>>,
): Promise<void> {
  const parent = connectParent();
  const startMs = performance.now();
  const step = await build();
  const createMs = performance.now() - startMs;
  let taken = 0;
  const losses: number[] = [];
  const firstMs = performance.now();
  while (losses.length < CHECKED_STEPS) {
    losses.push(await step(++taken));
    if (losses.length >= LEAST_CHECKED_STEPS && performance.now() - firstMs > CHECK_MS) break;
  }
  parent.send({ losses, createMs, checkedStepsMs: performance.now() - firstMs, version });
  for await (const message of parent.messages) {
    const { settle, steps } = message as { settle: number; steps: number };
    for (let i = 0; i < settle; i++) await step(++taken);
    const samplesMs = new Float64Array(steps);
    for (let i = 0; i < steps; i++) {
      const before = performance.now();
      await step(++taken);
      samplesMs[i] = performance.now() - before;
    }
    parent.send({ samplesMs });
  }
  process.exit(0); // a backend's threads would keep it
}
