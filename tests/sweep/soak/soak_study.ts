// The studies of the soak: real trials of a few milliseconds to a second, so that a kill meets each of them anywhere.

import type { MachineFacts } from "lib/record/mod.ts";
import { seeds } from "lib/sweep/mod.ts";
import { createStudy } from "lib/sweep/study.ts";
import { machine, testEnvironment, tinyTrial } from "../studies.ts";

/** What the processes of a soak are told, as JSON in their first argument. */
export interface SoakOrder {
  /** Address of the queue; null: trials run in processes of the sweep. */
  url: string | null;
  /** Studies are in here. */
  checkpointsFolder: string;
  /** Number of the study. */
  study: number;
  worker: string;
  workersFolder: string;
}

const SIZES = [4, 8, 12, 16];
const SEEDS = 8;

/** Trials of a study. */
export const TRIALS = SIZES.length * SEEDS;
/** Trials at a time, of a sweep without a queue and of a worker. */
export const PLACES = 2;

export const soakMachine: MachineFacts = machine;

/** A study of the soak; another number gives other trials. */
export function soakStudy(checkpointsFolder: string, number: number) {
  const trial = ({ studentDim, seed }: { studentDim: number; seed: number }) => ({
    ...tinyTrial({ studentDim, weight: 0.5 + number / 1000, epochs: 1 + 40 * (seed % 4) }),
    threads: 1,
  });
  return createStudy(
    { name: `soak-${number}`, space: { studentDim: SIZES, seed: seeds(SEEDS) }, trial } as const,
    testEnvironment(checkpointsFolder),
  );
}
