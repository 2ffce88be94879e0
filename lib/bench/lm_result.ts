// What the turns of the language model benchmark say: times with intervals, ratios to the peer, shares of the memory roofline, memory
// beside its limit, and how far logits lie apart. Pure: nothing is measured here.

import type { WeightFormat } from "../models/lfm2/language_model.ts";
import type { MachineFacts } from "../record/mod.ts";
import { type ConfidenceInterval, median, ratioInterval } from "../statistics/mod.ts";
import type { GpuFacts } from "./gpu_name.ts";
import type { LmSideSettings, LmTurn } from "./lm_turn.ts";
import { type LogitsDifference } from "./logits_difference.ts";
import { fastestWay, type ReadWay } from "./read_bandwidth.ts";
import { type Comparison, judge, type Judgement, type SideSummary, summarizeSide, timeRatio } from "./verdict.ts";

/** Times of one kind of work of a side. */
export interface LmTimes extends SideSummary, Judgement {
  /** Tokens a second at the median time. */
  tokensPerSecond: number;
  /** Times round by round in ms: a prompt each, or a token each. */
  blocksMs: number[][];
  /** Its time over that of the peer (of the control: over that of the side that it repeats); null without two rounds of both. */
  comparison: (Comparison & { peer: string }) | null;
}

/** A part of what the memory allows, from 0 to about 1. */
export interface RooflineShare {
  value: number;
  /** Rounds. */
  n: number;
  /** Null for one round. */
  interval: ConfidenceInterval | null;
}

/** A side with all that was measured of it. */
export interface LmSide extends LmSideSettings {
  /** Of the framework; null for ours, which `machine` has. */
  version: string | null;
  weightBytes: number;
  /** Weights, and the caches at the middle of the generation. */
  bytesPerToken: number;
  /** A process each. */
  loadMs: number[];
  firstPromptMs: number[];
  /** Highest resident memory of any of its processes, and the most that it should be: 1.3 times the weights and 2 GB. */
  peakRssBytes: number;
  limitRssBytes: number;
  prompt: LmTimes;
  generation: LmTimes;
  /** Time that reading the bytes takes over the time taken: 1 on the roofline. */
  roofline: RooflineShare | null;
  /** From the peer in float32. */
  logits: LogitsDifference | null;
}

/** Weights converted into a file before anything was timed. */
export interface LmConversion {
  weights: WeightFormat;
  /** With the opening of the model; a file that was there is not made again. */
  ms: number;
  peakRssBytes: number;
}

/** What is measured. */
export interface LmSubject {
  /** Folder's name, or what the random model is. */
  model: string;
  /** "random, seed 1" as the file says, or "of the model". */
  weightsAre: string;
  parameterCount: number;
  promptTokens: number;
  generatedTokens: number;
  threads: number;
  provider: "cpu" | "webgpu";
}

/** Content of reports/benchmarks/lm.json. */
export interface LmBenchmark extends LmSubject {
  schemaVersion: 1;
  benchmark: "lm";
  subject: string;
  ratioOf: string;
  /** Null without a peer in float32. */
  ratio: number | null;
  low: number | null;
  high: number | null;
  /** Rounds that both took part in. */
  n: number;
  machine: MachineFacts;
  gpu: GpuFacts | null;
  /** Whether the run came to its end; else this is what there was after some rounds. */
  isComplete: boolean;
  /** Part of all cores' time that was idle before each round, from 0 to 1. */
  idleBefore: (number | null)[];
  conversions: LmConversion[];
  readBytesPerSecond: { way: string; value: number; rounds: (number | null)[]; ways: ReadWay[][] } | null;
  sides: LmSide[];
  missing: { name: string; reason: string }[];
  floors: LmFloor[];
}

/** What is asked for on the CPU, and whether it is so. */
export interface LmFloor {
  what: string;
  value: number;
  limit: number;
  /** Whether the limit is the least that is asked for; else it is the most. */
  atLeast: boolean;
  isMet: boolean;
}

