// Two sides in turns, A B B A A B B A: what slows the machine down for a while slows both down alike.

import type { Conversation } from "./conversation.ts";

/** Times of the steps of one turn, in ms. */
export type Block = readonly number[];

/** How long the turns are, and how many. */
export interface InterleaveOptions {
  /** Turns of each side; even, so that each side begins equally often. */
  blocks: number;
  /** Least time of a turn in ms; it has at least `minSteps` steps. */
  blockMs: number;
  minSteps: number;
}

const SETTLE_STEPS = 2;

/**
 * Warms up and measures sides in turns. Every turn begins with two steps that are not counted, since the other side's work has
 * emptied the caches. Both sides take the same number of steps a turn.
 *
 * @returns each side's blocks; block i of one side was measured next to block i of the other
 */
export async function interleave(
  sides: readonly Conversation[],
  { blocks, blockMs, minSteps }: InterleaveOptions,
): Promise<Block[][]> {
  const stepMs: number[] = [];
  for (const side of sides) stepMs.push(await warmUp(side, { blockMs, minSteps }));
  const steps = Math.max(minSteps, Math.ceil(blockMs / Math.max(...stepMs)));
  const measured: Block[][] = sides.map(() => []);
  const order = sides.map((_, i) => i);
  for (let block = 0; block < blocks; block++) {
    for (const side of block % 2 === 0 ? order : order.toReversed()) {
      measured[side].push(await measure(sides[side], SETTLE_STEPS, steps));
    }
  }
  return measured;
}

/** Steps for about the time of a turn, after a few that may allocate; the median of their second half. */
async function warmUp(side: Conversation, { blockMs, minSteps }: { blockMs: number; minSteps: number }) {
  const [first] = await measure(side, minSteps, 1);
  const samples = await measure(side, 0, Math.max(minSteps, Math.ceil(blockMs / first)));
  const late = samples.slice(samples.length >> 1).sort((a, b) => a - b);
  return late[late.length >> 1];
}

async function measure(side: Conversation, settle: number, steps: number): Promise<number[]> {
  const { samplesMs } = (await side.ask({ settle, steps })) as { samplesMs: ArrayLike<number> };
  if (samplesMs.length !== steps) throw new Error(`Cannot measure: expected ${steps} samples, got ${samplesMs.length}`);
  return Array.from(samplesMs);
}
