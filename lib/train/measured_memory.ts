// How much memory training takes, measured in a process that does nothing else.

import { linear, meanSquaredError, model, tensor } from "../nn/mod.ts";
import { projectPath, startChild } from "../process/mod.ts";
import { predictTrainingBytes } from "./memory.ts";
import { type SerializedProgram, serializeProgram, traceProgram, type TrainingProgram } from "./program.ts";

/** What the measuring process is told. */
export interface MemoryOrder {
  program: SerializedProgram;
  batchSize: number;
  validationRows: number;
  threads: number;
  segments?: number;
  epochs: number;
  stepsPerEpoch: number;
}

/** Sizes of the measured run. */
export interface MeasureOptions {
  batchSize: number;
  validationRows?: number;
  threads?: number;
  /** As in the settings of a run. */
  segments?: number;
  /** Default 3. The peak is reached with the second step and the validation after it. */
  epochs?: number;
  /** Default 3, at least 2. */
  stepsPerEpoch?: number;
}

/** What a measured run took, and what it came to. */
export interface MeasuredTraining {
  /** How far resident memory grew at most, from an engine that had already computed something. */
  growthBytes: number;
  /** SHA-256 over the bits of all weights at the end, in the order of their names: runs that agree in it took the same steps. */
  weightsSha256: string;
}

/**
 * Trains a program for a few steps on random rows, in a child process that does nothing else. Linux gives the exact peak, other systems
 * samples.
 *
 * @throws {Error} when the process fails
 */
export async function measureTraining(
  program: TrainingProgram,
  { batchSize, validationRows = 1024, threads = 0, segments, epochs = 3, stepsPerEpoch = 3 }: MeasureOptions,
): Promise<MeasuredTraining> {
  let measured: MeasuredTraining | null = null;
  const child = startChild({
    module: projectPath("lib", "train", "memory_process.ts"),
    denoFlags: ["--v8-flags=--expose-gc"],
    deadlineMs: 600_000,
    onMessage: (message) => (measured = message as MeasuredTraining),
  });
  const sizes = { batchSize, validationRows, threads, segments, epochs, stepsPerEpoch };
  const order: MemoryOrder = { program: serializeProgram(program), ...sizes };
  child.send(order);
  child.endMessages();
  const { stderrTail, reason } = await child.result;
  if (measured === null) throw new Error(`Cannot measure memory: the process ended (${reason}): ${stderrTail}`);
  return measured;
}

/**
 * How far resident memory grows by training; see {@link measureTraining}.
 *
 * @returns bytes
 * @throws {Error} when the process fails
 */
export async function measureTrainingBytes(program: TrainingProgram, options: MeasureOptions): Promise<number> {
  return (await measureTraining(program, options)).growthBytes;
}

let fixed: Promise<number> | undefined;

/**
 * What training takes whatever the model: sessions, threads, compiled code, garbage between collections. Measured once a
 * process for the CPU provider, as the memory of a single layer of 384 beyond its prediction.
 *
 * @returns bytes
 */
export function fixedTrainingBytes(): Promise<number> {
  fixed ??= (async () => {
    const program = traceProgram({
      model: model("layer", { inputs: { x: tensor("float32", ["batch", 384]) } }, (scope, { x }) => ({
        output: linear(scope.child("only"), x, 384),
      })),
      loss: ({ output }, { x }) => meanSquaredError(output, x),
    });
    const sizes = { batchSize: 256, validationRows: 1024 };
    return await measureTrainingBytes(program, sizes) - predictTrainingBytes(program, sizes.batchSize, sizes);
  })();
  return fixed;
}
