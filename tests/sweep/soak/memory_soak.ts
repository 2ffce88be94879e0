// Sweeps of real students of very unlike sizes within a memory budget, and what their processes together really took.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DataReference } from "lib/data/mod.ts";
import { lnspStudent } from "lib/models/lnsp.ts";
import { meanSquaredError } from "lib/nn/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { seeds } from "lib/sweep/mod.ts";
import { MemoryPredictor } from "lib/sweep/pool/memory_budget.ts";
import { createStudy } from "lib/sweep/study.ts";
import { adam } from "lib/train/mod.ts";
import { machine } from "../studies.ts";
import { TreeMemory, type TreePeak } from "./tree_memory.ts";

/** Options of `sweepWithin`. */
export interface MemorySoakOptions {
  sizes: readonly number[];
  /** Trials of each size. */
  replicas?: number;
  /** From what the students of each size are predicted to take. */
  budgetBytes: (predicted: ReadonlyMap<number, number>) => number;
  data: DataReference;
  batchSize?: number;
  epochs?: number;
  maxSteps?: number;
  /** Most trials at a time; memory may allow fewer. */
  trials?: number;
  /** A module of tests/sweep/processes that runs in place of the project's process of trials. */
  process?: string;
  signal?: AbortSignal;
  onProgress?: (line: string) => void;
}

/** What became of the trials of one size. */
export interface SizeFigures {
  studentDim: number;
  predictedBytes: number;
  /** Most that a process held that trained such a student, as it said itself. */
  peakRssBytes: number | null;
  finished: number;
  /** Attempts of all its trials. */
  attempts: number;
  /** Messages of those that failed. */
  failures: string[];
}

/** What was seen. */
export interface MemoryFigures {
  budgetBytes: number;
  peak: TreePeak;
  sizes: SizeFigures[];
  /** What the run told. */
  notices: string[];
  seconds: number;
}

/** Runs the sweep, looking at the memory of its processes every 50 ms. */
export async function sweepWithin(options: MemorySoakOptions): Promise<MemoryFigures> {
  const { sizes, data, trials = 4, signal, onProgress = () => {} } = options;
  const folder = mkdtempSync(join(tmpdir(), "memory-soak-"));
  try {
    const study = studentStudy(folder, options);
    const predictor = new MemoryPredictor();
    const predicted = new Map(
      study.trials.map((trial) => [Number(trial.parameters.studentDim), predictor.predict(trial).bytes]),
    );
    const budgetBytes = options.budgetBytes(predicted);
    const notices: string[] = [];
    const startMs = performance.now();
    const memory = new TreeMemory();
    const rows = await study.run({
      trials,
      threads: 1,
      memoryBudgetBytes: budgetBytes,
      failures: "return",
      signal,
      onNotice: (notice) => notices.push(notice),
      onProgress: ({ done, total }) => onProgress(`${done} of ${total} trials of ${data.dataset}`),
    }).finally(() => memory.end());
    const figuresOf = (studentDim: number): SizeFigures => {
      const own = rows.filter((row) => row.studentDim === studentDim);
      const failed = rows.failures.filter(({ parameters }) => parameters.studentDim === studentDim);
      const peaks = own.flatMap(({ peakRssBytes }) => peakRssBytes === null ? [] : [peakRssBytes]);
      return {
        studentDim,
        predictedBytes: predicted.get(studentDim)!,
        peakRssBytes: peaks.length === 0 ? null : Math.max(...peaks),
        finished: own.length,
        attempts: [...own, ...failed].reduce((sum, { attempts }) => sum + attempts, 0),
        failures: failed.map(({ kind, message }) => `${kind}: ${message}`),
      };
    };
    const seconds = (performance.now() - startMs) / 1000;
    return { budgetBytes, peak: memory.peak, sizes: sizes.map(figuresOf), notices, seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Students 384-S-192-S-384 by size, largest last, each trained for a moment. */
function studentStudy(folder: string, options: MemorySoakOptions) {
  const { sizes, replicas = 2, data, batchSize = 256, epochs = 1, maxSteps, process = "" } = options;
  const trialModule = process === ""
    ? projectPath("lib", "sweep", "trial_process.ts")
    : projectPath("tests", "sweep", "processes", `${process}.ts`);
  const environment = { checkpointsFolder: folder, trialModule, machine: () => machine };
  return createStudy({
    name: "memory",
    space: { studentDim: [...sizes], seed: seeds(replicas) },
    trial: ({ studentDim }: { studentDim: number }) => ({
      model: lnspStudent({ studentDim }),
      loss: ({ output }, { x }) => meanSquaredError(output, x),
      optimizer: adam({ learningRate: 1e-3 }),
      data,
      epochs,
      batchSize,
      ...(maxSteps !== undefined && { maxSteps }),
    }),
  }, environment);
}
