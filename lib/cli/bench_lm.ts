// deno task bench:lm: a language model's load time, memory, prompt and generation speed in each weight format, beside transformers when
// PEER_PYTHON names a Python that has it; recorded in reports/benchmarks/lm.json, on a GPU in lm-webgpu.json.

import process from "node:process";
import { type LmBenchmark, type LmBenchmarkOptions, lmTable, runLmBenchmark } from "../bench/mod.ts";
import type { WeightFormat } from "../models/lfm2/language_model.ts";
import { projectPath, writeFileAtomic } from "../process/mod.ts";
import { machineFacts } from "../runtime/mod.ts";
import { choices, counts, positive } from "./bench_options.ts";
import { benchmarkedModel } from "./benchmarked_model.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";
import { WEIGHT_FORMATS } from "./weight_formats.ts";

const PROVIDERS = ["cpu", "webgpu"] as const;
const DEFAULT_WEIGHTS = { cpu: "fp32,int8,int4", webgpu: "fp32,fp16,int4" };
const FULL = { rounds: 8, prompts: 3, promptTokens: 70, generatedTokens: 32, minutes: 8, readBytes: 1.25 * 2 ** 30 };
/** On a GPU all of it, the writing of weights too, is done in 6 minutes. */
const GPU = { ...FULL, rounds: 6, minutes: 3 };
const QUICK = { rounds: 2, prompts: 2, promptTokens: 70, generatedTokens: 8, minutes: 3, readBytes: 2 ** 29 };
/** A GPU reads a gigabyte in less time than a call takes to be sent. */
const DEVICE_READ_BYTES = 8 * 2 ** 30;

/** A command line, understood. */
export interface BenchLmCommand {
  output: string;
  /** Null: full LFM2-1.2B shapes with random weights. */
  model: string | null;
  options: Omit<LmBenchmarkOptions, "folder">;
}

/** Options of a command line. */
export function benchLmOptions(args: string[]): BenchLmCommand {
  const { values } = parseCommand(args, {
    quick: { type: "boolean", default: false },
    model: { type: "string" },
    weights: { type: "string", default: "" },
    provider: { type: "string", default: "cpu" },
    threads: { type: "string", default: "" },
    prompt: { type: "string", default: "" },
    tokens: { type: "string", default: "" },
    rounds: { type: "string", default: "" },
    minutes: { type: "string", default: "" },
    wait: { type: "string", default: "20" },
    output: { type: "string", default: "" },
  });
  const [provider, ...others] = choices("provider", values.provider, PROVIDERS);
  if (provider === undefined || others.length > 0) {
    throw new CommandError(`Cannot benchmark: expected --provider cpu or webgpu, got "${values.provider}"`);
  }
  const defaults = values.quick ? QUICK : provider === "cpu" ? FULL : GPU;
  const one = (name: "prompt" | "tokens" | "rounds" | "threads", otherwise: number) =>
    values[name] === "" ? otherwise : counts(name, values[name])[0];
  const { physicalCores, logicalCores } = machineFacts();
  const name = provider === "cpu" ? "lm" : "lm-webgpu";
  return {
    output: values.output || projectPath("reports", "benchmarks", `${name}${values.quick ? "-quick" : ""}.json`),
    model: values.model ?? null,
    options: {
      weights: formats(values.weights || DEFAULT_WEIGHTS[provider], provider),
      provider,
      threads: one("threads", physicalCores ?? logicalCores),
      promptTokens: one("prompt", defaults.promptTokens),
      generatedTokens: one("tokens", defaults.generatedTokens),
      prompts: defaults.prompts,
      rounds: one("rounds", defaults.rounds),
      budgetMs: positive("minutes", values.minutes || String(defaults.minutes)) * 60_000,
      quietMs: positive("wait", values.wait) * 1000,
      readBytes: provider === "cpu" ? defaults.readBytes : DEVICE_READ_BYTES,
      control: !values.quick && provider === "cpu",
      peerPython: process.env.PEER_PYTHON || null,
    },
  };
}

function formats(text: string, provider: (typeof PROVIDERS)[number]): WeightFormat[] {
  const names = [...new Set(choices("weights", text, Object.keys(WEIGHT_FORMATS)))];
  if (names.length === 0) throw new CommandError("Cannot benchmark: expected --weights like fp32,int4, got none");
  if (provider === "cpu" && names.includes("fp16")) {
    throw new CommandError("Cannot benchmark: expected --weights fp32, int8, int4 on the CPU, got fp16");
  }
  return names.map((name) => WEIGHT_FORMATS[name]);
}

/** Runs `deno task bench:lm`. */
export async function benchLmMain(args: string[], terminal: Terminal, signal?: AbortSignal): Promise<number> {
  const { options, output, model } = benchLmOptions(args);
  if (options.peerPython === null) {
    terminal.line("PEER_PYTHON names no Python with transformers: ours is measured alone.");
  }
  const folder = await benchmarkedModel(model, terminal, signal);
  const write = (result: LmBenchmark) => writeFileAtomic(output, `${JSON.stringify(result)}\n`);
  const startMs = performance.now();
  const told = (text: string) => `${((performance.now() - startMs) / 1000).toFixed(0).padStart(4)} s  ${text}`;
  const result = await runLmBenchmark({
    ...options,
    folder,
    signal,
    onStep: (step) => terminal.live(told(step), true),
    onRound: async (soFar) => {
      const done = soFar.sides.map(({ name, generation }) => `${name} ${generation.medianMs.toFixed(0)}`).join(", ");
      terminal.line(told(`ms a token: ${done}`));
      await write(soFar);
    },
  });
  await write(result);
  terminal.line(lmTable(result));
  terminal.line(`\nWritten to ${output}`);
  return 0;
}

if (import.meta.main) await runCommand((args, signal) => benchLmMain(args, ownTerminal(), signal));
