// Two sides in turns, in several pairs of fresh processes: how an A/B is measured, and the A/A that says what its intervals are worth.

import { median, twoLevelBootstrap } from "../../statistics/mod.ts";
import { type Conversation, conversation } from "../conversation.ts";
import { type Block, interleave } from "../interleave.ts";
import type { TurnOptions } from "../turn_plan.ts";
import type { Comparison } from "../verdict.ts";
import { boundOf } from "./correctness.ts";
import type { ProviderConfig } from "./provider.ts";
import { subjectChild } from "./run_child.ts";
import type { PreparedSubject } from "./subject.ts";
import type { Hooks, SubjectMessage, SubjectTask } from "./task.ts";

/** One of two that are compared. */
export interface TurnSide {
  subject: PreparedSubject;
  provider: ProviderConfig;
  threads: number;
  /** What the subject's reference was computed with. */
  reference: string;
  hooks?: Hooks;
}

/** How they are compared. */
export interface TurnComparisonOptions {
  turns: TurnOptions;
  /** Pairs of processes; at least 2. */
  pairs: number;
  signal?: AbortSignal;
}

/** Paired blocks of each pair of processes. */
export type PairedProcesses = readonly { first: readonly Block[]; second: readonly Block[] }[];

const RESAMPLES = 2000;

/**
 * Time of the first side over that of the second.
 *
 * @throws {RangeError} for fewer than 2 pairs
 * @throws {Error} when a side fails, or its outputs are wrong
 */
export async function compareInTurns(
  first: TurnSide,
  second: TurnSide,
  { turns, pairs, signal }: TurnComparisonOptions,
): Promise<{ comparison: Comparison; measured: PairedProcesses }> {
  if (!Number.isInteger(pairs) || pairs < 2) {
    throw new RangeError(`Cannot compare in turns: expected at least 2 pairs of processes, got ${pairs}`);
  }
  const measured: { first: Block[]; second: Block[] }[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const sides = pair % 2 === 0 ? [first, second] : [second, first];
    const blocks = await measurePair(sides, turns, signal);
    const [a, b] = pair % 2 === 0 ? blocks : blocks.toReversed();
    measured.push({ first: a, second: b });
  }
  return { comparison: processRatio(measured), measured };
}

async function measurePair(sides: readonly TurnSide[], turns: TurnOptions, signal?: AbortSignal): Promise<Block[][]> {
  const open: Conversation[] = [];
  try {
    for (const side of sides) open.push(await openSide(side, signal));
    const measured = await interleave(open.map((talk) => ({ talk })), turns);
    const failure = measured.find((one) => one.failure !== null)?.failure;
    if (failure) throw new Error(failure);
    return measured.map(({ blocks }) => blocks);
  } finally {
    for (const talk of open) await talk.end();
  }
}

async function openSide(side: TurnSide, signal?: AbortSignal): Promise<Conversation> {
  const { subject, provider, threads, reference, hooks = {} } = side;
  const { name } = subject.facts;
  const { talk } = await conversation(name, { ...subjectChild(subject.folder), signal });
  try {
    const bound = boundOf(subject.dtype, provider);
    const open = { provider, threads, outputs: "bound" } as const;
    const task: SubjectTask = { kind: "turns", subject, open, bound, reference, hooks };
    const answer = await talk.ask(task) as SubjectMessage;
    const correctness = answer.kind === "opened" ? answer.correctness : null;
    if (correctness && !(correctness.relativeError <= bound)) {
      throw new Error(`Cannot compare ${name}: its outputs differ by ${correctness.relativeError} from ${reference}`);
    }
    return talk;
  } catch (error) {
    await talk.end();
    throw error;
  }
}

/**
 * The ratio of two sides by the logarithms of their paired blocks, with an interval that holds what another pair of processes, and other
 * blocks, could change.
 *
 * @param measured at least 2 pairs of processes of at least 2 blocks
 */
export function processRatio(measured: PairedProcesses): Comparison {
  const logs = measured.map(({ first, second }) =>
    first.map((block, i) => Math.log(median(block) / median(second[i])))
  );
  const { value, interval } = twoLevelBootstrap(logs, {
    statistic: median,
    design: "nested",
    fewGroups: "corrected",
    seed: "in turns",
    resamples: RESAMPLES,
  });
  return {
    ratio: Math.exp(value),
    low: Math.exp(interval.low),
    high: Math.exp(interval.high),
    confidence: interval.confidence,
    method: `${interval.method}, of paired blocks' log ratios in ${measured.length} pairs of processes`,
    n: logs.flat().length,
  };
}
