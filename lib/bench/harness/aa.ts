// The A/A study: the same thing measured against itself again and again. How many of the intervals contain 1, how wide are they, and is
// a slowdown found that was put there?

import { lnspStudent } from "../../models/lnsp.ts";
import { type Graph, graph, input, matMul, softmax } from "../../graph/mod.ts";
import type { MachineFacts } from "../../record/mod.ts";
import { machineFacts } from "../../runtime/mod.ts";
import { median, proportionInterval } from "../../statistics/mod.ts";
import type { TurnOptions } from "../turn_plan.ts";
import type { Comparison } from "../verdict.ts";
import { withSubject } from "./bench.ts";
import type { GraphSubject } from "./subject.ts";
import { compareInTurns, type TurnSide } from "./turns.ts";

/** One comparison of a subject with itself, or with itself slowed down. */
export interface AaTrial {
  subject: string;
  /** Part of its time by which the first side was slowed down; 0 in an A/A. */
  slowdown: number;
  ratio: number;
  low: number;
  high: number;
}

/** A share of trials with its interval. */
export interface Share {
  share: number;
  low: number;
  high: number;
  n: number;
}

/** What the trials say. */
export interface AaSummary {
  /** Of A/A trials, those whose interval contains 1. */
  containing: Share;
  /** Half of the interval's width, the median of A/A trials. */
  medianHalfWidth: number;
  /** Of the slowed trials, those whose interval is above 1; null without any. */
  found: Share | null;
  bySubject: { subject: string; trials: number; containing: number; medianHalfWidth: number }[];
}

/** Content of reports/benchmarks/aa.json. */
export interface AaStudy extends AaSummary {
  schemaVersion: 1;
  benchmark: "aa";
  measuredAt: string;
  machine: MachineFacts;
  provider: string;
  pairs: number;
  turns: TurnOptions;
  /** What it was joined from; absent in a study of one run. */
  parts?: { measuredAt: string; trials: number }[];
  trials: AaTrial[];
}

/** How it is measured. */
export interface AaOptions {
  /** A/A trials over all subjects together. */
  trials: number;
  /** Trials with a slowdown, likewise. */
  slowTrials: number;
  /** Default 0.1. */
  slowdown?: number;
  turns: TurnOptions;
  pairs: number;
  threads: number;
  /**
   * Called after each trial with the study until then, so that an interrupted one keeps what it has; not before the first A/A trial, without
   * which there is no summary.
   */
  onTrial?: (soFar: AaStudy, total: number) => void | Promise<void>;
  signal?: AbortSignal;
}

/** The six subjects, each with its batch: small and large products, what is bound by memory, and students as they are used. */
export function aaSubjects(): { subject: GraphSubject; batchSize: number }[] {
  const named = (name: string, of: Graph, batchSize = 1) => ({ subject: { name, graph: of }, batchSize });
  const square = (n: number) =>
    graph(`matmul-${n}`, { y: matMul(input("a", "float32", [n, n]), input("b", "float32", [n, n])) });
  const student = (studentDim: number) => {
    const { outputs } = lnspStudent({ studentDim }).trace();
    return graph(`lnsp-${studentDim}`, { output: outputs.output });
  };
  return [
    named("matmul 128", square(128)),
    named("matmul 512", square(512)),
    named("softmax 1024 x 1024", graph("softmax", { y: softmax(input("x", "float32", [1024, 1024]), -1) })),
    named("student S=256, batch 1", student(256), 1),
    named("student S=256, batch 32", student(256), 32),
    named("student S=1024, batch 8", student(1024), 8),
  ];
}

/** Runs the study on the CPU. */
export async function runAa(options: AaOptions): Promise<AaStudy> {
  const { turns, pairs, signal, onTrial } = options;
  const plans = planTrials(options);
  const made: AaTrial[] = [];
  const machine = machineFacts();
  const study = () => studyOf(made, machine, options);
  await withSides(aaSubjects(), options, async (sides) => {
    for (const { subject, slowdown } of plans) {
      const side = sides[subject];
      const { comparison } = await compareInTurns({ ...side, hooks: { slowdown } }, side, { turns, pairs, signal });
      const { ratio, low, high } = comparison;
      made.push({ subject: side.subject.facts.name, slowdown, ratio, low, high });
      if (made.some(({ slowdown }) => slowdown === 0)) await onTrial?.(study(), plans.length);
    }
  });
  return study();
}

function studyOf(
  made: readonly AaTrial[],
  machine: MachineFacts,
  { turns, pairs, threads }: AaOptions,
): AaStudy {
  return {
    schemaVersion: 1,
    benchmark: "aa",
    measuredAt: new Date().toISOString(),
    machine,
    provider: `cpu, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    pairs,
    turns,
    ...summarizeAa(made),
    trials: [...made],
  };
}

/** Subjects and kinds of trials in turns, so that a bad hour is shared by all of them: an index of a subject, and the slowdown. */
export function planTrials(
  { trials, slowTrials, slowdown = 0.1 }: Pick<AaOptions, "trials" | "slowTrials" | "slowdown">,
): { subject: number; slowdown: number }[] {
  const count = aaSubjects().length;
  const of = (length: number, slowdown: number) =>
    Array.from({ length }, (_, i) => ({ subject: i % count, slowdown, at: (i + 0.5) / length }));
  return [...of(trials, 0), ...of(slowTrials, slowdown)].sort((a, b) => a.at - b.at)
    .map(({ subject, slowdown }) => ({ subject, slowdown }));
}

/** Prepares all subjects, each with its reference, and removes them afterwards. */
async function withSides(
  [next, ...rest]: readonly ReturnType<typeof aaSubjects>[number][],
  options: Pick<AaOptions, "threads" | "signal">,
  use: (sides: TurnSide[]) => Promise<void>,
): Promise<void> {
  if (!next) return await use([]);
  const { threads, signal } = options;
  await withSubject(next.subject, next.batchSize, async (subject, makeReference) => {
    const { reference, failure } = await makeReference();
    if (failure) throw new Error(`Cannot make a reference for ${next.subject.name}: ${failure}`);
    const side: TurnSide = { subject, provider: { name: "cpu", threads }, threads, reference };
    await withSides(rest, options, (sides) => use([side, ...sides]));
  }, signal);
}

/**
 * What trials say together.
 *
 * @throws {RangeError} without an A/A trial
 */
export function summarizeAa(trials: readonly AaTrial[]): AaSummary {
  const same = trials.filter(({ slowdown }) => slowdown === 0);
  const slow = trials.filter(({ slowdown }) => slowdown !== 0);
  if (same.length === 0) throw new RangeError("Cannot summarize the study: expected at least one A/A trial");
  const contains = ({ low, high }: AaTrial) => low <= 1 && 1 <= high;
  const names = [...new Set(same.map(({ subject }) => subject))];
  return {
    containing: shareOf(same, contains),
    medianHalfWidth: median(same.map(halfWidth)),
    found: slow.length === 0 ? null : shareOf(slow, ({ low }) => low > 1),
    bySubject: names.map((subject) => {
      const own = same.filter((trial) => trial.subject === subject);
      return {
        subject,
        trials: own.length,
        containing: own.filter(contains).length,
        medianHalfWidth: median(own.map(halfWidth)),
      };
    }),
  };
}

const halfWidth = ({ low, high }: Pick<Comparison, "low" | "high">) => (high - low) / 2;

function shareOf(trials: readonly AaTrial[], holds: (trial: AaTrial) => boolean): Share {
  const { value, n, interval } = proportionInterval(trials.filter(holds).length, trials.length);
  return { share: value, low: interval.low, high: interval.high, n };
}
