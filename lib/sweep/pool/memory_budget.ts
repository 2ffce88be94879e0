// How much memory each trial will take, and how much all may take together. Predictions come from the trial's graphs; what
// processes then really take corrects them.

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { projectPath } from "../../process/mod.ts";
import { type MachineReader, totalMemoryBytes } from "../../runtime/mod.ts";
import { deserializeProgram, predictTrainingBytes, TRAINING_ENGINE_BYTES } from "../../train/mod.ts";
import { programHash, type Trial } from "../trial.ts";
import { availableMemoryBytes } from "./system_memory.ts";

/** Of what the system could give now; the rest is for the notebook, the browser and the system. */
const SHARE_OF_AVAILABLE = 0.85;
const SHARE_OF_TOTAL = 0.8;
/** A process of trials that has loaded the engine and no data, before any has been seen. Measured: 120 to 180 MiB. */
const PROCESS_BYTES = 192 * 2 ** 20;

/** What all trials together may take when nothing else is said, in bytes. */
export function defaultMemoryBudgetBytes(reader: MachineReader): number {
  return Math.round(
    Math.min(availableMemoryBytes(reader) * SHARE_OF_AVAILABLE, totalMemoryBytes(reader) * SHARE_OF_TOTAL),
  );
}

/** What a trial is expected to take. */
export interface MemoryPrediction {
  /** The process with its data. */
  processBytes: number;
  /** The training itself. */
  trainingBytes: number;
  /** Both, or what such a trial was seen to take when that was more. */
  bytes: number;
}

/** Predicts the memory of trials, and learns from those that ran. */
export class MemoryPredictor {
  readonly #training = new Map<string, number>();
  readonly #processes = new Map<string, number>();
  readonly #peaks = new Map<string, number>();

  /** @param trial whose graphs are looked at once for each program and batch size */
  predict(trial: Trial): MemoryPrediction {
    const kind = kindOf(trial);
    const trainingBytes = this.#training.get(kind) ?? trainingBytesOf(trial);
    this.#training.set(kind, trainingBytes);
    const processBytes = this.#processes.get(trial.definition.data.hash) ?? PROCESS_BYTES + dataBytes(trial);
    const bytes = Math.max(processBytes + trainingBytes, this.#peaks.get(kind) ?? 0);
    return { processBytes, trainingBytes, bytes };
  }

  /** The same whatever was seen meanwhile: a trial's threads, which may change its last bits, do not depend on that. */
  initialBytes(trial: Trial): number {
    const { trainingBytes } = this.predict(trial);
    return PROCESS_BYTES + dataBytes(trial) + trainingBytes;
  }

  /** A process that has loaded its data and not trained yet. */
  noteProcess(trial: Trial, rssBytes: number): void {
    const { hash } = trial.definition.data;
    this.#processes.set(hash, Math.max(rssBytes, this.#processes.get(hash) ?? 0));
  }

  /** The most that a trial's process was seen to hold. */
  notePeak(trial: Trial, rssBytes: number): void {
    const kind = kindOf(trial);
    this.#peaks.set(kind, Math.max(rssBytes, this.#peaks.get(kind) ?? 0));
  }
}

/** Trials of one kind take the same memory. */
function kindOf({ definition: { program, settings, data } }: Trial): string {
  const { batchSize, segments = null, engine, optimizer: { kind } } = settings;
  return [programHash(program), batchSize, segments, engine, kind, data.hash].join();
}

function trainingBytesOf({ definition: { program, settings } }: Trial): number {
  const { batchSize, segments } = settings;
  return TRAINING_ENGINE_BYTES + predictTrainingBytes(deserializeProgram(program), batchSize, { segments });
}

/** Bytes of a value in memory for each byte in a file: halves are made float32. */
const UNPACKED = 2;

/** What the data will take in memory, roughly, by their name or the size of their files; 0 when they cannot be found. */
function dataBytes({ definition: { data: { dataset } } }: Trial): number {
  const random = /^random-(\d+)x(\d+)-/.exec(dataset);
  if (random !== null) return 4 * Number(random[1]) * Number(random[2]);
  const folder = dataset.includes("/") ? dataset : projectPath("data", dataset);
  try {
    const files = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
    return files.reduce((sum, name) => sum + UNPACKED * statSync(join(folder, name)).size, 0);
  } catch {
    return 0; // the trial's own process says what is missing
  }
}
