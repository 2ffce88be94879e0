// deno task bench:train: time of training steps beside other frameworks: PyTorch when PEER_PYTHON names a Python that has it,
// tfjs-node when its library is installed, jax-js. Cells that are measured again replace those of the same size and threads in
// the file, with all their peers: sides are compared only with what was measured beside them.

import process from "node:process";
import {
  runTrainBenchmark,
  TRAIN_PEERS,
  TRAIN_SUBJECT,
  type TrainBenchmarkOptions,
  type TrainSize,
} from "../bench/mod.ts";
import { BENCH_OPTIONS, choices, counts, outputFile, runIntoFile, runOptions } from "./bench_options.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

const STUDENT_DIMS = [256, 512, 1024, 2048, 4096, 8192];
const BATCH_SIZES = [32, 256, 1024];
const ALL_CELLS = STUDENT_DIMS.flatMap((dim) => BATCH_SIZES.map((batch) => `${dim}x${batch}`)).join(",");
const QUICK_CELLS = "256x32,1024x256";
const MINUTES = { full: 24, quick: 3 };
/** All sides keep as many rows in memory and take them in whole batches. */
const ROWS = 16384;

/** Options of a command line. */
export function benchTrainOptions(args: string[]): { output: string; options: TrainBenchmarkOptions } {
  const { values } = parseCommand(args, {
    ...BENCH_OPTIONS,
    cells: { type: "string", default: "" },
    peers: { type: "string", default: TRAIN_PEERS.join(",") },
  });
  const cells = values.cells || (values.quick ? QUICK_CELLS : ALL_CELLS);
  return {
    output: outputFile("train", values),
    options: {
      ...runOptions(values, values.quick ? MINUTES.quick : MINUTES.full),
      sizes: cells.split(",").map(trainSize),
      threads: counts("threads", values.threads),
      peers: choices("peers", values.peers, TRAIN_PEERS),
      peerPython: process.env.PEER_PYTHON || null,
    },
  };
}

function trainSize(text: string): TrainSize {
  const [, studentDim, batchSize] = /^([1-9]\d*)x([1-9]\d*)$/.exec(text) ?? [];
  if (batchSize && ROWS % Number(batchSize) === 0) {
    return { studentDim: Number(studentDim), batchSize: Number(batchSize) };
  }
  throw new CommandError(
    `Cannot benchmark: expected --cells like 256x32 with batches that divide ${ROWS}, got "${text}"`,
  );
}

/** Runs `deno task bench:train`; cells are merged into reports/benchmarks/train.json, or train-quick.json with --quick. */
export async function benchTrainMain(args: string[], terminal: Terminal, signal?: AbortSignal): Promise<number> {
  const { options, output } = benchTrainOptions(args);
  if (options.peerPython === null) {
    terminal.line("PEER_PYTHON names no Python with torch: there is no PyTorch beside ours.");
  }
  return await runIntoFile(
    TRAIN_SUBJECT,
    { output, terminal },
    (onProgress) => runTrainBenchmark({ ...options, signal, onProgress }),
  );
}

if (import.meta.main) await runCommand((args, signal) => benchTrainMain(args, ownTerminal(), signal));
