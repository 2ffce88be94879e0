// What a training step of one model costs beside another's: steps in turns, each model in a process of its own.

import { bootstrapInterval, type Estimate, median } from "../statistics/mod.ts";
import type { TrainingProgram } from "../train/mod.ts";
import type { Conversation } from "./conversation.ts";
import { interleave } from "./interleave.ts";
import type { TurnOptions } from "./turn_plan.ts";
import { type Comparison, judge, type Judgement, timeRatio } from "./verdict.ts";
import { openWork } from "./work.ts";

/** A model's step. */
export interface TrainingCost extends Judgement {
  readonly name: string;
  /** Median time of a step in ms. */
  readonly stepMs: Estimate;
  /** Its time over the first model's: above 1, it is slower. */
  readonly ratio: Comparison;
}

/** How it is measured. */
export interface TrainingCostOptions {
  batchSize: number;
  turns: TurnOptions;
  /** Default 1. */
  threads?: number;
  signal?: AbortSignal;
}

/**
 * Measures training steps of several models on random numbers, and their ratios to the first one's.
 *
 * @param programs by name, at least one; the first is what the others are compared with
 * @throws {RangeError} when there is no program
 * @throws {Error} when a process fails, with the end of its error output
 */
export async function measureTrainingCosts(
  programs: Readonly<Record<string, TrainingProgram>>,
  { batchSize, turns, threads = 1, signal }: TrainingCostOptions,
): Promise<TrainingCost[]> {
  const entries = Object.entries(programs);
  if (entries.length === 0) throw new RangeError("Cannot measure training costs: expected at least one program");
  const open: Conversation[] = [];
  try {
    for (const [, program] of entries) {
      open.push(await openWork({ kind: "training", program, batchSize }, { threads, signal }));
    }
    const measured = await interleave(open.map((talk) => ({ talk })), turns);
    const failed = measured.findIndex(({ failure }) => failure !== null);
    if (failed >= 0) throw new Error(`Cannot measure ${entries[failed][0]}: ${measured[failed].failure}`);
    return entries.map(([name], i) => {
      const { blocks } = measured[i];
      return {
        name,
        ...judge({ [name]: blocks }),
        stepMs: bootstrapInterval(blocks.flat(), { statistic: median, seed: "training costs", resamples: 1000 }),
        ratio: timeRatio(blocks, measured[0].blocks),
      };
    });
  } finally {
    for (const talk of open) await talk.end();
  }
}
