// A cell of a benchmark: one size, measured for our side and all peers in turns, with the ratio to the fastest peer that counts.

import type { MachineFacts } from "../record/mod.ts";
import { machineFacts } from "../runtime/mod.ts";
import { type Block, interleave, type Turns } from "./interleave.ts";
import { waitForQuiet } from "./quiet.ts";
import { endSides, type MissingSide, type OpenedSide, openSides, type Role, type SideSettings } from "./side.ts";
import type { TurnOptions } from "./turn_plan.ts";
import { type Comparison, judge, type Judgement, type SideSummary, summarizeSide, timeRatio } from "./verdict.ts";

/** What is measured; together these are a cell's name. */
export interface CellSettings {
  subject: string;
  /** Rows a step. */
  batchSize: number;
  threads: number;
}

/** A side of a cell with all its samples. */
export interface Side extends SideSummary, Judgement {
  name: string;
  role: Role;
  settings: string;
  /** Of the framework; null where it does not tell. */
  version: string | null;
  samplesPerSecond: number;
  /** Time to build the model and to compile it; sides start together and slow each other down. */
  createMs: number;
  /** Time of the first steps, which are checked and not counted. */
  checkedStepsMs: number;
  /** Rounds that it took part in; blocks of one round stand next to each other in time. */
  rounds: number[];
  /** Times of samples in ms a step, round by round, of four digits. */
  blocksMs: number[][];
  /** Our time over its time; null for our side, and without two rounds of both. */
  comparison: Comparison | null;
}

/** What was measured of one size. The verdict is on our side and the peer that it is compared with. */
export interface Cell extends CellSettings, Judgement {
  /** When it was measured, in UTC. */
  measuredAt: string;
  machine: MachineFacts;
  /** Which attempt this is: a cell that turned out INVALID, because the machine was busy, is measured again. */
  attempt: number;
  /** Part of all cores' time that was idle just before, from 0 to 1; null when it was not looked at. */
  idleBefore: number | null;
  /** Ours first. */
  sides: Side[];
  missing: MissingSide[];
  /** Our time over that of the fastest peer that counts; null without one. */
  comparison: (Comparison & { peer: string }) | null;
}

/** A cell's sides, ready to be started. */
export interface PreparedCell {
  /** Ours first. */
  sides: readonly SideSettings[];
  /** Says what is wrong with a peer's first results, or nothing. */
  check(ours: OpenedSide, peer: OpenedSide): string[] | Promise<string[]>;
}

/** How a cell is measured. */
export interface CellOptions {
  turns: TurnOptions;
  /** How often an INVALID cell is measured at most. */
  attempts: number;
  /** Longest wait for a quiet machine before each attempt. */
  quietMs: number;
  /** What the cell may take. */
  budgetMs: number;
  signal?: AbortSignal;
}

/** Shares of a cell's time at most: waiting for a quiet machine, and starting a peer that does not count. */
const QUIET_SHARE = 0.2;
const START_SHARE = 0.6;
/** Share of a cell's time that is there for measuring, also when starting took the rest: a compiler may be slow the first time. */
const MEASURE_SHARE = 0.4;
const RIVAL_START_MS = 120_000;
const LEAST_START_MS = 5000;
const LOOK_MS = 2000;

/**
 * Measures a cell that is not INVALID, or the last of all attempts that its time allows.
 *
 * @throws {Error} when our side fails, or the signal aborts; a peer that fails is missing, with the reason
 */
export async function measureCell(
  settings: CellSettings,
  prepared: PreparedCell,
  options: CellOptions,
): Promise<Cell> {
  const startMs = performance.now();
  for (let attempt = 1;; attempt++) {
    const cell = await attemptCell(settings, prepared, { ...options, attempt });
    const usedMs = performance.now() - startMs;
    const timeForAnother = usedMs * (attempt + 1) / attempt <= options.budgetMs;
    if (cell.verdict !== "INVALID" || attempt >= options.attempts || !timeForAnother) return cell;
  }
}

