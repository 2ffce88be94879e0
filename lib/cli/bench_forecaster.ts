// deno task bench:forecaster: updates and calls of the largest forecaster on a GPU, beside PyTorch where PEER_PYTHON names a Python that
// has it; recorded in reports/benchmarks/forecaster.json for notebook 04.

import process from "node:process";
import { type ForecasterBenchmarkOptions, runForecasterBenchmark } from "../bench/forecaster_benchmark.ts";
import { FORECASTER_SIZES, type ForecasterSize } from "../models/forecaster.ts";
import { projectPath, writeFileAtomic } from "../process/mod.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

const FULL = { minMs: 2000, minCount: 30, maxMs: 120_000 };
const QUICK = { minMs: 100, minCount: 5, maxMs: 20_000 };

/** Options of a command line. */
export function benchForecasterOptions(args: string[]): { output: string; options: ForecasterBenchmarkOptions } {
  const { values } = parseCommand(args, {
    quick: { type: "boolean", default: false },
    size: { type: "string", default: "full" },
    providers: { type: "string", default: "webgpu" },
    output: { type: "string", default: "" },
  });
  const { quick, size, providers, output } = values;
  if (!FORECASTER_SIZES.includes(size as ForecasterSize)) {
    throw new CommandError(`Cannot benchmark: expected --size ${FORECASTER_SIZES.join(", ")}, got "${size}"`);
  }
  return {
    output: output || projectPath("reports", "benchmarks", quick ? "forecaster-quick.json" : "forecaster.json"),
    options: {
      size: size as ForecasterSize,
      context: 32,
      horizon: 5,
      batchSize: 32,
      accumulationSteps: 2,
      inferBatches: [1, 8, 32, 128],
      providers: providers.split(","),
      settings: { limits: quick ? QUICK : FULL, warmUpMs: quick ? 100 : 2000, processes: quick ? 1 : 3 },
      peerPython: process.env.PEER_PYTHON || null,
      turns: { blocks: quick ? 4 : 12, blockMs: quick ? 60 : 200, minSteps: quick ? 3 : 10 },
    },
  };
}

/** Runs `deno task bench:forecaster`. */
export async function benchForecasterMain(args: string[], terminal: Terminal): Promise<number> {
  const { options, output } = benchForecasterOptions(args);
  if (options.peerPython === null) terminal.line("PEER_PYTHON names no Python with torch: ours is measured alone.");
  const result = await runForecasterBenchmark({
    ...options,
    onTiming: ({ what, side, rows, verdict, timeMs, reasons }) =>
      terminal.line(
        `${what} of ${rows} on ${side}: ${timeMs ? `${timeMs.value.toPrecision(4)} ms, ` : ""}${verdict} ${
          reasons.join("; ")
        }`,
      ),
  });
  await writeFileAtomic(output, `${JSON.stringify(result)}\n`);
  terminal.line(`\nWritten to ${output}`);
  return 0;
}

if (import.meta.main) await runCommand((args) => benchForecasterMain(args, ownTerminal()));
