// What the studio reads of studies: the shapes of lib/sweep's reader.

import type { JsonValue } from "../process/mod.ts";
import type { MachineFacts } from "../record/mod.ts";
import type { AnyPoint } from "../sweep/mod.ts";
import type { EpochSummary } from "../train/mod.ts";

export type TrialState = "waiting" | "running" | "finished" | "pruned" | "failed" | "cancelled" | "interrupted";

export interface Objective {
  metric: string;
  direction: "minimize" | "maximize";
}

export interface TrialView {
  number: number;
  key: string;
  parameters: AnyPoint;
  parameterCount: number;
  state: TrialState;
  values: (number | null)[];
  epochs: number;
  epochsPlanned: number;
  seconds: number;
  attempts: number;
  machine: string | null;
  message: string | null;
  pinned: boolean;
  checkpoint: string | null;
  revision: number;
}

export interface StudyDefinition {
  name: string;
  space: Record<string, JsonValue>;
  objectives: Objective[];
  sampler: { name: string; settings: Readonly<Record<string, JsonValue>> };
  pruner: { name: string; settings: Readonly<Record<string, JsonValue>> } | null;
}

export interface StudySummary {
  name: string;
  state: "running" | "finished" | "interrupted" | "empty";
  counts: Record<TrialState, number>;
  definition: StudyDefinition;
  bytes: number;
  startedAt: string | null;
  endedAt: string | null;
  best: TrialView | null;
  revision: number;
}

export interface AttemptView {
  number: number;
  machine: string;
  worker: string | null;
  threads: number;
  startedAt: string;
  endedAt: string | null;
  seconds: number | null;
  outcome: string | null;
  message: string | null;
  stderrTail: string | null;
  peakRssBytes: number | null;
}

export interface TrialDetail {
  trial: TrialView;
  attempts: AttemptView[];
  history: EpochSummary[];
}

export interface Curve {
  key: string;
  points: [epoch: number, value: number][];
}

export type RequestKind = "cancel" | "retry" | "pin" | "unpin";

export interface StudyReader {
  summary(): StudySummary;
  trials(options?: { since?: number }): TrialView[];
  trial(key: string): TrialDetail | null;
  curves(options?: { since?: number; metric?: string }): Curve[];
  machines(): MachineFacts[];
  request(kind: RequestKind, key: string): void;
  close(): void;
}
