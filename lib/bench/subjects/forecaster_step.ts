// Training updates of the forecaster as a benchmark subject: batches whose gradients are averaged, clipping, and the optimizer's update.

import type { Column } from "../../data/mod.ts";
import { type ForecasterConfig, forecasterTrial } from "../../models/forecaster.ts";
import { projectPath } from "../../process/mod.ts";
import { adam8bit, adamW, createStepper, type Engine, type Stepper, traceProgram } from "../../train/mod.ts";
import type { OpenedSubject, OpenOptions } from "../harness/open_subject.ts";
import type { ModuleSubject } from "../harness/subject.ts";
import { readWindows } from "./window_files.ts";

/** An update. On the CPU it averages batches; on WebGPU, which does neither, it is one batch of as many rows, and nothing is clipped. */
export interface ForecasterStep {
  /** Plain data, as `forecasterSettings` gives it. */
  config: ForecasterConfig;
  /** Rows of a batch. */
  batchSize: number;
  /** Batches of an update. */
  accumulationSteps: number;
  /** Gradients are scaled down to this norm. */
  maxGradientNorm: number;
  optimizer: "adamW" | "adam8bit";
  /** Parts of the forward pass that are computed twice to save memory; 1: nothing is. */
  segments: number;
  /** Folder of `writeWindows`. */
  windows: string;
}

/** A subject of this module; the rows of an update must be the batch of the benchmark. */
export function forecasterStep(options: ForecasterStep): ModuleSubject {
  const { batchSize, accumulationSteps, optimizer, segments, config } = options;
  const saved = segments > 1 ? `, ${segments} segments` : "";
  return {
    name:
      `forecaster of width ${config.hiddenDim}, update of ${accumulationSteps} x ${batchSize}, ${optimizer}${saved}`,
    module: projectPath("lib", "bench", "subjects", "forecaster_step.ts"),
    options: JSON.parse(JSON.stringify(options)),
  };
}

const LEARNING_RATE = 1e-3;
const CHECKED_UPDATES = 1;
const ENGINES: Readonly<Record<string, Engine>> = { cpu: "cpu", webgpu: "webgpu", tfjs: "tfjs" };

/** Opens it, in the process that measures. */
export async function open(options: ForecasterStep, how: OpenOptions): Promise<OpenedSubject> {
  const { config, accumulationSteps, maxGradientNorm, windows } = options;
  const engine = ENGINES[how.provider.name];
  if (!engine) throw new Error(`Cannot train with ${how.provider.name}: it computes no gradients here`);
  const averages = engine !== "webgpu";
  const batches = averages ? accumulationSteps : 1;
  const batchSize = averages ? options.batchSize : options.batchSize * accumulationSteps;
  const optimizer = (options.optimizer === "adam8bit" ? adam8bit : adamW)({ learningRate: LEARNING_RATE });
  const columns: Record<string, Column> = { ...readWindows(windows) };
  const stepper = await createStepper(engine, traceProgram(forecasterTrial(config)).loss, {
    batchSize,
    columns,
    optimizer,
    seed: 1,
    threads: how.threads,
    segments: options.segments,
    ...(averages && { accumulationSteps, maxGradientNorm }),
  });
  const rows = columns.x.shape[0];
  let taken = 0;
  let step = 0;
  const next = (first: number) => Uint32Array.from({ length: batchSize }, (_, i) => (first + i) % rows);
  const update = (firstOf: (batch: number) => number) => updateWith(stepper, { batches, firstOf, next, step: ++step });
  return {
    call: () => update(() => (taken += batchSize) - batchSize),
    // An update is right when the loss of rows that are repeated falls, which wrong gradients do not do.
    check: async () => {
      const first = await update(() => 0);
      for (let i = 0; i < CHECKED_UPDATES; i++) await update(() => 0);
      const last = await update(() => 0);
      const relativeError = Number.isFinite(last) && last < first ? 0 : Infinity;
      return { reference: "a loss that falls", relativeError, bound: 0, output: "loss", elements: 2 };
    },
    release: () => stepper.release(),
  };
}

interface Update {
  batches: number;
  /** First row of each batch. */
  firstOf: (batch: number) => number;
  next: (first: number) => Uint32Array;
  step: number;
}

async function updateWith(stepper: Stepper, { batches, firstOf, next, step }: Update): Promise<number> {
  for (let batch = 0; batch < batches; batch++) {
    stepper.load({ rows: next(firstOf(batch)), step });
    if (batch < batches - 1) await stepper.accumulate();
  }
  return await stepper.step({ step, learningRate: LEARNING_RATE });
}