/** All that was measured until now. */
export interface LmMeasured {
  /** By side, a turn a round; null where it took no part. */
  turns: ReadonlyMap<string, readonly (LmTurn | null)[]>;
  /** A list a round. */
  reads: readonly (readonly ReadWay[])[];
  logits: ReadonlyMap<string, LogitsDifference>;
  conversions: readonly LmConversion[];
  missing: readonly { name: string; reason: string }[];
  idleBefore: readonly (number | null)[];
  isComplete: boolean;
}

const SUBJECT =
  "LFM2 by fresh processes in turns: a prompt, then given tokens one by one with caches, the likeliest next token taken each time; files are in the page cache";
const RATIO_OF = "our median time per generated token in float32 over that of transformers: below 1, ours is faster";
const MEMORY_FACTOR = 1.3;
const MEMORY_BESIDE_BYTES = 2e9;
const FLOORS = { time: 1.2, roofline: 0.6 };
/** Logits of the same float32 weights lie this close, as a part of their norm. */
const SAME_LOGITS = 1e-3;

/** The benchmark's content. */
export function lmBenchmark(
  settings: readonly LmSideSettings[],
  measured: LmMeasured,
  { subject, machine, gpu }: { subject: LmSubject; machine: MachineFacts; gpu: GpuFacts | null },
): LmBenchmark {
  const fastest = fastestWay(measured.reads);
  const sides = settings.flatMap((side) => sideOf(side, measured, { settings, subject, fastest }));
  const ours = sides.find(({ role, weights }) => role === "ours" && weights === "float32");
  const comparison = ours?.generation.comparison ?? null;
  return {
    schemaVersion: 1,
    benchmark: "lm",
    subject: SUBJECT,
    ratioOf: RATIO_OF,
    ratio: comparison?.ratio ?? null,
    low: comparison?.low ?? null,
    high: comparison?.high ?? null,
    n: comparison?.n ?? 0,
    ...subject,
    machine,
    gpu,
    isComplete: measured.isComplete,
    idleBefore: [...measured.idleBefore],
    conversions: [...measured.conversions],
    readBytesPerSecond: fastest && {
      way: fastest.name,
      value: fastest.median,
      rounds: fastest.roundMedians,
      ways: measured.reads.map((ways) => [...ways]),
    },
    sides,
    missing: [...measured.missing],
    floors: floorsOf(sides),
  };
}

type Round = readonly (LmTurn | null)[];

function sideOf(
  side: LmSideSettings,
  { turns, logits }: LmMeasured,
  { settings, subject, fastest }: {
    settings: readonly LmSideSettings[];
    subject: LmSubject;
    fastest: ReturnType<typeof fastestWay>;
  },
): LmSide[] {
  const rounds = turns.get(side.name) ?? [];
  const whole = rounds.filter((turn) => turn !== null);
  if (whole.length === 0) return [];
  const other = referenceOf(side, settings);
  const against = other && { name: other.name, rounds: turns.get(other.name) ?? [] };
  const { version, weightBytes, bytesPerToken } = whole[0];
  const difference = logits.get(side.name) ?? null;
  const wrong = side.weights === "float32" && difference !== null && !(difference.relative <= SAME_LOGITS)
    ? [`logits differ from the peer's by ${difference.relative.toPrecision(2)} of their norm`]
    : [];
  return [{
    ...side,
    version,
    weightBytes,
    bytesPerToken,
    loadMs: whole.map(({ loadMs }) => loadMs),
    firstPromptMs: whole.map(({ firstPromptMs }) => firstPromptMs),
    peakRssBytes: Math.max(...whole.map(({ peakRssBytes }) => peakRssBytes)),
    limitRssBytes: MEMORY_FACTOR * weightBytes + MEMORY_BESIDE_BYTES,
    prompt: timesOf(side.name, rounds, { key: "promptMs", tokens: subject.promptTokens, against, wrong }),
    generation: timesOf(side.name, rounds, { key: "tokenMs", tokens: 1, against, wrong }),
    roofline: fastest && rooflineShare(rounds, bytesPerToken, fastest.roundMedians),
    logits: difference,
  }];
}

