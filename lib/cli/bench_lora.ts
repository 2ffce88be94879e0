// deno task bench:lora: LoRA updates at the shapes of LFM2-1.2B beside peft where PEER_PYTHON names a Python that has it; with --leak, whether
// what a process holds grows over 500 iterations of a small model.

import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import {
  type LeakResult,
  type LoraBenchmark,
  type LoraBenchmarkOptions,
  measureLeak,
  QUICK_MODEL,
  runLoraBenchmark,
} from "../bench/mod.ts";
import { readSafetensorsHeader } from "../data/mod.ts";
import { LFM2_1_2B_SOURCE, modelFolder } from "../models/fetched_models.ts";
import { projectPath, writeFileAtomic } from "../process/mod.ts";
import type { Estimate } from "../statistics/mod.ts";
import { gigabytes, inDigits } from "./amounts.ts";
import { benchmarkedModel } from "./benchmarked_model.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";
import { WEIGHT_FORMATS } from "./weight_formats.ts";

const LEAKED_ITERATIONS = 500;
const PLANTED_BYTES = 20_480;
const SETTLE_MS = 10_000;

/** A command line, understood. */
export interface BenchLoraCommand {
  readonly leak: boolean;
  /** Null: the fetched model where it is, else one with random weights. */
  readonly model: string | null;
  readonly output: string;
  readonly iterations: number;
  readonly options: Omit<LoraBenchmarkOptions, "work" | "weights"> & {
    work: Omit<LoraBenchmarkOptions["work"], "folder">;
  };
}

/** Options of a command line. */
export function benchLoraOptions(args: string[]): BenchLoraCommand {
  const { values } = parseCommand(args, {
    leak: { type: "boolean", default: false },
    model: { type: "string" },
    tokens: { type: "string", default: "70" },
    iterations: { type: "string", default: "" },
    "warm-up": { type: "string", default: "2" },
    rounds: { type: "string", default: "2" },
    rank: { type: "string", default: "16" },
    layers: { type: "string", default: "8" },
    weights: { type: "string", default: "fp32" },
    provider: { type: "string", default: "cpu" },
    threads: { type: "string", default: "0" },
    output: { type: "string", default: "" },
  });
  const { leak, provider, weights } = values;
  if (provider !== "cpu" && provider !== "webgpu") {
    throw new CommandError(`Cannot benchmark: expected --provider cpu or webgpu, got "${provider}"`);
  }
  if (!Object.hasOwn(WEIGHT_FORMATS, weights)) {
    throw new CommandError(
      `Cannot benchmark: expected --weights ${Object.keys(WEIGHT_FORMATS).join(", ")}, got "${weights}"`,
    );
  }
  const rank = whole("rank", values.rank, 1);
  const lora = {
    ...{ rank, alpha: 2 * rank, dropout: 0 },
    lastLayers: whole("layers", values.layers, 1),
    targetModules: ["q_proj", "v_proj"],
  };
  const name = leak ? "lora-leak" : provider === "webgpu" ? "lora-webgpu" : "lora";
  const iterations = whole("iterations", values.iterations || (leak ? String(LEAKED_ITERATIONS) : "20"), 1);
  return {
    leak,
    model: values.model ?? null,
    output: values.output || projectPath("reports", "benchmarks", `${name}.json`),
    iterations,
    options: {
      work: {
        ...{ lora, provider, baseFormat: WEIGHT_FORMATS[weights] },
        tokens: whole("tokens", values.tokens, 1),
        threads: whole("threads", values.threads, 0),
      },
      iterations,
      warmUp: whole("warm-up", values["warm-up"], 0),
      rounds: whole("rounds", values.rounds, 1),
      peerPython: process.env.PEER_PYTHON || null,
    },
  };
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= least) return value;
  throw new CommandError(`Cannot benchmark: expected --${name} to be an integer from ${least}, got "${text}"`);
}

/** Runs `deno task bench:lora`. */
export async function benchLoraMain(args: string[], terminal: Terminal, signal?: AbortSignal): Promise<number> {
  const command = benchLoraOptions(args);
  return command.leak ? await leakMain(command, terminal, signal) : await speedMain(command, terminal, signal);
}

