// Training steps of 384-S-192-S-384 beside PyTorch eager with fused Adam: fp32, Adam, mean squared error, on random rows, since
// the subject is speed. Both sides start from the same weights and rows, and must agree on the first losses before anything is timed.

import { projectPath, startChild } from "../process/mod.ts";
import type { MachineFacts } from "../record/mod.ts";
import { machineFacts } from "../runtime/mod.ts";
import { type Conversation, conversation } from "./conversation.ts";
import { waitForQuiet } from "./quiet.ts";
import { type Block, interleave, type InterleaveOptions } from "./interleave.ts";
import {
  compareSides,
  type Comparison,
  judge,
  type Judgement,
  overallRatio,
  type SideSummary,
  summarizeSide,
} from "./verdict.ts";

/** One size of the benchmark. */
export interface CellSettings {
  studentDim: number;
  batchSize: number;
  threads: number;
}

/** A side of a cell with all its samples. */
export interface Side extends SideSummary {
  samplesPerSecond: number;
  /** Time to build the model and to compile it. */
  createMs: number;
  /** Time of the first steps, which are compared and not counted. */
  checkedStepsMs: number;
  /** Times of single steps in ms, turn by turn, rounded to microseconds. */
  blocksMs: number[][];
}

/** What was measured at one size. */
export interface Cell extends CellSettings, Judgement {
  /** Which attempt this is: a cell that turned out INVALID, because the machine was busy, is measured again. */
  attempt: number;
  /** Part of all cores' time that was idle just before, from 0 to 1; null when it was not looked at. */
  idleBefore: number | null;
  ours: Side;
  /** Null without a peer. */
  peer: Side | null;
  /** Peer's time over ours; null without a peer. */
  comparison: Comparison | null;
}

/** Content of reports/benchmarks/train.json. */
export interface TrainBenchmark {
  schemaVersion: 1;
  benchmark: "train";
  /** What `ratio` is, in words. */
  ratioOf: string;
  /** Geometric mean over the cells that are not INVALID, with its interval; null without a peer. */
  ratio: number | null;
  low: number | null;
  high: number | null;
  /** Pairs of turns behind the ratio. */
  n: number;
  subject: string;
  peer: { name: string; version: string; settings: string } | null;
  machine: MachineFacts;
  cells: Cell[];
  /** Our side measured against itself, by the same procedure: the ratio should be 1. */
  control: (CellSettings & Judgement & { comparison: Comparison }) | null;
}

/** Options of `runTrainBenchmark`. */
export interface TrainBenchmarkOptions {
  studentDims: readonly number[];
  batchSizes: readonly number[];
  /** Threads of both sides. */
  threads: number;
  turns: InterleaveOptions;
  /** How often an INVALID cell is measured at most. */
  attempts: number;
  /** Longest wait for a quiet machine before each attempt. */
  quietMs: number;
  /** A Python with torch, or null to measure our side alone. */
  peerPython: string | null;
  signal?: AbortSignal;
  onCell?: (cell: Cell, done: number, total: number) => void;
}

interface Greeting {
  losses: number[];
  createMs: number;
  checkedStepsMs: number;
}

interface Opened {
  talk: Conversation;
  greeting: Greeting;
}

const LOSS_TOLERANCE = 1e-4;
const SUBJECT =
  "training steps of 384-S-192-S-384 in fp32 with Adam and mean squared error, on uniform random rows; ours copies a shuffled batch in every step, the peer reads contiguous ones";
const RATIO_OF = "the peer's median time per step over ours: above 1, ours is faster";

/**
 * Measures all cells, one after the other.
 *
 * @throws {Error} when a side fails, or the peer's Python has no torch
 */
export async function runTrainBenchmark(options: TrainBenchmarkOptions): Promise<TrainBenchmark> {
  const { studentDims, batchSizes, threads, peerPython, onCell } = options;
  const version = peerPython === null ? null : await torchVersion(peerPython);
  const sizes = studentDims.flatMap((studentDim) =>
    batchSizes.map((batchSize) => ({ studentDim, batchSize, threads }))
  );
  const cells: Cell[] = [];
  for (const size of sizes) {
    const cell = await settledCell(size, options);
    cells.push(cell);
    onCell?.(cell, cells.length, sizes.length);
  }
  const control = await measureControl(controlSize(sizes), options);
  const compared = cells.flatMap(({ verdict, ours, peer }) =>
    peer && verdict !== "INVALID" ? [{ ours: ours.blocksMs, theirs: peer.blocksMs }] : []
  );
  const { ratio, low, high, n } = compared.length > 0
    ? overallRatio(compared)
    : { ratio: null, low: null, high: null, n: 0 };
  return {
    schemaVersion: 1,
    benchmark: "train",
    ratioOf: RATIO_OF,
    ratio,
    low,
    high,
    n,
    subject: SUBJECT,
    peer: version === null
      ? null
      : { name: "PyTorch", version, settings: `eager, Adam(fused=True), flush_denormal, ${threads} threads` },
    machine: machineFacts(),
    cells,
    control,
  };
}

