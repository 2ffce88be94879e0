// Small studies for the tests of lib/sweep, in folders of their own.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataReference, randomDataset } from "lib/data/mod.ts";
import { lnspStudent } from "lib/models/lnsp.ts";
import { alignmentLoss, rowCosine } from "lib/nn/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import type { MachineFacts } from "lib/record/mod.ts";
import type { StudyEnvironment } from "lib/sweep/environment.ts";
import { seeds } from "lib/sweep/mod.ts";
import { createStudy } from "lib/sweep/study.ts";
import { adam, type Tensors } from "lib/train/mod.ts";

export const dataset = randomDataset({ rows: 400, width: 8, seed: 1 });
export const data = dataReference(dataset, { x: "embedding" });

/** A machine as far as these tests look at it. With one core it trains one trial after the other. */
export const machine: MachineFacts = {
  id: "testmachine",
  name: "a machine of tests",
  chip: "none",
  arch: "x64",
  physicalCores: 1,
  performanceCores: null,
  efficiencyCores: null,
  logicalCores: 1,
  memoryBytes: 2 ** 30,
  os: "none",
  osBuild: "",
  versions: {},
  power: "unknown",
};

/** What a tiny trial is made of; parts are replaced to get other trials. */
export function tinyTrial({ studentDim = 8, weight = 0.5, epochs = 3 } = {}) {
  return {
    model: lnspStudent({ inputDim: 8, studentDim, latentDim: 4 }),
    loss: ({ output }: Tensors, { x }: Tensors) => alignmentLoss(output, x, weight),
    metrics: ({ output }: Tensors, { x }: Tensors) => ({ cosine: rowCosine(output, x) }),
    optimizer: adam({ learningRate: 1e-2 }),
    data,
    epochs,
    batchSize: 32,
  };
}

/** The project's environment but for the folder, the machine and perhaps the trial's process. */
export function testEnvironment(folder: string, { process = "" } = {}): StudyEnvironment {
  const trialModule = process
    ? projectPath("tests", "sweep", "processes", `${process}.ts`)
    : projectPath("lib", "sweep", "trial_process.ts");
  return { checkpointsFolder: folder, trialModule, machine: () => machine };
}

/** A study whose trials are scripted by their seed: see processes/scripted_trial.ts. The second width has one seed only. */
export function scriptedStudy(folder: string, count: number) {
  const options = {
    name: "scripted",
    space: { studentDim: [4, 8], seed: seeds(count) },
    where: ({ studentDim, seed }: { studentDim: number; seed: number }) => studentDim === 4 || seed === 1,
    trial: tinyTrial,
  } as const;
  return createStudy(options, testEnvironment(folder, { process: "scripted_trial" }));
}

/** Runs a test in a temporary folder. */
export async function inFolder(action: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sweep-test-"));
  try {
    await action(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A study that does not end before it is stopped. */
export function endlessStudy(folder: string) {
  const trial = () => tinyTrial({ epochs: 100_000 });
  return createStudy({ name: "long", space: { seed: seeds(1) }, trial }, testEnvironment(folder));
}

/** A study of one real trial that takes a moment. */
export function momentStudy(folder: string) {
  return createStudy({ name: "moment", space: { seed: seeds(1) }, trial: () => tinyTrial() }, testEnvironment(folder));
}

/** Epochs of a long study's first trial: long enough to be interrupted on a fast machine. */
export const LONG_EPOCHS = 1000;
/** Of its others. */
export const SHORT_EPOCHS = 3;

/**
 * A study whose first trial takes long enough to be interrupted, and whose second is a moment's; with "scripted_trial" as process all
 * are, and the third one hangs.
 */
export function longStudy(folder: string, process = "") {
  const trial = ({ studentDim, seed }: { studentDim: number; seed: number }) =>
    tinyTrial({ studentDim, epochs: process === "" && seed === 1 ? LONG_EPOCHS : SHORT_EPOCHS });
  const options = { name: "long", space: { studentDim: [8], seed: seeds(process ? 4 : 2) }, trial } as const;
  return createStudy(options, testEnvironment(folder, { process }));
}
