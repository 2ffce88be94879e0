// What home (the process that runs a study and owns its store) and workers leave for each other in Redis. Jobs, their logs, their
// progress and their results are BullMQ's; beside them stand traced programs, weights on their way home, requests to stop, and what
// workers say of themselves.

import type { MachineFacts } from "../../record/mod.ts";
import { canonicalJson, sha256Hex } from "../../process/mod.ts";
import type { EpochSummary } from "../../train/mod.ts";
import type { StopReason } from "../executor.ts";
import type { AnyPoint } from "../space.ts";
import type { AttemptEnd } from "../store.ts";
import type { TrialDefinition } from "../trial.ts";
import type { Requirement } from "./requirement.ts";

/** In front of every key. Its number rises with each change of this file: homes and workers of different versions never meet. */
export const PREFIX = "latent-lab-2";

/** How long a worker keeps a trial without a sign of life, and how often the others look for such trials. */
export const LOCK_MS = 5000;
export const STALLED_CHECK_MS = 2500;
/** A trial whose worker was lost more often than this is given up: it may be what ends them. */
export const MOST_LOST = 3;
/** Programs, weights on their way and requests to stop that nobody took are forgotten after 30 days. */
export const KEEP_SECONDS = 30 * 86_400;
/** Weights up to this size travel through the queue; larger ones through a shared folder. */
export const MOST_QUEUED_BYTES = 16 * 2 ** 20;

/** A trial as it stands in the queue; its program stands once for all trials that share it. */
export interface TrialJob {
  study: string;
  key: string;
  parameters: AnyPoint;
  parameterCount: number;
  /** SHA-256 of the program. */
  program: string;
  settings: TrialDefinition["settings"];
  data: TrialDefinition["data"];
  threads: number | null;
  attemptsBefore: number;
  alone: boolean;
  /** Time that an attempt may take, in milliseconds; null: any. */
  deadlineMs: number | null;
  /** Tokens of this job are above it: an earlier job of the same trial may have used those up to it. */
  tokenBase: number;
}

/** A line of a job's log. */
export type JobLine =
  | {
    type: "start";
    token: number;
    worker: string;
    machine: MachineFacts;
    pid: number | null;
    threads: number;
  }
  | { type: "ready"; token: number; baselineRssBytes: number }
  | { type: "epoch"; token: number; summary: EpochSummary };

/** A file of a checkpoint on its way home. */
export interface SentFile {
  name: string;
  bytes: number;
  sha256: string;
}

/** Where the checkpoint of a finished trial is. */
export type SentCheckpoint =
  | { by: "queue"; files: SentFile[] }
  | { by: "shared"; folder: string; files: SentFile[] }
  | { by: "none"; place: string };

/** What a job gives when its attempt has ended, by whatever means. */
export interface JobResult {
  token: number;
  worker: string;
  end: AttemptEnd;
  checkpoint: SentCheckpoint | null;
}

/** What a worker says of itself every second. */
export interface WorkerNote {
  name: string;
  machine: Pick<MachineFacts, "id" | "name">;
  /** Trials at a time. */
  places: number;
  running: number;
  memoryGib: number;
  /** Classes of trials that it takes. */
  serves: string[];
  /** Why it does not take the others, a sentence each. */
  refuses: Record<string, string>;
  /** By the clock of Redis, in milliseconds. */
  atMs: number;
}

/** A worker that has said nothing for so long is gone. */
export const WORKER_GONE_MS = 10_000;

/** Keys beside BullMQ's. */
export const keys = {
  workers: `${PREFIX}:workers`,
  classes: `${PREFIX}:classes`,
  program: (hash: string) => `${PREFIX}:program:${hash}`,
  stop: (jobId: string) => `${PREFIX}:stop:${jobId}`,
  file: (jobId: string, token: number, name: string) => `${PREFIX}:file:${jobId}:${token}:${name}`,
};

/** What is written under `keys.stop`. */
export type StopRequest = StopReason;

/** The class of a requirement, which names its queue. */
export function classOf(requirement: Requirement): string {
  return sha256Hex(canonicalJson(requirement)).slice(0, 16);
}

/** The name of a class's queue. */
export function queueName(classId: string): string {
  return `trials-${classId}`;
}

/** The token of a job's present start. */
export function tokenOf({ data, attemptsStarted }: { data: TrialJob; attemptsStarted: number }): number {
  return data.tokenBase + attemptsStarted;
}
