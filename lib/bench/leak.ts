// Does training leak? What a process holds, iteration by iteration, in a process of its own, and the slope of a line through it.

import { projectPath, startChild } from "../process/mod.ts";
import type { MachineFacts } from "../record/mod.ts";
import { machineFacts } from "../runtime/mod.ts";
import { type Estimate, linearTrend } from "../statistics/mod.ts";
import { type MeasuredIteration, type SpeedWindow, speedWindows } from "../language/mod.ts";

/** What is trained, and watched. */
export interface LeakOrder {
  /** `config.json` of a model whose weights are drawn. */
  config: unknown;
  iterations: number;
  /** Tokens of a row. */
  tokens: number;
  /** Memory that each iteration keeps on purpose, to see that it is found. Default 0. */
  plantedBytes?: number;
  threads?: number;
  /**
   * Trains for so long, with garbage collected as later, before iterations are watched: V8 gives back what it needed at the beginning only
   * after some ten seconds. Default 0.
   */
  settleMs?: number;
}

/** What the process tells. */
export interface LeakAnswer {
  iterations: MeasuredIteration[];
  /** Every so many of them; see `LeakResult`. */
  heldBytes: number[];
  residentBytes: number[];
}

/** What came of it. */
export interface LeakResult {
  /** Of `heldBytes`, in bytes an iteration after the warm-up. */
  slope: Estimate;
  /** Of `residentBytes` likewise, for comparison: what allocators keep for later makes its interval wide. */
  residentSlope: Estimate;
  /** `none`: the upper end of the slope's interval is below the bound; `found`: its lower end is above; else `unclear`. */
  leak: "none" | "found" | "unclear";
  boundBytes: number;
  warmUp: number;
  plantedBytes: number;
  windows: SpeedWindow[];
  /**
   * What somebody holds every so many iterations, garbage collected: by the books of V8 (the part of its heap that is in use) and of malloc
   * (what it has handed out, array buffers among it). Where malloc does not tell, the same as `residentBytes`.
   */
  heldBytes: number[];
  /**
   * Resident memory at the same times; on Linux without pages that files back, or that were given back "when you like", which the system
   * takes back when it likes.
   */
  residentBytes: number[];
  readEvery: number;
  machine: MachineFacts;
}

/** Bytes an iteration that are no leak yet. */
export const LEAK_BOUND_BYTES = 2048;
/** Iterations in which allocators still settle. */
export const LEAK_WARM_UP = 50;
/** Iterations between two readings: collecting garbage takes longer than an iteration. */
export const LEAK_READ_EVERY = 10;
/**
 * What V8 compiles late takes memory once, what it has not used for long it forgets, and its young generation comes and goes, in steps of
 * megabytes that no line fits: here nothing is compiled again or forgotten, and that generation stays small.
 */
const V8_FLAGS = "--v8-flags=--expose-gc,--no-opt,--no-maglev,--max-semi-space-size=1,--no-flush-bytecode";
/** glibc's allocator gives back at once what is free: holes between what is held would come and go by half a megabyte. */
const ALLOCATOR = { MALLOC_ARENA_MAX: "1", MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_TRIM_THRESHOLD_: "65536" };
/** Fewer readings say too little about a slope. */
const LEAST_READINGS = 10;

/** A model of 4.5 million parameters, whose weights are drawn: bytes as tokens. */
export const QUICK_MODEL = {
  architectures: ["Lfm2ForCausalLM"],
  model_type: "lfm2",
  vocab_size: 260,
  hidden_size: 256,
  block_ff_dim: 1024,
  block_auto_adjust_ff_dim: true,
  block_multiple_of: 64,
  num_hidden_layers: 6,
  full_attn_idxs: [1, 3, 5],
  num_attention_heads: 8,
  num_key_value_heads: 2,
  conv_L_cache: 3,
  max_position_embeddings: 4096,
  bos_token_id: 256,
  eos_token_id: 257,
  pad_token_id: 258,
} as const;

/**
 * Trains adapters to a model for so many iterations and fits a line to what the process holds after each.
 *
 * @param options warmUp, iterations that are left out; boundBytes, what the slope may be
 * @throws {RangeError} when no more iterations are left than a line needs
 * @throws {Error} when the process fails
 */
export async function measureLeak(
  order: LeakOrder,
  { warmUp = LEAK_WARM_UP, boundBytes = LEAK_BOUND_BYTES, signal }: {
    warmUp?: number;
    boundBytes?: number;
    signal?: AbortSignal;
  } = {},
): Promise<LeakResult> {
  const least = warmUp + LEAST_READINGS * LEAK_READ_EVERY;
  if (order.iterations < least) {
    throw new RangeError(`Cannot look for leaks: expected at least ${least} iterations, got ${order.iterations}`);
  }
  let told: LeakAnswer | null = null;
  const child = startChild({
    module: projectPath("lib", "bench", "leak_child.ts"),
    denoFlags: [V8_FLAGS],
    env: ALLOCATOR,
    deadlineMs: 3_600_000,
    signal,
    onMessage: (message) => (told = message as LeakAnswer),
  });
  child.send(order);
  child.endMessages();
  const { reason, stderrTail } = await child.result;
  signal?.throwIfAborted();
  if (told === null) throw new Error(`Cannot look for leaks: the process ended (${reason}): ${stderrTail}`);
  return judged(told, { warmUp, boundBytes, plantedBytes: order.plantedBytes ?? 0 });
}

function judged(
  { iterations, heldBytes, residentBytes }: LeakAnswer,
  given: Pick<LeakResult, "warmUp" | "boundBytes" | "plantedBytes">,
): LeakResult {
  const { warmUp, boundBytes } = given;
  const slopeOf = (readings: readonly number[]) =>
    linearTrend(readings.slice(Math.ceil(warmUp / LEAK_READ_EVERY)).map((bytes) => bytes / LEAK_READ_EVERY)).slope;
  const slope = slopeOf(heldBytes);
  const { low, high } = slope.interval;
  const leak = high < boundBytes ? "none" : low > boundBytes ? "found" : "unclear";
  const readings = { heldBytes, residentBytes, readEvery: LEAK_READ_EVERY };
  const residentSlope = slopeOf(residentBytes);
  return {
    slope,
    leak,
    residentSlope,
    ...given,
    windows: speedWindows(iterations),
    ...readings,
    machine: machineFacts(),
  };
}
