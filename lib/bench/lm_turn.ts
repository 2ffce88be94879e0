// A turn of a side of the language model benchmark: a process of its own that opens the model, takes prompts and generates, and ends. Two
// models in float32 do not fit beside each other in 12 GiB, and a fresh process each time is what a user starts.

import type { WeightFormat } from "../models/lfm2/language_model.ts";
import { projectPath } from "../process/mod.ts";
import { conversation } from "./conversation.ts";
import { type PeerChild, peerChild } from "./peer_child.ts";

/** Where a side computes: ours on `cpu` or `webgpu`, the peer on `cpu` or `cuda`. */
export type LmDevice = "cpu" | "webgpu" | "cuda";

/** A side. */
export interface LmSideSettings {
  name: string;
  /** `ours`; `control`, ours a second time; `peer`. */
  role: "ours" | "control" | "peer";
  weights: WeightFormat;
  device: LmDevice;
  /** How it is set up, in words. */
  settings: string;
}

/** What a process is asked to do. */
export interface LmTask {
  folder: string;
  weights: WeightFormat;
  device: LmDevice;
  /** Inside one operator. */
  threads: number;
  prompt: readonly number[];
  /** Fed after the prompt one by one, whatever the model would have said, so that all sides compute the same. */
  tokens: readonly number[];
  /** Prompts that are timed; 0 only opens the model, so that what is converted once is there. */
  prompts: number;
  /** Where the logits after the prompt and after each token go, float32 `[1 + tokens, vocabulary]`; null: nowhere. */
  logitsFile: string | null;
}

/** What a process has measured. */
export interface LmTurn {
  /** Of the framework. */
  version: string | null;
  weightBytes: number;
  /** Weights that one token reads, and the caches at the middle of the generation. */
  bytesPerToken: number;
  /** From nothing but a started process to a model that takes tokens; libraries are loaded before. */
  loadMs: number;
  /** The first prompt, which is not among `promptMs`: pages of mapped files come into memory, kernels are chosen. */
  firstPromptMs: number;
  /** A prompt each. */
  promptMs: number[];
  /** A token each. */
  tokenMs: number[];
  /** The likeliest token after the prompt and after each token. */
  likeliest: number[];
  /** Highest resident memory of the process, mapped files included. */
  peakRssBytes: number;
}

/** How processes are started. */
export interface TurnContext {
  peerPython: string | null;
  signal?: AbortSignal;
}

const DEADLINE_MS = 8 * 60_000;
/** A process on the CPU that takes more is ended before the machine swaps; drivers of GPUs map more than they hold. */
const MEMORY_LIMIT_BYTES = 12 * 2 ** 30;

/** The sides: ours in each format, ours again in the last one as a control, and the peer in what it has a counterpart for. */
export function lmSides(
  weights: readonly WeightFormat[],
  { provider, hasPeer, hasControl }: { provider: "cpu" | "webgpu"; hasPeer: boolean; hasControl: boolean },
): LmSideSettings[] {
  const ours = weights.map((format): LmSideSettings => ({
    name: format,
    role: "ours",
    weights: format,
    device: provider,
    settings: OUR_SETTINGS[format],
  }));
  const last = ours[ours.length - 1];
  const control: LmSideSettings = { ...last, name: `${last.name} again`, role: "control" };
  // PyTorch has float32 on the CPU, and there float16 is no faster; on a GPU both.
  const peers = provider === "cpu" ? ["float32" as const] : ["float32" as const, "float16" as const];
  const peer = peers.map((format): LmSideSettings => ({
    name: `transformers ${format}`,
    role: "peer",
    weights: format,
    device: provider === "cpu" ? "cpu" : "cuda",
    settings: "Lfm2ForCausalLM, PyTorch eager, its fused attention, inference mode, logits of the last position only",
  }));
  return [...ours, ...(hasControl ? [control] : []), ...(hasPeer ? peer : [])];
}

const OUR_SETTINGS: Readonly<Record<WeightFormat, string>> = {
  float32: "weights float32, read where they lie",
  float16: "weights and activations float16",
  int8: "matrices in blocks of 32 int8 with float32 scales; on the CPU activations of products in int8 blocks too",
  int4: "matrices in blocks of 32 int4 with float32 scales; on the CPU activations of products in int8 blocks too",
};

/**
 * Runs a task in a process of its own.
 *
 * @throws {Error} when the process fails, takes too long or too much memory, with the end of what it said
 */
export async function takeTurn(side: LmSideSettings, task: LmTask, context: TurnContext): Promise<LmTurn> {
  const task_ = JSON.stringify(task);
  return await report<LmTurn>(
    side.name,
    side.role === "peer"
      ? transformersChild(["generate", task_], { threads: task.threads, python: context.peerPython })
      : { module: projectPath("lib", "bench", "lm_child.ts"), args: [task_] },
    { ...context, onGpu: side.device !== "cpu" },
  );
}

/** A run of the peer's script. */
export function transformersChild(
  args: string[],
  { threads, python }: { threads: number; python: string | null },
): PeerChild {
  if (python === null) throw new Error("PEER_PYTHON names no Python with transformers");
  return peerChild(python, "lm_transformers.py", { args, threads });
}

/** The one message of a process, which is waited for until it has given back its memory. */
export async function report<T>(
  name: string,
  child: Pick<PeerChild, "module" | "args"> & Partial<PeerChild>,
  { signal, onGpu = false }: { signal?: AbortSignal; onGpu?: boolean },
): Promise<T> {
  const memory = onGpu ? {} : { memoryLimitBytes: MEMORY_LIMIT_BYTES, memoryPollMs: 1000 };
  const limits = { deadlineMs: DEADLINE_MS, ...memory };
  const { talk, greeting } = await conversation(name, { ...child, ...limits, signal });
  await talk.end();
  return greeting as T;
}
