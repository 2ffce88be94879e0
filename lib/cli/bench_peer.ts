// `bench run --peer`: the same file beside Python's onnxruntime, in turns, with an A/A control of our side; so that our numbers can be
// checked against another program's.

import process from "node:process";
import { benchmarkTable, type DimensionSizes, INFER_SUBJECT, mergeRun, runInferBenchmark } from "../bench/mod.ts";
import { machineFacts } from "../runtime/mod.ts";
import { runOptions } from "./bench_options.ts";
import { CommandError } from "./command.ts";
import type { Terminal } from "./terminal.ts";

const SAMPLE_MS = 1;
const MINUTES = 5;

/** What is measured. */
export interface PeerRun {
  file: string;
  sizes: DimensionSizes;
  batchSizes: readonly number[];
  threads: number;
  peerPython: string;
}

/** The Python that PEER_PYTHON names. */
export function requirePeer(): string {
  const path = process.env.PEER_PYTHON;
  if (path) return path;
  throw new CommandError("Cannot benchmark beside Python: PEER_PYTHON names no Python with onnxruntime");
}

/**
 * Measures our CPU side and Python's in turns, and prints the ratios beside that of ours to itself.
 */
export async function benchPeer(
  { file, sizes, batchSizes, threads, peerPython }: PeerRun,
  { quick, wait }: { quick: boolean; wait: string },
  { terminal, signal }: { terminal: Terminal; signal?: AbortSignal },
): Promise<void> {
  const run = runOptions({ quick, wait, blocks: "", minutes: "", output: "" }, MINUTES);
  const measured = await runInferBenchmark({
    ...run,
    turns: { ...run.turns, sampleMs: SAMPLE_MS },
    subjects: [{ file, sizes }],
    batchSizes,
    threads: [threads],
    peerPython,
    signal,
    onProgress: ({ done, total, last }) => terminal.live(`Python: ${done} of ${total}; ${last}`, false),
  });
  terminal.line(`\n${benchmarkTable(mergeRun(null, measured, { ...INFER_SUBJECT, machine: machineFacts() }))}`);
  const [control] = measured.controls;
  const floor = control?.comparison;
  for (const { batchSize, comparison } of measured.cells) {
    if (!comparison) continue;
    const within = floor && comparison.low <= Math.max(1, floor.high) && comparison.high >= Math.min(1, floor.low);
    const says = within ? "no difference beyond that of ours to itself" : "a difference beyond that of ours to itself";
    terminal.line(
      `Batch ${batchSize}, ours over ${comparison.peer}: ${interval(comparison)}: ${says}${
        floor ? ` (${interval(floor)})` : ""
      }`,
    );
  }
}

const interval = ({ ratio, low, high }: { ratio: number; low: number; high: number }) =>
  `${ratio.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