/** A size in the middle, where neither dispatch nor memory dominates. */
function controlSize(sizes: readonly CellSettings[]): CellSettings {
  return sizes.find(({ studentDim, batchSize }) => studentDim === 256 && batchSize === 256) ?? sizes[0];
}

/** A cell that is not INVALID, or the last of all attempts. */
async function settledCell(size: CellSettings, options: TrainBenchmarkOptions): Promise<Cell> {
  for (let attempt = 1;; attempt++) {
    const cell = await measureCell(size, attempt, options);
    if (cell.verdict !== "INVALID" || attempt >= options.attempts) return cell;
  }
}

async function measureCell(size: CellSettings, attempt: number, options: TrainBenchmarkOptions): Promise<Cell> {
  const { peerPython, signal } = options;
  const idleBefore = await waitForQuiet({ atMostMs: options.quietMs, signal });
  const starting = [openOurs(size, signal)];
  if (peerPython !== null) starting.push(openPeer(size, peerPython, signal));
  const sides = await openAll(starting);
  const problems = lossProblems(sides.map(({ greeting }) => greeting.losses));
  const [ours, theirs] = await interleave(sides.map(({ talk }) => talk), options.turns);
  for (const { talk } of sides) await talk.end();
  const judgement = judge({ ours, ...(theirs && { peer: theirs }) }, problems);
  return {
    ...size,
    ...judgement,
    attempt,
    idleBefore,
    ours: sideOf(size, ours, sides[0].greeting),
    peer: theirs ? sideOf(size, theirs, sides[1].greeting) : null,
    comparison: theirs ? compareSides(ours, theirs) : null,
  };
}

async function measureControl(size: CellSettings, options: TrainBenchmarkOptions) {
  await waitForQuiet({ atMostMs: options.quietMs, signal: options.signal });
  const sides = await openAll([openOurs(size, options.signal), openOurs(size, options.signal)]);
  const [first, second] = await interleave(sides.map(({ talk }) => talk), options.turns);
  for (const { talk } of sides) await talk.end();
  return { ...size, ...judge({ first, second }), comparison: compareSides(first, second) };
}

/** All conversations; when one cannot be opened the others end before the error is passed on. */
async function openAll(starting: readonly Promise<Opened>[]): Promise<Opened[]> {
  const settled = await Promise.allSettled(starting);
  const opened = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = settled.find((result) => result.status === "rejected");
  if (!failed) return opened;
  for (const { talk } of opened) await talk.end();
  throw failed.reason;
}

const sizeArguments = ({ studentDim, batchSize, threads }: CellSettings) =>
  [studentDim, batchSize, threads].map(String);

async function openOurs(size: CellSettings, signal?: AbortSignal): Promise<Opened> {
  const module = projectPath("lib", "bench", "train_child.ts");
  return await opened("our side", { module, args: sizeArguments(size), signal });
}

async function openPeer(size: CellSettings, python: string, signal?: AbortSignal): Promise<Opened> {
  const module = projectPath("lib", "bench", "relay.ts");
  const script = projectPath("tests", "peers", "train_torch.py");
  const env = { OMP_NUM_THREADS: String(size.threads) };
  return await opened("PyTorch", { module, args: [python, script, ...sizeArguments(size)], env, signal });
}

async function opened(label: string, options: Parameters<typeof conversation>[1]): Promise<Opened> {
  const { talk, greeting } = await conversation(label, options);
  return { talk, greeting: greeting as Greeting };
}

/** Says where two sides' first losses differ; nothing for one side. */
export function lossProblems([ours, theirs]: readonly number[][]): string[] {
  if (!theirs) return [];
  const different = ours.findIndex((loss, i) => !(Math.abs(loss - theirs[i]) <= LOSS_TOLERANCE * Math.abs(theirs[i])));
  if (different < 0 && ours.length === theirs.length) return [];
  return [`losses differ at step ${different + 1}: ours ${ours[different]}, the peer's ${theirs[different]}`];
}

function sideOf({ batchSize }: CellSettings, blocks: readonly Block[], { createMs, checkedStepsMs }: Greeting): Side {
  const summary = summarizeSide(blocks);
  const rounded = blocks.map((block) => block.map((ms) => Math.round(ms * 1000) / 1000));
  return {
    ...summary,
    samplesPerSecond: batchSize * 1000 / summary.medianMs,
    createMs,
    checkedStepsMs,
    blocksMs: rounded,
  };
}

async function torchVersion(python: string): Promise<string> {
  const options = { command: python, args: ["-c", "import torch; print(torch.__version__)"], deadlineMs: 120_000 };
  const { exitCode, stdout, stderrTail } = await startChild(options).result;
  if (exitCode === 0) return stdout.trim();
  throw new Error(`Cannot benchmark against PyTorch: ${python} cannot import torch: ${stderrTail.trim().slice(-500)}`);
}
