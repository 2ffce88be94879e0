// deno task bench:webgpu: ms a step on the GPU, beside PyTorch CUDA when PEER_PYTHON names a Python that has it, and beside
// jax-js with --jax-js.

import process from "node:process";
import { runWebGpuBenchmark, type WebGpuBenchmarkOptions, webgpuTable } from "../bench/mod.ts";
import { projectPath, writeFileAtomic } from "../process/mod.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

const SIZES = "256x256,256x4096,1024x4096,8192x4096";
const FULL_TURNS = { blocks: 12, blockMs: 200, minSteps: 10 };
const QUICK_TURNS = { blocks: 4, blockMs: 60, minSteps: 3 };

/** Options of a command line. */
export function benchWebGpuOptions(args: string[]): { output: string; options: WebGpuBenchmarkOptions } {
  const { values } = parseCommand(args, {
    quick: { type: "boolean", default: false },
    sizes: { type: "string", default: SIZES },
    "jax-js": { type: "boolean", default: false },
    variants: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    output: { type: "string", default: "" },
  });
  const name = values.quick ? "train-webgpu-quick.json" : "train-webgpu.json";
  return {
    output: values.output || projectPath("reports", "benchmarks", name),
    options: {
      sizes: values.sizes.split(",").map(cellSize),
      turns: values.quick ? QUICK_TURNS : FULL_TURNS,
      profile: values.profile,
      variants: values.variants,
      peerPython: process.env.PEER_PYTHON || null,
      peerJaxJs: values["jax-js"],
    },
  };
}

function cellSize(text: string): { studentDim: number; batchSize: number } {
  const [, studentDim, batchSize] = /^([1-9]\d*)x([1-9]\d*)$/.exec(text) ?? [];
  if (!batchSize || Number(batchSize) > 16384) {
    throw new CommandError(`Cannot benchmark: expected --sizes like 256x4096 with batches up to 16384, got "${text}"`);
  }
  return { studentDim: Number(studentDim), batchSize: Number(batchSize) };
}

/** Runs `deno task bench:webgpu`; writes reports/benchmarks/train-webgpu.json, or train-webgpu-quick.json with --quick. */
export async function benchWebGpuMain(args: string[], terminal: Terminal, signal?: AbortSignal): Promise<number> {
  const { options, output } = benchWebGpuOptions(args);
  if (options.peerPython === null) terminal.line("PEER_PYTHON names no Python with torch: ours is measured alone.");
  const result = await runWebGpuBenchmark({
    ...options,
    signal,
    onCell: async (soFar) => {
      const { studentDim, batchSize, verdict } = soFar.cells.at(-1)!;
      const done = `${soFar.cells.length} of ${options.sizes.length} sizes measured`;
      terminal.live(`${done}: ${studentDim} x ${batchSize} ${verdict}`, false);
      await writeFileAtomic(output, `${JSON.stringify(soFar)}\n`);
    },
  });
  terminal.line(webgpuTable(result));
  terminal.line(`\nWritten to ${output}`);
  return 0;
}

if (import.meta.main) await runCommand((args, signal) => benchWebGpuMain(args, ownTerminal(), signal));
