// Measuring mixes of trials and threads: a small real study's trials, in the processes that will run trials.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataReference, randomDataset } from "../../data/mod.ts";
import { lnspStudent } from "../../models/lnsp.ts";
import { meanSquaredError } from "../../nn/mod.ts";
import { atMost } from "../../process/mod.ts";
import { adam, completeSettings, type Engine, serializeProgram, traceProgram } from "../../train/mod.ts";
import type { TrialDefinition } from "../trial.ts";
import type { Mix } from "./mix.ts";
import type { TrialChild } from "./trial_child.ts";
import { TrialChildren } from "./trial_children.ts";

/** A mix and how fast it trained. */
export interface MeasuredMix extends Mix {
  /** Of all trials together. */
  stepsPerSecond: number;
}

/** Time that all trials of a mix train together. */
const MEASURED_MS = 1200;
/** Epochs before the clock starts: the first one also compiles and warms up. */
const SETTLING_EPOCHS = 2;
const LOOK_MS = 20;
const WIDTH = 384;
const STUDENT_DIM = 256;
const MEMORY_LIMIT_BYTES = 4 * 2 ** 30;

/**
 * Trains 384-256-192-256-384 in batches of 256 on random rows, as many at once as each mix says.
 *
 * @param options engine: default "cpu"
 * @throws {Error} when a trial fails
 */
export async function measureMixes(
  mixes: readonly Mix[],
  { trialModule, measuredMs = MEASURED_MS, engine = "cpu" }: {
    trialModule: string;
    measuredMs?: number;
    engine?: Engine;
  },
): Promise<MeasuredMix[]> {
  const most = Math.max(...mixes.map(({ trials }) => trials));
  const children = new TrialChildren({ trialModule, most, memoryLimitBytes: MEMORY_LIMIT_BYTES });
  const folder = await mkdtemp(join(tmpdir(), "sweep-mix-"));
  const definition = endlessTrial(engine);
  try {
    const measured: MeasuredMix[] = [];
    for (const mix of mixes) {
      const stepsPerSecond = await measureMix(mix, { children, definition, folder, measuredMs });
      measured.push({ ...mix, stepsPerSecond });
    }
    return measured;
  } finally {
    await children.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A trial that trains until it is stopped. */
function endlessTrial(engine: Engine): TrialDefinition {
  const program = traceProgram({
    model: lnspStudent({ inputDim: WIDTH, studentDim: STUDENT_DIM }),
    loss: ({ output }, { x }) => meanSquaredError(output, x),
  });
  const { threads: _, ...settings } = completeSettings({
    optimizer: adam({ learningRate: 1e-3 }),
    epochs: 1_000_000,
    batchSize: 256,
    seed: 1,
    engine,
  });
  const data = dataReference(randomDataset({ rows: 4096, width: WIDTH, seed: 1 }), { x: "embedding" });
  return { program: serializeProgram(program), settings, data };
}

async function measureMix(
  { trials, threads }: Mix,
  { children, definition, folder, measuredMs }: {
    children: TrialChildren;
    definition: TrialDefinition;
    folder: string;
    measuredMs: number;
  },
): Promise<number> {
  const counts = Array.from({ length: trials }, () => ({ epochs: 0, steps: 0 }));
  const busy: TrialChild[] = [];
  const ends: Promise<void>[] = [];
  let settled: () => void;
  const allSettled = new Promise<void>((resolve) => settled = resolve);
  for (const [i, count] of counts.entries()) {
    const child = await children.take({ fresh: false, sparing: false });
    busy.push(child);
    const checkpointDir = join(folder, `${trials}-${i}`);
    const served = child.serve({ definition, checkpointDir, threads }, {
      onReady: () => {},
      onEpoch: ({ steps }) => {
        count.epochs++;
        count.steps += steps;
        if (counts.every(({ epochs }) => epochs >= SETTLING_EPOCHS)) settled();
      },
      memoryReason: () => null,
    });
    ends.push(served.then(({ outcome, message }) => {
      if (outcome !== "interrupted") throw new Error(message ?? outcome);
    }));
  }
  const ended = Promise.all(ends);
  await Promise.race([allSettled, ended]);
  const startMs = performance.now();
  const before = counts.map(({ steps }) => steps);
  const isEnough = () => performance.now() - startMs >= measuredMs && counts.every(({ steps }, i) => steps > before[i]);
  while (!isEnough()) await atMost(LOOK_MS, ended);
  const taken = counts.reduce((sum, { steps }, i) => sum + steps - before[i], 0);
  const stepsPerSecond = taken / (performance.now() - startMs) * 1000;
  for (const child of busy) child.stop("interrupted");
  await ended;
  return stepsPerSecond;
}
