// LoRA updates at the shapes of a large model: ours beside peft's on the same cores, or ours through WebGPU beside peft's through CUDA. Sides
// run one after the other, each in processes of its own, since two such models need not fit in memory; both begin with the same factors and
// token ids, and must agree on the first losses.

import { projectPath } from "../process/mod.ts";
import type { MachineFacts } from "../record/mod.ts";
import { machineFacts } from "../runtime/mod.ts";
import { bootstrapInterval, type Estimate, median, type Statistic } from "../statistics/mod.ts";
import { type Conversation, conversation } from "./conversation.ts";
import { type GpuFacts, gpuFacts } from "./gpu_name.ts";
import type { Block } from "./interleave.ts";
import type { LoraMemory, LoraOpening, LoraWork } from "./lora_exchange.ts";
import { peerChild } from "./peer_child.ts";
import { type Comparison, judge, type Judgement, timeRatio } from "./verdict.ts";

/** What is measured. */
export interface LoraBenchmarkOptions {
  work: LoraWork;
  /** Where the weights come from, in words: random ones are said to be. */
  weights: string;
  /** Updates of each process that are timed; a multiple of 4. */
  iterations: number;
  /** Updates of each process before them. */
  warmUp: number;
  /** Processes of each side, in turns A B B A. */
  rounds: number;
  /** A Python with peft, or null to measure ours alone. */
  peerPython: string | null;
  signal?: AbortSignal;
  onProcess?: (side: string, round: number, medianMs: number) => void;
}

/** What was measured of a side. */
export interface LoraSide {
  name: string;
  version: string | null;
  device: string;
  /** By the median over timed updates. */
  iterationsPerSecond: Estimate;
  tokensPerSecond: Estimate;
  peakRssBytes: number;
  /** Since the model was ready; null where the system does not tell. */
  trainingPeakRssBytes: number | null;
  peakDeviceBytes: number | null;
  createMs: number;
  trainableParameters: number;
  losses: number[];
  /** Times of updates in ms, four blocks of each process. */
  blocksMs: number[][];
}

/** Content of reports/benchmarks/lora.json. */
export interface LoraBenchmark extends Judgement {
  schemaVersion: 1;
  benchmark: "lora";
  subject: string;
  weights: string;
  work: Omit<LoraWork, "folder">;
  machine: MachineFacts;
  gpu: GpuFacts | null;
  sides: LoraSide[];
  /** Why there is no peer; null when there is one. */
  peerAbsent: string | null;
  /** Our time an update over the peer's: below 1, ours is faster. Null without a peer. */
  time: Comparison | null;
  /** Our highest resident memory over the peer's, by the largest of each side's processes. */
  memoryRatio: number | null;
  /** The same of the memory since the models were ready. */
  trainingMemoryRatio: number | null;
}

const SUBJECT =
  "LoRA updates (forward, backward, Adam on the factors) on one row of tokens, base weights in float32 unless said otherwise; " +
  "peft on transformers and PyTorch eager in float32";
const DEADLINE_MS = 3_600_000;
const BLOCKS = 4;
/** Of the losses; the sum of a thousand products in another order is off by less. */
const TOLERANCE = 1e-3;

interface Process {
  opening: LoraOpening;
  blocks: number[][];
  memory: LoraMemory;
  greeting: { version?: string; device?: string };
}

/**
 * Measures both sides.
 *
 * @throws {RangeError} when iterations is no multiple of 4, or rounds is below 1
 * @throws {Error} when our side fails; a peer that fails is left out and its reason kept
 */
export async function runLoraBenchmark(options: LoraBenchmarkOptions): Promise<LoraBenchmark> {
  const { iterations, rounds, peerPython } = options;
  if (iterations % BLOCKS !== 0 || iterations < BLOCKS || rounds < 1) {
    throw new RangeError(`Cannot benchmark: expected iterations to be a multiple of ${BLOCKS}, got ${iterations}`);
  }
  const [ours, theirs]: Process[][] = [[], []];
  let peerAbsent = peerPython === null ? "PEER_PYTHON names no Python with peft" : null;
  let names: string[] = [];
  const measureOurs = async () => {
    ours.push(await ownProcess(options, ours.length));
    names = ours[0].opening.names;
  };
  const measurePeer = async () => {
    if (peerAbsent !== null) return;
    try {
      theirs.push(await peerProcess(options, names, theirs.length));
    } catch (error) {
      options.signal?.throwIfAborted();
      peerAbsent = (error as Error).message;
    }
  };
  for (let round = 0; round < rounds; round++) {
    // The peer is told our names, so that the first process is ours.
    const turns = round % 2 === 0 ? [measureOurs, measurePeer] : [measurePeer, measureOurs];
    for (const turn of turns) await turn();
  }
  return summary(options, { ours, theirs: peerAbsent === null ? theirs : [], peerAbsent });
}