async function attemptCell(
  settings: CellSettings,
  { sides, check }: PreparedCell,
  { turns, quietMs, budgetMs, signal, attempt }: CellOptions & { attempt: number },
): Promise<Cell> {
  const deadline = performance.now() + budgetMs;
  const atMostMs = Math.min(quietMs, budgetMs * QUIET_SHARE);
  const idleBefore = await waitForQuiet({ atMostMs, lookMs: Math.min(LOOK_MS, atMostMs), signal });
  const otherMs = Math.max(LEAST_START_MS, budgetMs * START_SHARE);
  const startMs = { ours: Infinity, rival: RIVAL_START_MS, other: otherMs };
  const { opened, missing } = await openSides(sides, { startMs, signal });
  let measured: Turns[];
  const problems: string[][] = [];
  try {
    for (const side of opened) problems.push(side.role === "ours" ? [] : await check(opened[0], side));
    const shareMs = Math.max(budgetMs * MEASURE_SHARE, deadline - performance.now()) / opened.length;
    const participants = opened.map(({ talk, role }) => ({ talk, essential: role !== "other" }));
    measured = await interleave(participants, { ...turns, budgetMs: shareMs });
  } finally {
    await endSides(opened);
  }
  signal?.throwIfAborted();
  if (measured[0].failure !== null) throw new Error(measured[0].failure);
  const measuredAt = new Date().toISOString();
  return {
    ...settings,
    measuredAt,
    machine: machineFacts(),
    attempt,
    idleBefore,
    ...cellOf(opened.map((side, i) => ({ side, turns: measured[i], problems: problems[i] })), settings),
    missing: [...missing, ...failed(opened, measured)],
  };
}

function failed(opened: readonly OpenedSide[], measured: readonly Turns[]): MissingSide[] {
  return opened.flatMap(({ name }, i) => {
    const { failure, overBudget } = measured[i];
    return failure === null ? [] : [{ name, reason: failure, overBudget }];
  });
}

interface MeasuredSide {
  side: OpenedSide;
  turns: Turns;
  problems: readonly string[];
}

/** Sides, comparison and verdict of what was measured. */
function cellOf(measured: readonly MeasuredSide[], { batchSize }: CellSettings) {
  const whole = measured.filter(({ turns }) => turns.failure === null);
  const sides = whole.map((one) => sideOf(one, batchSize));
  const [ours] = sides;
  for (const side of sides.slice(1)) side.comparison = compare(ours, side);
  const fastest = fastestRival(sides);
  const problems = whole.flatMap(({ side, problems }) => (side.role === "rival" ? problems : []));
  const blocks = Object.fromEntries([ours, fastest].flatMap((side) => (side ? [[side.name, side.blocksMs]] : [])));
  const comparison = fastest?.comparison ? { ...fastest.comparison, peer: fastest.name } : null;
  return { ...judge(blocks, problems), sides, comparison };
}

function sideOf({ side, turns, problems }: MeasuredSide, batchSize: number): Side {
  const { name, role, settings, greeting } = side;
  const blocksMs = turns.blocks.map((block) => block.map((ms) => Number(ms.toPrecision(4))));
  const summary = summarizeSide(blocksMs);
  return {
    name,
    role,
    settings,
    version: greeting.version ?? null,
    ...judge({ [name]: blocksMs }, problems),
    ...summary,
    samplesPerSecond: batchSize * 1000 / summary.medianMs,
    createMs: greeting.createMs,
    checkedStepsMs: greeting.checkedStepsMs,
    rounds: turns.rounds,
    blocksMs,
    comparison: null,
  };
}

/** The fastest peer that counts. */
export function fastestRival<S extends Pick<Side, "role" | "medianMs">>(sides: readonly S[]): S | null {
  const rivals = sides.filter(({ role }) => role === "rival");
  return rivals.length === 0 ? null : rivals.reduce((best, side) => (side.medianMs < best.medianMs ? side : best));
}

/** Blocks of the rounds that both sides took part in. */
export function pairedBlocks(
  first: Pick<Side, "rounds" | "blocksMs">,
  second: Pick<Side, "rounds" | "blocksMs">,
): { first: Block[]; second: Block[] } {
  const common = first.rounds.filter((round) => second.rounds.includes(round));
  const blocksOf = ({ rounds, blocksMs }: Pick<Side, "rounds" | "blocksMs">) =>
    common.map((round) => blocksMs[rounds.indexOf(round)]);
  return { first: blocksOf(first), second: blocksOf(second) };
}

function compare(ours: Side, peer: Side): Comparison | null {
  const { first, second } = pairedBlocks(ours, peer);
  return first.length < 2 ? null : timeRatio(first, second);
}