async function speedMain({ model, output, options }: BenchLoraCommand, terminal: Terminal, signal?: AbortSignal) {
  const { folder, weights } = await folderOf(model, terminal, signal);
  if (options.peerPython === null) terminal.line("PEER_PYTHON names no Python with peft: ours is measured alone.");
  const result = await runLoraBenchmark({
    ...options,
    work: { ...options.work, folder },
    weights,
    signal,
    onProcess: (side, round, medianMs) =>
      terminal.line(`${side}, process ${round + 1}: ${inDigits(medianMs / 1000)} s an update`),
  });
  await writeFileAtomic(output, `${JSON.stringify(result)}\n`);
  for (const line of speedLines(result)) terminal.line(line);
  terminal.line(`\nWritten to ${output}`);
  return 0;
}

/** The model that is measured, the fetched one where none is named, and what its weights are. */
async function folderOf(model: string | null, terminal: Terminal, signal?: AbortSignal) {
  const fetched = modelFolder(LFM2_1_2B_SOURCE.name);
  const named = model ?? (existsSync(join(fetched, "config.json")) ? fetched : null);
  const folder = await benchmarkedModel(named, terminal, signal);
  const path = join(folder, "model.safetensors");
  const made = existsSync(path) ? (await readSafetensorsHeader(path)).metadata.weights : undefined;
  return { folder, weights: made ?? "a trained model's" };
}

function speedLines(
  { sides, time, memoryRatio, trainingMemoryRatio, verdict, reasons, weights, work, peerAbsent }: LoraBenchmark,
): string[] {
  return [
    `weights: ${weights}; ${work.tokens} tokens, rank ${work.lora.rank}, last ${work.lora.lastLayers} layers`,
    ...sides.map((
      { name, iterationsPerSecond: speed, tokensPerSecond: tokens, peakRssBytes, peakDeviceBytes, version },
    ) =>
      `${name.padEnd(5)} ${inDigits(speed.value)} iterations/s [${inDigits(speed.interval.low)}, ${
        inDigits(speed.interval.high)
      }], ${inDigits(tokens.value)} tokens/s, ${gigabytes(peakRssBytes)} at most${
        peakDeviceBytes === null ? "" : `, ${gigabytes(peakDeviceBytes)} on the device`
      }${version === null ? "" : ` (${version})`}`
    ),
    ...(time === null ? [`no peer: ${peerAbsent}`] : [
      `ours / peft: time ${time.ratio.toFixed(3)} [${time.low.toFixed(3)}, ${time.high.toFixed(3)}], memory ${
        memoryRatio!.toFixed(3)
      }${trainingMemoryRatio === null ? "" : ` (${trainingMemoryRatio.toFixed(3)} once the models are ready)`}`,
    ]),
    `${verdict}${reasons.length > 0 ? `: ${reasons.join("; ")}` : ""}`,
  ];
}

async function leakMain(
  { output, iterations, options: { work } }: BenchLoraCommand,
  terminal: Terminal,
  signal?: AbortSignal,
) {
  const order = { config: QUICK_MODEL, iterations, tokens: work.tokens, threads: work.threads, settleMs: SETTLE_MS };
  const plain = await measureLeak(order, { signal });
  terminal.line(leakLine("as it is", plain));
  const planted = await measureLeak({ ...order, plantedBytes: PLANTED_BYTES }, { signal });
  terminal.line(leakLine(`with a leak of ${PLANTED_BYTES} bytes planted`, planted));
  await writeFileAtomic(output, `${JSON.stringify({ schemaVersion: 1, benchmark: "lora-leak", plain, planted })}\n`);
  terminal.line(`Written to ${output}`);
  if (planted.leak !== "found") terminal.line("The planted leak was not found: this says nothing about leaks.");
  return plain.leak === "none" && planted.leak === "found" ? 0 : 1;
}

const LEAKS = { none: "below", found: "above", unclear: "neither below nor above" };

function leakLine(name: string, { slope, residentSlope, leak, boundBytes, windows }: LeakResult): string {
  const bytes = ({ value, interval: { low, high } }: Estimate) =>
    `${Math.round(value)} bytes an iteration [${Math.round(low)}, ${Math.round(high)}]`;
  const speeds = windows.map(({ from, to, iterationsPerSecond: { value } }) =>
    `${from + 1}-${to} ${inDigits(value)} iterations/s`
  );
  return `${name}: ${bytes(slope)}, ${LEAKS[leak]} ${boundBytes}; resident ${bytes(residentSlope)}; ${
    speeds.join(", ")
  }`;
}

if (import.meta.main) await runCommand((args, signal) => benchLoraMain(args, ownTerminal(), signal));
