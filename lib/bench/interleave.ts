// Sides in turns, A B B A A B B A: what slows the machine down for a while slows all of them down alike.

import type { Conversation } from "./conversation.ts";
import { planTurns, type TurnOptions, type TurnPlan } from "./turn_plan.ts";

/** Times of the samples of one turn, in ms a step. */
export type Block = readonly number[];

/** One who takes turns. */
export interface Participant {
  talk: Conversation;
  /** Whether it takes part in every round; default true. */
  essential?: boolean;
}

/** What was measured of a side. */
export interface Turns {
  /** The rounds that it took part in: what two sides measured in one round stands next to each other in time. */
  rounds: number[];
  /** A block for each of `rounds`. */
  blocks: Block[];
  /** Why it was not measured to the end, or at all; null when it was. */
  failure: string | null;
  /** Whether `failure` is that its steps take too long. */
  overBudget: boolean;
}

/**
 * Warms up and measures sides in turns. A side that ends before its time has a failure and the blocks until then; the others
 * go on.
 *
 * @returns what was measured of each side
 */
export async function interleave(sides: readonly Participant[], options: TurnOptions): Promise<Turns[]> {
  const measured = sides.map((): Turns => ({ rounds: [], blocks: [], failure: null, overBudget: false }));
  const guarded = async <T>(side: number, work: () => Promise<T>): Promise<T | null> => {
    if (measured[side].failure !== null) return null;
    try {
      return await work();
    } catch (error) {
      measured[side].failure = (error as Error).message;
      return null;
    }
  };
  const paces: (number | null)[] = [];
  for (const [i, { talk }] of sides.entries()) paces.push(await guarded(i, () => warmUp(talk, options)));
  const alive = paces.flatMap((stepMs, side) =>
    stepMs === null ? [] : [{ side, stepMs, essential: sides[side].essential ?? true }]
  );
  const plans = new Map<number, TurnPlan>();
  planTurns(alive, options).forEach((plan, i) => {
    const { side, stepMs } = alive[i];
    if (plan) plans.set(side, plan);
    else Object.assign(measured[side], { overBudget: true, failure: tooSlow(stepMs, options) });
  });
  for (let round = 0; round < options.blocks; round++) {
    const order = [...plans.keys()];
    for (const side of round % 2 === 0 ? order : order.toReversed()) {
      const plan = plans.get(side)!;
      if (!plan.rounds.includes(round)) continue;
      const block = await guarded(side, () => measure(sides[side].talk, plan));
      if (block === null) continue;
      measured[side].rounds.push(round);
      measured[side].blocks.push(block);
    }
  }
  return measured;
}

function tooSlow(stepMs: number, { budgetMs }: TurnOptions): string {
  return `skipped: a step takes ${(stepMs / 1000).toPrecision(2)} s, its budget is ${(budgetMs! / 1000).toFixed(0)} s`;
}

/** Steps for about the time of a turn, unless the first takes that long; time of a step by the median of their second half. */
async function warmUp(talk: Conversation, { blockMs, minSteps, sampleMs = 0 }: TurnOptions): Promise<number> {
  const [first] = await measure(talk, { settle: 0, steps: 1, repeat: 1 });
  if (first >= blockMs) return first;
  const repeat = Math.max(1, Math.ceil(sampleMs / first));
  const steps = Math.max(minSteps, Math.ceil(blockMs / (first * repeat)));
  const samples = await measure(talk, { settle: minSteps, steps, repeat });
  const late = samples.slice(samples.length >> 1).sort((a, b) => a - b);
  return late[late.length >> 1];
}

async function measure(talk: Conversation, turn: Omit<TurnPlan, "rounds">): Promise<number[]> {
  const { settle, steps, repeat } = turn;
  const { samplesMs } = (await talk.ask({ settle, steps, repeat })) as { samplesMs: ArrayLike<number> };
  if (samplesMs.length !== steps) throw new Error(`Cannot measure: expected ${steps} samples, got ${samplesMs.length}`);
  return Array.from(samplesMs);
}