/** Whom a side is compared with: ours with the peer in its format, else in float32; the control with what it repeats. */
function referenceOf(
  { role, weights, name }: LmSideSettings,
  settings: readonly LmSideSettings[],
): LmSideSettings | null {
  if (role === "peer") return null;
  if (role === "control") return settings.find((side) => side.role === "ours" && name.startsWith(side.name)) ?? null;
  const peers = settings.filter((side) => side.role === "peer");
  return peers.find((peer) => peer.weights === weights) ?? peers.find((peer) => peer.weights === "float32") ?? null;
}

function timesOf(
  name: string,
  rounds: Round,
  { key, tokens, against, wrong }: {
    key: "promptMs" | "tokenMs";
    /** Of one time. */
    tokens: number;
    against: { name: string; rounds: Round } | null;
    wrong: readonly string[];
  },
): LmTimes {
  const rounded = (values: readonly number[]) => values.map((ms) => Number(ms.toPrecision(5)));
  const blocksMs = rounds.flatMap((turn) => (turn === null ? [] : [rounded(turn[key])]));
  const summary = summarizeSide(blocksMs);
  const pairs = rounds.flatMap((turn, i) => {
    const theirs = against?.rounds[i] ?? null;
    return turn === null || theirs === null ? [] : [{ ours: turn[key], theirs: theirs[key] }];
  });
  return {
    ...summary,
    ...judge({ [name]: blocksMs }, wrong),
    tokensPerSecond: tokens * 1000 / summary.medianMs,
    blocksMs,
    comparison: against === null || pairs.length < 2 ? null : {
      ...timeRatio(pairs.map(({ ours }) => ours), pairs.map(({ theirs }) => theirs)),
      peer: against.name,
    },
  };
}

/** Of each round the time that reading takes over the time that a token took. */
function rooflineShare(
  rounds: Round,
  bytesPerToken: number,
  bytesPerSecond: readonly (number | null)[],
): RooflineShare | null {
  const pairs = rounds.flatMap((turn, i) => {
    const rate = bytesPerSecond[i] ?? null;
    return turn === null || rate === null
      ? []
      : [{ reading: bytesPerToken / rate * 1000, token: median(turn.tokenMs) }];
  });
  const options = { seed: "roofline", confidence: 0.95, resamples: 4000 };
  const [reading, token] = [pairs.map(({ reading }) => reading), pairs.map(({ token }) => token)];
  if (pairs.length >= 2) return ratioInterval(reading, token, options);
  return pairs.length === 0 ? null : { value: reading[0] / token[0], n: 1, interval: null };
}

function floorsOf(sides: readonly LmSide[]): LmFloor[] {
  const floors: LmFloor[] = [];
  const atMost = (what: string, value: number, limit: number) =>
    floors.push({ what, value, limit, atLeast: false, isMet: value <= limit });
  for (const side of sides) {
    const { name, weights, prompt, generation, roofline, peakRssBytes, limitRssBytes } = side;
    if (side.role !== "ours" || side.device !== "cpu") continue;
    if (weights === "float32") {
      for (const [what, { comparison }] of [["a prompt", prompt], ["a token", generation]] as const) {
        if (comparison) {
          atMost(`time of ${what} in ${name} over that of ${comparison.peer}`, comparison.ratio, FLOORS.time);
        }
      }
    }
    if (weights === "int4" && roofline) {
      const { value } = roofline;
      const what = "generation in int4 as a share of the memory roofline";
      floors.push({ what, value, limit: FLOORS.roofline, atLeast: true, isMet: value >= FLOORS.roofline });
    }
    atMost(`peak memory in ${name}, GB`, peakRssBytes / 1e9, limitRssBytes / 1e9);
  }
  return floors;
}
