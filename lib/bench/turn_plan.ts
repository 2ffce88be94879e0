// How long each side's turns are, and in which rounds it takes part: a side that is a hundred times slower than the others takes
// few steps in few rounds, so that it ends within its time.

/** How long the turns are, and how many. */
export interface TurnOptions {
  /** Rounds; even, so that each side begins equally often. */
  blocks: number;
  /** Time of a turn in ms that is aimed at; it has at least `minSteps` samples. */
  blockMs: number;
  minSteps: number;
  /** Samples of a turn at most, which bounds what is kept. Default: no bound. */
  maxSteps?: number;
  /** Least time of a sample in ms: a sample is the mean over as many steps as that takes. Default: one step a sample. */
  sampleMs?: number;
  /** Samples before each turn that are not counted. Default 2; 0 for steps so long that caches and clocks settle within one. */
  settleSteps?: number;
  /** What the turns of one side may take together, in ms. Default: no bound. */
  budgetMs?: number;
}

/** What is known of a side before it is measured. */
export interface Pace {
  stepMs: number;
  /** An essential side takes part in all rounds, of which there are at least `LEAST_ROUNDS` whatever they take. */
  essential: boolean;
}

/** The turns of a side. */
export interface TurnPlan {
  /** Samples before each turn that are not counted: the other side's work has emptied the caches. */
  settle: number;
  /** Samples of a turn. */
  steps: number;
  /** Steps of a sample. */
  repeat: number;
  /** Rounds that it takes part in, rising. */
  rounds: number[];
}

const SETTLE_STEPS = 2;
/** Fewer rounds than this say nothing about a ratio. */
export const LEAST_ROUNDS = 4;
const LEAST_ROUNDS_OF_OTHERS = 2;

/**
 * Plans the turns of all sides: first turns get shorter, then rounds fewer.
 *
 * @returns a plan a side; null for one that is not essential and cannot take part in two rounds within its budget
 */
export function planTurns(paces: readonly Pace[], options: TurnOptions): (TurnPlan | null)[] {
  const turns = paces.map(({ stepMs }) => affordableTurn(stepMs, options));
  const essential = turns.filter((_, i) => paces[i].essential).map(({ affordable }) => affordable);
  const count = Math.max(LEAST_ROUNDS, Math.min(options.blocks, ...essential));
  // Both halves of A B B A, else one side begins more often.
  const rounds = Math.min(options.blocks, count - count % 2);
  return turns.map(({ affordable, ...turn }, i) => {
    if (paces[i].essential) return { ...turn, rounds: spread(rounds, rounds) };
    const own = Math.min(affordable, rounds);
    return own < Math.min(LEAST_ROUNDS_OF_OTHERS, rounds) ? null : { ...turn, rounds: spread(own, rounds) };
  });
}

/** The longest turn that the side can take in all rounds, else the shortest, and the number of rounds that it can take. */
function affordableTurn(
  stepMs: number,
  { blocks, blockMs, minSteps, maxSteps = Infinity, sampleMs = 0, settleSteps = SETTLE_STEPS, budgetMs = Infinity }:
    TurnOptions,
) {
  const repeat = Math.max(1, Math.ceil(sampleMs / stepMs));
  const aimed = Math.min(maxSteps, Math.max(minSteps, Math.ceil(blockMs / (stepMs * repeat))));
  const choices = [[settleSteps, aimed], [settleSteps, minSteps], [Math.min(1, settleSteps), 1]].map((
    [settle, steps],
  ) => ({
    settle,
    steps,
    repeat,
    affordable: Math.floor(budgetMs / ((settle + steps) * repeat * stepMs)),
  }));
  return choices.find(({ affordable }) => affordable >= blocks) ?? choices[2];
}

/** `count` of the rounds 0 to `rounds` - 1, evenly apart. */
function spread(count: number, rounds: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor((i + 0.5) * rounds / count));
}
