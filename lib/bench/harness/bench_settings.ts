// How a subject is measured, as the caller says it.

import type { AcceleratorWatch } from "./accelerator.ts";
import type { Limits } from "./limits.ts";
import type { OutputMemory } from "./open_subject.ts";
import type { ProviderConfig } from "./provider.ts";
import type { BenchRecord } from "./record.ts";
import type { RunMade } from "./record_of.ts";
import type { Scenario } from "./scenario.ts";
import type { BenchSubject, PreparedSubject } from "./subject.ts";
import type { CallsSoFar, Hooks, Phase } from "./task.ts";

/** Why a provider cannot run a subject at all, or null: asked before anything is started. */
export type ProviderSupports = (
  subject: PreparedSubject,
  provider: ProviderConfig,
) => string | null | Promise<string | null>;

/** Where a measurement is. */
export interface BenchProgress {
  subject: string;
  provider: string;
  batchSize: number;
  /** Process, from 1. */
  run: number;
  runs: number;
  phase: Phase | "reference" | "quiet";
  /** While it measures; told several times a second. */
  calls: CallsSoFar | null;
}

/** How it is measured. */
export interface BenchSettings {
  /** Default singleStream. */
  scenario?: Scenario | Scenario["name"];
  /** Default 1. */
  batchSize?: number;
  /** Each process has its share of the times and counts. Defaults: 1 s and 662 calls at least, 30 s at most. */
  limits?: Partial<Limits>;
  /** Fresh processes one after another; what differs between them is part of the interval of a comparison. Default 1. */
  processes?: number;
  /** Warming up at most, in ms. Default 2000. */
  warmUpMs?: number;
  /** Exactly so many calls of warming up, whatever they take, for a protocol that says how many. */
  warmUpCalls?: number;
  /** Least time of a sample in ms; shorter calls are timed together. Default 0.02. */
  leastSampleMs?: number;
  /** Of graphs and files on the CPU and tfjs; elsewhere results are in fresh memory. Default "bound". */
  outputs?: OutputMemory;
  /** What outputs may differ by, over their largest value. Default: by the dtype, see `boundOf`. */
  bound?: number;
  /** Longest wait for a quiet machine in ms. Default 0. */
  quietMs?: number;
  /** A process that takes longer is ended, and is a failure. Default: five minutes more than measuring may take. */
  deadlineMs?: number;
  /** A process that takes more is ended. Default: 0.8 of the machine's. */
  memoryLimitBytes?: number;
  providerSupports?: ProviderSupports;
  onProgress?: (progress: BenchProgress) => void;
  /** Takes all samples of each process. */
  onSamples?: (samples: RunMade, record: BenchRecord) => void;
  accelerator?: AcceleratorWatch;
  /** For tests and controls. */
  hooks?: Hooks;
  signal?: AbortSignal;
}

/** What is measured, and how. */
export interface BenchOptions extends BenchSettings {
  subject: BenchSubject;
  provider: ProviderConfig;
}
