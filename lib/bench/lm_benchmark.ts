// A language model, opened, prompted and generating, beside transformers: load time, memory, prompt and generation speed in each weight
// format, logits, and how much of the memory's bandwidth a generated token uses, which is what bounds it.
// Sides are processes one after the other, in turns A B C C B A: two models in float32 do not fit beside each other.

import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { readSafetensorsHeader } from "../data/mod.ts";
import { type Lfm2Config, lfm2ParameterCount, readLfm2Config } from "../models/lfm2/config.ts";
import type { WeightFormat } from "../models/lfm2/language_model.ts";
import { machineFacts } from "../runtime/mod.ts";
import { random } from "../statistics/mod.ts";
import { gpuFacts } from "./gpu_name.ts";
import { type LmBenchmark, lmBenchmark, type LmConversion, type LmSubject } from "./lm_result.ts";
import { lmSides, type LmSideSettings, type LmTask, type LmTurn, takeTurn } from "./lm_turn.ts";
import { type LogitsDifference, logitsDifference } from "./logits_difference.ts";
import { waitForQuiet } from "./quiet.ts";
import { type ReadWay, readWays } from "./read_bandwidth.ts";

/** Options of `runLmBenchmark`. */
export interface LmBenchmarkOptions {
  /** A model as the hub has it. */
  folder: string;
  weights: readonly WeightFormat[];
  provider: "cpu" | "webgpu";
  /** Of both sides, inside one operator. */
  threads: number;
  promptTokens: number;
  generatedTokens: number;
  /** Prompts that each process times; the last is the one that is gone on from. */
  prompts: number;
  /** At most; two at least, whatever they take. */
  rounds: number;
  /** After two rounds, one that would not be done within this time is not begun. */
  budgetMs: number;
  /** Longest wait for a quiet machine before each round. */
  quietMs: number;
  /** Bytes that are read for the roofline. */
  readBytes: number;
  /** Measure the last format a second time, as a control. */
  control: boolean;
  /** A Python with torch and transformers, or null to measure our side alone. */
  peerPython: string | null;
  signal?: AbortSignal;
  /** Called with what is being done. */
  onStep?: (step: string) => void;
  /** Called after each round with all that has been measured. */
  onRound?: (soFar: LmBenchmark) => Promise<void>;
}

const READ_PASSES = 12;
const LEAST_ROUNDS = 2;
/** Token ids below it are the tokenizer's special ones. */
const FIRST_PLAIN_TOKEN = 500;

/**
 * Measures a model.
 *
 * @throws {Error} when no side of ours can be measured, saying why, or the signal aborts; another side that fails is missing, with the reason
 */
