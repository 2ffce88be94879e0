// What a trial asks of a machine, and whether a worker has it. Trials that ask the same are one class, with a queue of its own, so
// that a worker only looks at trials that it can do.

import { datasetHashHere } from "../../data/mod.ts";
import type { Engine } from "../../train/mod.ts";
import { MemoryPredictor } from "../pool/memory_budget.ts";
import type { Trial } from "../trial.ts";

/** What a trial asks of a machine. */
export interface Requirement {
  engine: Engine;
  /** Predicted memory of the trial's process, rounded up. */
  memoryGib: number;
  /** What `loadDataset` takes, and the hash that the data must have. */
  dataset: string;
  datasetHash: string;
}

/** What a worker has. */
export interface Abilities {
  /** Asked only where the CPU is not enough: looking for a GPU takes a moment. */
  engines: () => Promise<readonly Engine[]>;
  memoryGib: number;
}

const GIB = 2 ** 30;

const predictor = new MemoryPredictor();

/** What a trial asks of a machine. */
export function requirementOf(trial: Trial): Requirement {
  const { settings: { engine }, data: { dataset, hash } } = trial.definition;
  return { engine, memoryGib: Math.ceil(predictor.initialBytes(trial) / GIB), dataset, datasetHash: hash };
}

/**
 * Why a machine cannot do trials that ask this, as the end of a sentence about it; null when it can.
 */
export async function whyNot(
  { engine, memoryGib, dataset, datasetHash }: Requirement,
  abilities: Abilities,
): Promise<string | null> {
  const engines = engine === "cpu" ? [engine] : await abilities.engines();
  if (!engines.includes(engine)) return `has no engine ${engine} (it has ${engines.join(", ")})`;
  if (memoryGib > abilities.memoryGib) {
    return `gives trials ${abilities.memoryGib} GiB of memory, and ${memoryGib} GiB are needed`;
  }
  const hash = await datasetHashHere(dataset);
  if (hash === null) return `has no dataset ${dataset}`;
  return hash === datasetHash ? null : `has another version of dataset ${dataset} (${hash.slice(0, 8)})`;
}

/** A requirement as messages tell it. */
export function describeRequirement({ engine, memoryGib, dataset, datasetHash }: Requirement): string {
  return `engine ${engine}, ${memoryGib} GiB of memory and dataset ${dataset} (${datasetHash.slice(0, 8)})`;
}
