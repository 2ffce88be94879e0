// deno task bench:train: ms a step and samples/s, beside PyTorch when PEER_PYTHON names a Python that has it.

import process from "node:process";
import { runTrainBenchmark, type TrainBenchmarkOptions, trainTable } from "../bench/mod.ts";
import { projectPath, writeFileAtomic } from "../process/mod.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

const STUDENT_DIMS = [256, 512, 1024, 2048, 4096, 8192];
const BATCH_SIZES = [32, 256];
const FULL_TURNS = { blocks: 20, blockMs: 150, minSteps: 4 };
const QUICK_TURNS = { blocks: 6, blockMs: 60, minSteps: 3 };

/** Options of a command line. */
export function benchTrainOptions(args: string[]): { output: string; options: TrainBenchmarkOptions } {
  const { values } = parseCommand(args, {
    quick: { type: "boolean", default: false },
    threads: { type: "string", default: "2" },
    sizes: { type: "string", default: STUDENT_DIMS.join(",") },
    batches: { type: "string", default: BATCH_SIZES.join(",") },
    wait: { type: "string", default: "30" },
    output: { type: "string", default: "" },
  });
  const name = values.quick ? "train-quick.json" : "train.json";
  return {
    output: values.output || projectPath("reports", "benchmarks", name),
    options: {
      studentDims: counts("sizes", values.sizes),
      batchSizes: counts("batches", values.batches),
      threads: counts("threads", values.threads)[0],
      attempts: values.quick ? 1 : 3,
      quietMs: counts("wait", values.wait)[0] * 1000,
      turns: values.quick ? QUICK_TURNS : FULL_TURNS,
      peerPython: process.env.PEER_PYTHON || null,
    },
  };
}

function counts(name: string, text: string): number[] {
  return text.split(",").map((part) => {
    const value = Number(part);
    if (Number.isInteger(value) && value >= 1) return value;
    throw new CommandError(`Cannot benchmark: expected --${name} to be integers from 1, got "${part}"`);
  });
}

/** Runs `deno task bench:train`; writes reports/benchmarks/train.json, or train-quick.json with --quick. */
export async function benchTrainMain(args: string[], terminal: Terminal, signal?: AbortSignal): Promise<number> {
  const { options, output } = benchTrainOptions(args);
  if (options.peerPython === null) terminal.line("PEER_PYTHON names no Python with torch: ours is measured alone.");
  const result = await runTrainBenchmark({
    ...options,
    signal,
    onCell: ({ studentDim, batchSize, verdict }, done, total) =>
      terminal.live(`${done} of ${total} sizes measured: ${studentDim} x ${batchSize} ${verdict}`, false),
  });
  await writeFileAtomic(output, `${JSON.stringify(result)}\n`);
  terminal.line(trainTable(result));
  terminal.line(`\nWritten to ${output}`);
  return 0;
}

if (import.meta.main) await runCommand((args, signal) => benchTrainMain(args, ownTerminal(), signal));
