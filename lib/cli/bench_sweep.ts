// deno task bench:sweep: the time of a whole sweep beside Optuna with PyTorch, when PEER_PYTHON names a Python that has both.

import process from "node:process";
import { runSweepBenchmark, SWEEP_SUBJECT, type SweepBenchmarkOptions } from "../bench/mod.ts";
import { BENCH_OPTIONS, counts, outputFile, runIntoFile, runOptions } from "./bench_options.ts";
import { parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

const RATES = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2];
const FULL = { rates: RATES, seedCount: 5, epochs: 5 };
const QUICK = { rates: [1e-3, 3e-3], seedCount: 2, epochs: 1 };
const ROUNDS = { full: "4", quick: "2" };
const MINUTES = { full: 90, quick: 10 };

/** Options of a command line. */
export function benchSweepOptions(args: string[]): { output: string; options: SweepBenchmarkOptions } {
  const { threads: _, ...shared } = BENCH_OPTIONS;
  const { values } = parseCommand(args, { ...shared, dim: { type: "string", default: "256" } });
  const { quick } = values;
  const blocks = values.blocks || (quick ? ROUNDS.quick : ROUNDS.full);
  const run = runOptions({ ...values, blocks }, quick ? MINUTES.quick : MINUTES.full);
  return {
    output: outputFile("sweep", values),
    options: {
      ...run,
      // A sample takes half a minute: a turn is one of them, and nothing has to settle.
      turns: { blocks: run.turns.blocks, blockMs: 1, minSteps: 1, maxSteps: 1, settleSteps: 0 },
      study: { ...(quick ? QUICK : FULL), studentDim: counts("dim", values.dim)[0], batchSize: 256 },
      peerPython: process.env.PEER_PYTHON || null,
    },
  };
}

/** Runs `deno task bench:sweep`; writes reports/benchmarks/sweep.json, or sweep-quick.json with --quick. */
export async function benchSweepMain(args: string[], terminal: Terminal, signal?: AbortSignal): Promise<number> {
  const { options, output } = benchSweepOptions(args);
  if (options.peerPython === null) {
    terminal.line("PEER_PYTHON names no Python with optuna and torch: ours is measured against itself only.");
  }
  return await runIntoFile(
    SWEEP_SUBJECT,
    { output, terminal },
    (onProgress) => runSweepBenchmark({ ...options, signal, onProgress }),
  );
}

if (import.meta.main) await runCommand((args, signal) => benchSweepMain(args, ownTerminal(), signal));
