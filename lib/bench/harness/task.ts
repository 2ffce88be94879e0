// What the process of a subject is told, and what it answers.

import type { Placement } from "../../runtime/mod.ts";
import type { Correctness } from "./correctness.ts";
import type { Limits, StopReason } from "./limits.ts";
import type { OpenOptions } from "./open_subject.ts";
import type { Scenario, WarmUp } from "./scenario.ts";
import type { PreparedSubject } from "./subject.ts";
import type { MonitorWindow } from "./windows.ts";

/** Changes that only tests and controls make. */
export interface Hooks {
  /** Outputs are changed by this part of their size before they are compared. */
  alterOutputs?: number;
  /** Each call is made longer by this part of its time. */
  slowdown?: number;
}

/** The first message to the process. */
export type SubjectTask =
  | { kind: "reference"; subject: PreparedSubject }
  | (MeasureTask & { kind: "measure" } & HowLong)
  /** It takes turns with others, as `interleave` asks. */
  | (MeasureTask & { kind: "turns" });

/** What is measured, and how long. */
export interface HowLong {
  scenario: Scenario;
  limits: Limits;
  warmUpMs: number;
  /** Null: until it settles. */
  warmUpCalls: number | null;
  leastSampleMs: number;
  /** Whether to find out, afterwards, where each node runs. */
  placement: boolean;
}

/** What is common to both ways of measuring. */
export interface MeasureTask {
  subject: PreparedSubject;
  open: OpenOptions;
  bound: number;
  /** What the reference was computed with. */
  reference: string;
  hooks: Hooks;
}

/** What opening a subject took. */
export interface Phases {
  /** Starting the engine: loading its library and computing something small. */
  engineMs: number;
  createMs: number;
  firstRunMs: number;
  /** How far resident memory grew, from a started engine, with the model loaded. */
  loadBytes: number;
  /** And at its highest until the end of the first run. */
  peakBytes: number;
}

/** One process that measured. */
export interface ProcessSamples extends Phases {
  warmUp: WarmUp;
  callsPerSample: number;
  callMs: Float64Array;
  latencyMs: Float64Array | null;
  elapsedMs: number;
  stopped: StopReason;
  windows: MonitorWindow[];
  /** Part of all cores' time that other processes took while it measured, from 0 to 1; null when it was too short to tell. */
  othersShare: number | null;
}

/** How far measuring is. */
export interface CallsSoFar {
  /** Since measuring began. */
  count: number;
  elapsedMs: number;
  /** Mean time of those since it was last told. */
  callMs: number;
}

/** Messages of the process. */
export type SubjectMessage =
  | { kind: "reference"; reference: string }
  | { kind: "phase"; phase: Phase }
  | { kind: "opened"; phases: Phases; correctness: Correctness | null; fallback: boolean }
  | { kind: "calls"; calls: CallsSoFar }
  /** Which provider ran each node; a sentence where that could not be found out. */
  | { kind: "placed"; placement: Placement | string }
  | { kind: "done"; samples: ProcessSamples };

/** Where a process is. */
export type Phase = "start" | "create" | "first run" | "check" | "warm-up" | "measure";
