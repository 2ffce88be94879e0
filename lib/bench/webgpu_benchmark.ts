// Training steps on a GPU: ours through WebGPU beside PyTorch's through CUDA, in one run and in turns. All sides start from the same
// weights and rows and must agree on the first losses. Random rows, since the subject is speed.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectPath } from "../process/mod.ts";
import type { MachineFacts } from "../record/mod.ts";
import { machineFacts } from "../runtime/mod.ts";
import { type Conversation, conversation } from "./conversation.ts";
import { type GpuFacts, gpuFacts } from "./gpu_name.ts";
import { type Block, interleave } from "./interleave.ts";
import { peerChild } from "./peer_child.ts";
import { lossProblems } from "./train_benchmark.ts";
import type { TurnOptions } from "./turn_plan.ts";
import { type Comparison, judge, type Judgement, type SideSummary, summarizeSide, timeRatio } from "./verdict.ts";
import type { OurVariant } from "./webgpu_child.ts";
import type { StepProfile } from "./webgpu_profile.ts";

/** One size. */
export interface GpuCellSettings {
  studentDim: number;
  batchSize: number;
}

/** One side of a cell with all its samples. */
export interface GpuSide extends SideSummary {
  name: string;
  isPeer: boolean;
  samplesPerSecond: number;
  /** Time to build the model and to compile it, without programs that are compiled at the first step. */
  createMs: number;
  /** Time of the first steps, which are compared and not counted. */
  checkedStepsMs: number;
  /** Times of single steps in ms, turn by turn, rounded to microseconds. */
  blocksMs: number[][];
}

/** What was measured at one size. */
export interface GpuCell extends GpuCellSettings, Judgement {
  sides: GpuSide[];
  /** Sides that could not be opened, and why. */
  missing: { name: string; reason: string }[];
  /** The fastest peer's time over that of our default; null without a peer. */
  comparison: (Comparison & { peer: string }) | null;
  /** Of our default, in steps that are not among the samples; null when not asked for. */
  profile: StepProfile | null;
}

/** Content of reports/benchmarks/train-webgpu.json. */
export interface WebGpuBenchmark {
  schemaVersion: 1;
  benchmark: "train-webgpu";
  ratioOf: string;
  subject: string;
  machine: MachineFacts;
  gpu: GpuFacts | null;
  /** Version of PyTorch; null where it was not measured. */
  peerVersion: string | null;
  cells: GpuCell[];
}

/** Options of `runWebGpuBenchmark`. */
export interface WebGpuBenchmarkOptions {
  sizes: readonly GpuCellSettings[];
  turns: TurnOptions;
  /** A Python with torch, or null to leave PyTorch out. */
  peerPython: string | null;
  /** Measure jax-js too. */
  peerJaxJs: boolean;
  /** Also profile some steps of ours. */
  profile: boolean;
  /** Measure our other forms too: parameters apart, and options of the provider that may cut the cost of sending. */
  variants: boolean;
  signal?: AbortSignal;
  /** Called after each cell with all that has been measured. */
  onCell?: (soFar: WebGpuBenchmark) => Promise<void>;
}

const SUBJECT =
  "training steps of 384-S-192-S-384 in fp32 with Adam and mean squared error, on uniform random rows: ours keeps all rows on the device, gathers a shuffled batch there by the numbers of its rows and reads the loss at each step; 'ours, batch sent', 'PyTorch eager' and jax-js send each batch and read the loss; the resident forms of PyTorch have all rows on the device, take them in order and read no loss";
const RATIO_OF = "the fastest peer's median time per step over ours: above 1, ours is faster";

const OUR_DEFAULT = "ours";
const OURS: Readonly<Record<string, OurVariant>> = {
  [OUR_DEFAULT]: {},
  "ours, batch sent": { residentLimitBytes: 0 },
};
const OUR_VARIANTS: Readonly<Record<string, OurVariant>> = {
  "ours, parameters apart": { memoryLimitBytes: 1 },
  "ours, unchecked": { provider: { validationMode: "disabled" } },
  "ours, buffers released later": { provider: { storageBufferCacheMode: "lazyRelease" } },
  "ours, buffers by classes of size": { provider: { storageBufferCacheMode: "bucket" } },
  "ours, captured": { provider: { enableGraphCapture: "1" } },
};
const PEERS: Readonly<Record<string, string[]>> = {
  "PyTorch eager": [],
  "PyTorch eager, resident": ["resident"],
  "PyTorch compiled, resident": ["compiled", "resident"],
};

interface Greeting {
  losses: number[];
  createMs: number;
  checkedStepsMs: number;
  version?: string;
}

interface Opened {
  name: string;
  isPeer: boolean;
  talk: Conversation;
  greeting: Greeting;
}

/**
 * Measures all cells, one after the other.
 *
 * @throws {Error} when our side fails; a peer that fails is left out and its reason kept
 */
