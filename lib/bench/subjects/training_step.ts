// Training steps of a small model as a benchmark subject: loss, gradients and Adam's update of one batch.

import { lnspStudent } from "../../models/lnsp.ts";
import { alignmentLoss } from "../../nn/mod.ts";
import { projectPath } from "../../process/mod.ts";
import { adam, cpuStepper, traceProgram } from "../../train/mod.ts";
import { fillExact } from "../exact_values.ts";
import type { OpenedSubject, OpenOptions } from "../harness/open_subject.ts";
import type { ModuleSubject } from "../harness/subject.ts";

/** A student of lib/models/lnsp.ts, 384-S-192-S-384, trained on random vectors in batches. */
export interface TrainingStep {
  studentDim: number;
  batchSize: number;
}

/** A subject of this module; `batchSize` must be that of the benchmark. */
export function trainingStep({ studentDim, batchSize }: TrainingStep): ModuleSubject {
  return {
    name: `training step, width ${studentDim}, batch ${batchSize}`,
    module: projectPath("lib", "bench", "subjects", "training_step.ts"),
    options: { studentDim, batchSize },
  };
}

const LEARNING_RATE = 1e-3;
const CHECKED_STEPS = 30;

/** Opens it, in the process that measures. */
export async function open(
  { studentDim, batchSize }: TrainingStep,
  { threads }: Pick<OpenOptions, "threads">,
): Promise<OpenedSubject> {
  const model = lnspStudent({ studentDim });
  const { loss } = traceProgram({ model, loss: ({ output }, { x }) => alignmentLoss(output, x, 0) });
  const stepper = await cpuStepper(loss, {
    batchSize,
    threads,
    optimizer: adam({ learningRate: LEARNING_RATE }),
    seed: 1,
  });
  for (const [i, values] of Object.values(stepper.batch).entries()) fillExact(values, { stream: i + 1 });
  let step = 0;
  const call = () => stepper.step({ step: ++step, learningRate: LEARNING_RATE });
  return {
    call,
    // A step is right when the loss of a batch that is repeated falls, which wrong gradients do not do.
    check: async () => {
      const first = await call();
      for (let i = 0; i < CHECKED_STEPS; i++) await call();
      const last = await call();
      const relativeError = Number.isFinite(last) && last < first ? 0 : Infinity;
      return { reference: "a loss that falls", relativeError, bound: 0, output: "loss", elements: 2 };
    },
    release: () => stepper.release(),
  };
}