export async function runLmBenchmark(options: LmBenchmarkOptions): Promise<LmBenchmark> {
  const scratch = await mkdtemp(join(tmpdir(), "latent-lab-lm-"));
  try {
    return await new Run(options, scratch).all();
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A run under way. */
class Run {
  readonly #options: LmBenchmarkOptions;
  readonly #scratch: string;
  readonly #config: Lfm2Config;
  readonly #sides: LmSideSettings[];
  readonly #turns = new Map<string, (LmTurn | null)[]>();
  readonly #reads: ReadWay[][] = [];
  readonly #logits = new Map<string, LogitsDifference>();
  readonly #conversions: LmConversion[] = [];
  readonly #missing: { name: string; reason: string }[] = [];
  readonly #idleBefore: (number | null)[] = [];
  #subject: LmSubject | null = null;

  constructor(options: LmBenchmarkOptions, scratch: string) {
    this.#options = options;
    this.#scratch = scratch;
    this.#config = readLfm2Config(JSON.parse(readFileSync(join(options.folder, "config.json"), "utf8")));
    const { weights, provider, peerPython, control } = options;
    this.#sides = lmSides(weights, { provider, hasPeer: peerPython !== null, hasControl: control });
  }

  async all(): Promise<LmBenchmark> {
    const { rounds, budgetMs, onRound } = this.#options;
    this.#subject = await subjectOf(this.#options, this.#config);
    await this.#convert();
    const startMs = performance.now();
    for (let round = 0, lastMs = 0; round < rounds; round++) {
      const begunMs = performance.now();
      if (round >= LEAST_ROUNDS && begunMs - startMs + lastMs > budgetMs) break;
      await this.#round(round);
      lastMs = performance.now() - begunMs;
      await onRound?.(this.#result(false));
    }
    return this.#result(true);
  }

  /** Opens each format once, so that what is converted into a file is there. */
  async #convert(): Promise<void> {
    for (const side of this.#sides.filter(({ role }) => role === "ours")) {
      this.#options.onStep?.(`opening the model in ${side.name}, converting it the first time`);
      const turn = await this.#turn(side, { prompts: 0, logitsFile: null });
      if (turn === null) continue;
      this.#conversions.push({ weights: side.weights, ms: turn.loadMs, peakRssBytes: turn.peakRssBytes });
    }
    if (this.#conversions.length === 0) throw new Error(this.#missing[0]?.reason ?? "Cannot benchmark: no weights");
  }

  async #round(round: number): Promise<void> {
    const { quietMs, signal, onStep, rounds, prompts } = this.#options;
    onStep?.(`round ${round + 1} of ${rounds}: waiting for a quiet machine`);
    this.#idleBefore.push(await waitForQuiet({ atMostMs: quietMs, lookMs: Math.min(2000, quietMs), signal }));
    const logitsFile = (name: string) => (round === 0 ? join(this.#scratch, `${name.replaceAll(" ", "-")}.bin`) : null);
    const order = [
      () => this.#read(),
      ...this.#sides.map((side) => async () => {
        onStep?.(`round ${round + 1} of ${rounds}: ${side.name}`);
        const turn = await this.#turn(side, { prompts, logitsFile: logitsFile(side.name) });
        this.#turns.set(side.name, [...this.#turns.get(side.name) ?? [], turn]);
      }),
    ];
    for (const step of round % 2 === 0 ? order : order.toReversed()) {
      signal?.throwIfAborted();
      await step();
    }
    if (round === 0) this.#compareLogits(logitsFile);
  }

  async #read(): Promise<void> {
    const { provider, threads, readBytes, peerPython, signal, onStep } = this.#options;
    onStep?.("reading memory for the roofline");
    const task = { bytes: readBytes, threads, passes: READ_PASSES, device: deviceOf(provider) } as const;
    try {
      this.#reads.push(await readWays(task, { peerPython, signal }));
    } catch (error) {
      signal?.throwIfAborted();
      this.#leaveOut("reading", error);
      this.#reads.push([]);
    }
  }

  /** Null for a side that fails, now or before. */
  async #turn(side: LmSideSettings, { prompts, logitsFile }: Pick<LmTask, "prompts" | "logitsFile">) {
    if (this.#missing.some(({ name }) => name === side.name)) return null;
    const { folder, threads, peerPython, signal } = this.#options;
    const { weights, device } = side;
    const task = { folder, weights, device, threads, prompts, logitsFile, ...this.#tokens() };
    try {
      return await takeTurn(side, task, { peerPython, signal });
    } catch (error) {
      signal?.throwIfAborted();
      this.#leaveOut(side.name, error);
      return null;
    }
  }

  #leaveOut(name: string, error: unknown): void {
    if (this.#missing.some((one) => one.name === name)) return;
    this.#missing.push({ name, reason: (error as Error).message });
  }

  /** Random tokens: what they say does not matter. */
  #tokens(): Pick<LmTask, "prompt" | "tokens"> {
    const { vocabSize } = this.#config;
    const stream = random(1, "lm benchmark");
    const lowest = Math.min(FIRST_PLAIN_TOKEN, vocabSize - 1);
    const draw = (length: number) => Array.from({ length }, () => lowest + stream.integer(vocabSize - lowest));
    return { prompt: draw(this.#options.promptTokens), tokens: draw(this.#options.generatedTokens) };
  }

  #compareLogits(fileOf: (name: string) => string | null): void {
    const read = ({ name }: LmSideSettings) => {
      const file = fileOf(name);
      if (file === null || !existsSync(file)) return null;
      const { buffer, byteOffset, byteLength } = readFileSync(file);
      return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
    };
    const reference = this.#sides.find(({ role, weights }) => role === "peer" && weights === "float32");
    const theirs = reference ? read(reference) : null;
    if (theirs === null) return;
    for (const side of this.#sides) {
      const ours = side.name === reference!.name ? null : read(side);
      if (ours) this.#logits.set(side.name, logitsDifference(ours, theirs, 1 + this.#options.generatedTokens));
    }
  }

  #result(isComplete: boolean): LmBenchmark {
    const { provider } = this.#options;
    return lmBenchmark(this.#sides, {
      turns: this.#turns,
      reads: this.#reads,
      logits: this.#logits,
      conversions: this.#conversions,
      missing: this.#missing,
      idleBefore: this.#idleBefore,
      isComplete,
    }, { subject: this.#subject!, machine: machineFacts(), gpu: provider === "webgpu" ? gpuFacts() : null });
  }
}

const deviceOf = (provider: "cpu" | "webgpu") => (provider === "cpu" ? "cpu" : "cuda");

async function subjectOf(options: LmBenchmarkOptions, config: Lfm2Config): Promise<LmSubject> {
  const { folder, provider, threads, promptTokens, generatedTokens } = options;
  const file = join(folder, "model.safetensors");
  const { metadata } = existsSync(file)
    ? await readSafetensorsHeader(file)
    : { metadata: {} as Record<string, string> };
  return {
    model: basename(folder),
    weightsAre: metadata.weights ?? "of the model",
    parameterCount: lfm2ParameterCount(config),
    ...{ promptTokens, generatedTokens, threads, provider },
  };
}