export async function runWebGpuBenchmark(options: WebGpuBenchmarkOptions): Promise<WebGpuBenchmark> {
  const result: WebGpuBenchmark = {
    schemaVersion: 1,
    benchmark: "train-webgpu",
    ratioOf: RATIO_OF,
    subject: SUBJECT,
    machine: machineFacts(),
    gpu: gpuFacts(),
    peerVersion: null,
    cells: [],
  };
  for (const size of options.sizes) {
    const { cell, version } = await measureCell(size, options);
    result.peerVersion ??= version;
    result.cells.push(cell);
    await options.onCell?.(result);
  }
  return result;
}

async function measureCell(size: GpuCellSettings, options: WebGpuBenchmarkOptions) {
  const { sides, missing } = await openSides(size, options);
  const [ours] = sides;
  const problems = sides.slice(1).flatMap((side) =>
    lossProblems([ours.greeting.losses, side.greeting.losses]).map((problem) => `${side.name}: ${problem}`)
  );
  const turns = await interleave(sides, options.turns);
  const failure = turns.find(({ failure }) => failure !== null)?.failure;
  if (failure) throw new Error(failure);
  const measured = turns.map(({ blocks }) => blocks);
  const profile = options.profile ? await profileSteps(ours.talk) : null;
  for (const { talk } of sides) await talk.end();
  const judgement = judge(Object.fromEntries(sides.map(({ name }, i) => [name, measured[i]])), problems);
  const cell: GpuCell = {
    ...size,
    ...judgement,
    sides: sides.map((side, i) => sideOf(size, side, measured[i])),
    missing,
    comparison: fastestPeer(sides, measured),
    profile,
  };
  const torch = sides.find(({ name, greeting }) => name.startsWith("PyTorch") && greeting.version);
  return { cell, version: torch?.greeting.version ?? null };
}

/** Our default first. A peer or a variant of ours that cannot be opened is missing, with the reason. */
async function openSides(size: GpuCellSettings, { signal, ...options }: WebGpuBenchmarkOptions) {
  const sides: Opened[] = [];
  const missing: { name: string; reason: string }[] = [];
  for (const { name, isPeer, ...child } of wantedSides(size, options)) {
    try {
      const { talk, greeting } = await conversation(name, { ...child, signal });
      sides.push({ name, isPeer, talk, greeting: greeting as Greeting });
    } catch (error) {
      if (name === OUR_DEFAULT || signal?.aborted) throw error;
      missing.push({ name, reason: (error as Error).message });
    }
  }
  return { sides, missing };
}

/** Names of sides and the children that they are. */
function wantedSides(
  size: GpuCellSettings,
  { peerPython, peerJaxJs, variants }: Pick<WebGpuBenchmarkOptions, "peerPython" | "peerJaxJs" | "variants">,
) {
  const arguments_ = [size.studentDim, size.batchSize].map(String);
  const ours = (name: string, variant: OurVariant) => ({
    name,
    isPeer: false,
    module: projectPath("lib", "bench", "webgpu_child.ts"),
    args: [...arguments_, JSON.stringify(variant)],
  });
  const peer = (python: string) => ([name, modes]: [string, string[]]) => ({
    name,
    isPeer: true,
    ...peerChild(python, "train_torch_cuda.py", { args: [...arguments_, ...modes] }),
  });
  const jaxJs = {
    name: "jax-js",
    isPeer: true,
    module: projectPath("tests", "peers", "train_jax_js.ts"),
    args: ["webgpu", ...arguments_],
    denoFlags: ["--unstable-webgpu"],
  };
  return [
    ...Object.entries({ ...OURS, ...(variants && OUR_VARIANTS) }).map(([name, variant]) => ours(name, variant)),
    ...(peerPython === null ? [] : Object.entries(PEERS).map(peer(peerPython))),
    ...(peerJaxJs ? [jaxJs] : []),
  ];
}

async function profileSteps(talk: Conversation): Promise<StepProfile> {
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-profile-"));
  try {
    return await talk.ask({ settle: 0, steps: 0, profile: join(folder, "step") }) as StepProfile;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function fastestPeer(sides: readonly Opened[], measured: readonly Block[][]): GpuCell["comparison"] {
  const peers = sides.flatMap(({ isPeer, name }, i) => isPeer ? [{ peer: name, blocks: measured[i] }] : []);
  const time = ({ blocks }: { blocks: readonly Block[] }) => summarizeSide(blocks).medianMs;
  const [fastest] = peers.sort((a, b) => time(a) - time(b));
  return fastest ? { ...timeRatio(fastest.blocks, measured[0]), peer: fastest.peer } : null;
}

function sideOf({ batchSize }: GpuCellSettings, { name, isPeer, greeting }: Opened, blocks: readonly Block[]): GpuSide {
  const summary = summarizeSide(blocks);
  return {
    name,
    isPeer,
    ...summary,
    samplesPerSecond: batchSize * 1000 / summary.medianMs,
    createMs: greeting.createMs,
    checkedStepsMs: greeting.checkedStepsMs,
    blocksMs: blocks.map((block) => block.map((ms) => Math.round(ms * 1000) / 1000)),
  };
}
