// Training steps of 384-S-192-S-384 beside other frameworks: fp32, Adam, mean squared error, on random rows, since the subject is
// speed. All sides start from the same weights and rows, and must agree on the first losses before anything is timed.

import { type ChildOptions, projectPath, startChild } from "../process/mod.ts";
import type { BenchmarkSubject, MeasuredCells } from "./benchmark.ts";
import type { PreparedCell } from "./cell.ts";
import { peerChild } from "./peer_child.ts";
import { type CellPlan, runCells, type RunOptions } from "./run_cells.ts";
import type { OpenedSide, SideSettings } from "./side.ts";

/** A size: S, and rows a step. */
export interface TrainSize {
  studentDim: number;
  batchSize: number;
}

/** Frameworks to measure beside ours; the ratio is to the faster form of PyTorch. */
export const TRAIN_PEERS = ["torch", "torch-compiled", "tfjs-node", "jax-js"] as const;
/** One of them. */
export type TrainPeer = typeof TRAIN_PEERS[number];

/** Options of `runTrainBenchmark`. */
export interface TrainBenchmarkOptions extends RunOptions {
  sizes: readonly TrainSize[];
  /** Of all sides alike; every size is measured with each. */
  threads: readonly number[];
  peers: readonly TrainPeer[];
  /** A Python with torch, or null to leave PyTorch out. */
  peerPython: string | null;
}

/** What train.json is about. */
export const TRAIN_SUBJECT: BenchmarkSubject = {
  benchmark: "train",
  subject:
    "training steps of 384-S-192-S-384 in fp32 with Adam and mean squared error, on uniform random rows; ours copies a shuffled batch and reads the loss in every step, peers read contiguous rows; the peers that count are the two forms of PyTorch",
};

const LOSS_TOLERANCE = 1e-4;
/** jax-js sums a large batch's errors one after the other in fp32, which alone is off by 1.3e-4. */
const LOSS_TOLERANCE_OF_OTHERS = 1e-3;
const LEAST_LOSSES = 2;
const CONTROL_SIZE: TrainSize = { studentDim: 256, batchSize: 256 };
/** Beyond this a child is ended, whatever it does. */
const CHILD_DEADLINE_MS = 30 * 60_000;

/**
 * Measures all sizes with all numbers of threads, and a control for each number.
 *
 * @throws {Error} when our side fails, or the Python has no torch
 */
export async function runTrainBenchmark(options: TrainBenchmarkOptions): Promise<MeasuredCells> {
  const { sizes, threads, peers, peerPython } = options;
  if (peerPython !== null && peers.some(isTorch)) await requireTorch(peerPython);
  const plans = threads.flatMap((count) => [
    ...sizes.map((size) => planOf("cell", size, count)),
    planOf("control", controlSize(sizes), count),
  ]);
  return await runCells(plans, (plan, measure) => measure(prepare(plan, options)), options);
}

/** A size in the middle, where neither dispatch nor memory dominates. */
function controlSize(sizes: readonly TrainSize[]): TrainSize {
  const same = ({ studentDim, batchSize }: TrainSize) =>
    studentDim === CONTROL_SIZE.studentDim && batchSize === CONTROL_SIZE.batchSize;
  return sizes.find(same) ?? sizes[0];
}

interface TrainPlan extends CellPlan, TrainSize {}

function planOf(kind: CellPlan["kind"], { studentDim, batchSize }: TrainSize, threads: number): TrainPlan {
  return { kind, subject: `S=${studentDim}`, studentDim, batchSize, threads, work: studentDim * batchSize / threads };
}

function prepare(plan: CellPlan, { peers, peerPython }: TrainBenchmarkOptions): PreparedCell {
  const { studentDim, batchSize, threads } = plan as TrainPlan;
  const args = [studentDim, batchSize, threads].map(String);
  const ours: SideSettings = {
    name: "ours",
    role: "ours",
    settings: "ONNX Runtime and our optimizer",
    child: { module: projectPath("lib", "bench", "train_child.ts"), args, deadlineMs: CHILD_DEADLINE_MS },
  };
  const others = plan.kind === "control"
    ? [{ ...ours, name: "ours again", role: "rival" } as const]
    : TRAIN_PEERS.filter((peer) => peers.includes(peer)).map((peer) => PEERS[peer](args, peerPython));
  return { sides: [ours, ...others], check: checkLosses };
}

/** The peers' sides at [S, batch, threads]. */
const PEERS: Readonly<Record<TrainPeer, (args: string[], python: string | null) => SideSettings>> = {
  "torch": (args, python) => ({
    name: "PyTorch eager",
    role: "rival",
    settings: "eager, Adam(fused=True), denormals flushed",
    child: torchChild(args, python),
  }),
  "torch-compiled": (args, python) => ({
    name: "PyTorch compiled",
    role: "rival",
    settings: "torch.compile of the whole step, Adam included, as one graph; denormals flushed",
    child: torchChild([...args, "compiled"], python),
  }),
  "tfjs-node": (args) => ({
    name: "tfjs-node",
    role: "other",
    settings: "tf.train.adam().minimize(), batches kept as tensors",
    child: { module: projectPath("tests", "peers", "train_tfjs.ts"), args, deadlineMs: CHILD_DEADLINE_MS },
  }),
  "jax-js": (args) => ({
    name: "jax-js",
    role: "other",
    settings: "WebAssembly backend, the whole Adam step under jit",
    child: {
      module: projectPath("tests", "peers", "train_jax_js.ts"),
      args: ["wasm", ...args],
      deadlineMs: CHILD_DEADLINE_MS,
    },
  }),
};

function torchChild(args: string[], python: string | null): ChildOptions | string {
  if (python === null) return "PEER_PYTHON names no Python with torch";
  const child = peerChild(python, "train_torch.py", { args, threads: Number(args[2]) });
  return { ...child, deadlineMs: CHILD_DEADLINE_MS };
}

function checkLosses(ours: OpenedSide, peer: OpenedSide): string[] {
  const { losses = [] } = peer.greeting;
  // A slow peer takes fewer steps before it is timed.
  const count = Math.max(LEAST_LOSSES, losses.length);
  const tolerance = peer.role === "other" ? LOSS_TOLERANCE_OF_OTHERS : LOSS_TOLERANCE;
  const problems = lossProblems([(ours.greeting.losses ?? []).slice(0, count), losses], tolerance);
  return problems.map((problem) => `${peer.name}: ${problem}`);
}

/** Says where two sides' first losses differ; nothing for one side. */
export function lossProblems(
  [ours, theirs]: readonly (readonly number[])[],
  tolerance: number = LOSS_TOLERANCE,
): string[] {
  if (!theirs) return [];
  const different = ours.findIndex((loss, i) => !(Math.abs(loss - theirs[i]) <= tolerance * Math.abs(theirs[i])));
  if (different < 0 && ours.length === theirs.length) return [];
  return [`losses differ at step ${different + 1}: ours ${ours[different]}, the peer's ${theirs[different]}`];
}

const isTorch = (peer: TrainPeer) => peer === "torch" || peer === "torch-compiled";

async function requireTorch(python: string): Promise<void> {
  const options = { command: python, args: ["-c", "import torch"], deadlineMs: 120_000 };
  const { exitCode, stderrTail } = await startChild(options).result;
  if (exitCode === 0) return;
  throw new Error(`Cannot benchmark against PyTorch: ${python} cannot import torch: ${stderrTail.trim().slice(-500)}`);
}