async function ownProcess(options: LoraBenchmarkOptions, round: number): Promise<Process> {
  const { talk, greeting } = await conversation("ours", {
    module: projectPath("lib", "bench", "lora_child.ts"),
    args: [JSON.stringify(options.work)],
    deadlineMs: DEADLINE_MS,
    signal: options.signal,
  });
  const device = options.work.provider;
  return await timed(talk, { opening: greeting as LoraOpening, greeting: { device } }, {
    ...options,
    side: "ours",
    round,
  });
}

async function peerProcess(options: LoraBenchmarkOptions, names: string[], round: number): Promise<Process> {
  const { work, peerPython, signal } = options;
  const device = work.provider === "webgpu" ? "cuda" : "cpu";
  const { talk, greeting } = await conversation("peft", {
    ...peerChild(peerPython!, "lora_peft.py", { args: [JSON.stringify(work), device], threads: work.threads }),
    deadlineMs: DEADLINE_MS,
    signal,
  });
  const opening = await talk.ask({ open: names }) as LoraOpening;
  return await timed(talk, { opening, greeting: greeting as Process["greeting"] }, { ...options, side: "peft", round });
}

async function timed(
  talk: Conversation,
  opened: Pick<Process, "opening" | "greeting">,
  { warmUp, iterations, onProcess, side, round }: LoraBenchmarkOptions & { side: string; round: number },
): Promise<Process> {
  const { samplesMs } = await talk.ask({ settle: warmUp, steps: iterations }) as { samplesMs: ArrayLike<number> };
  const memory = await talk.ask({ memory: true }) as LoraMemory;
  await talk.end();
  const samples = Array.from(samplesMs);
  onProcess?.(side, round, median(samples));
  const size = iterations / BLOCKS;
  return {
    ...opened,
    memory,
    blocks: Array.from({ length: BLOCKS }, (_, i) => samples.slice(i * size, (i + 1) * size)),
  };
}

function summary(
  { work, weights }: LoraBenchmarkOptions,
  { ours, theirs, peerAbsent }: { ours: Process[]; theirs: Process[]; peerAbsent: string | null },
): LoraBenchmark {
  const sides = [sideOf("ours", ours, work), ...(theirs.length > 0 ? [sideOf("peft", theirs, work)] : [])];
  const [own, peer] = sides;
  const blocks: Record<string, readonly Block[]> = Object.fromEntries(
    sides.map(({ name, blocksMs }) => [name, blocksMs]),
  );
  const problems = peer ? lossProblems(own.losses, peer.losses) : [];
  const { folder: _, ...told } = work;
  return {
    schemaVersion: 1,
    benchmark: "lora",
    subject: SUBJECT,
    weights,
    work: told,
    machine: machineFacts(),
    gpu: work.provider === "webgpu" ? gpuFacts() : null,
    sides,
    peerAbsent,
    time: peer ? timeRatio(own.blocksMs, peer.blocksMs) : null,
    memoryRatio: peer ? own.peakRssBytes / peer.peakRssBytes : null,
    trainingMemoryRatio: own.trainingPeakRssBytes && peer?.trainingPeakRssBytes
      ? own.trainingPeakRssBytes / peer.trainingPeakRssBytes
      : null,
    ...judge(blocks, problems),
  };
}

function sideOf(name: string, processes: readonly Process[], { tokens }: LoraWork): LoraSide {
  const [{ opening, greeting }] = processes;
  const blocksMs = processes.flatMap(({ blocks }) => blocks);
  const samples = blocksMs.flat();
  const rate = (perUpdate: number): Estimate =>
    bootstrapInterval(samples.map((ms) => 1000 * perUpdate / ms), {
      statistic: median as Statistic,
      seed: "lora benchmark",
      resamples: 2000,
    });
  const largest = (of: (memory: LoraMemory) => number | null) => {
    const known = processes.map(({ memory }) => of(memory)).filter((bytes) => bytes !== null);
    return known.length === processes.length ? Math.max(...known) : null;
  };
  return {
    name,
    version: opening.version ?? greeting.version ?? null,
    device: greeting.device ?? "cpu",
    iterationsPerSecond: rate(1),
    tokensPerSecond: rate(tokens),
    peakRssBytes: Math.max(...processes.map(({ memory }) => memory.peakRssBytes)),
    trainingPeakRssBytes: largest((memory) => memory.trainingPeakRssBytes),
    peakDeviceBytes: largest((memory) => memory.peakDeviceBytes),
    createMs: median(processes.map(({ opening }) => opening.createMs)),
    trainableParameters: opening.trainableParameters,
    losses: opening.losses,
    blocksMs,
  };
}

/** Says where two sides' first losses differ. */
export function lossProblems(ours: readonly number[], theirs: readonly number[]): string[] {
  if (ours.length !== theirs.length) return [`losses differ: ${ours.length} of ours, ${theirs.length} of peft's`];
  return ours.flatMap((loss, i) =>
    Math.abs(loss - theirs[i]) <= TOLERANCE * Math.abs(theirs[i]) ? [] : [
      `losses differ at update ${i + 1}: ours ${loss}, peft's ${theirs[i]}`,
    ]
  );
}
