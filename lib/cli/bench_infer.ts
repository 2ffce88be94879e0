// deno task bench:infer: time of a call of a model, beside Python's onnxruntime when PEER_PYTHON names a Python that has it.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { INFER_SUBJECT, type InferBenchmarkOptions, type InferSubject, runInferBenchmark } from "../bench/mod.ts";
import { BENCH_OPTIONS, counts, outputFile, runIntoFile, runOptions } from "./bench_options.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

const DEFAULTS = {
  full: { sizes: "256,1024", batches: "1,8,32,128,1024", minutes: 10 },
  quick: { sizes: "256", batches: "1,32", minutes: 2 },
};
/** A call of some microseconds is far shorter than what a clock and a garbage collection cost: samples are means. */
const SAMPLE_MS = 1;

/** Options of a command line; the path of --model is from where the command was started. */
export function benchInferOptions(args: string[]): { output: string; options: InferBenchmarkOptions } {
  const { values } = parseCommand(args, {
    ...BENCH_OPTIONS,
    sizes: { type: "string", default: "" },
    batches: { type: "string", default: "" },
    model: { type: "string", default: "" },
  });
  const defaults = values.quick ? DEFAULTS.quick : DEFAULTS.full;
  const run = runOptions(values, defaults.minutes);
  return {
    output: outputFile("infer", values),
    options: {
      ...run,
      turns: { ...run.turns, sampleMs: SAMPLE_MS },
      subjects: subjects(values, defaults.sizes),
      batchSizes: counts("batches", values.batches || defaults.batches),
      threads: counts("threads", values.threads),
      peerPython: process.env.PEER_PYTHON || null,
    },
  };
}

/** A file takes the place of the students, unless sizes are given too. */
function subjects({ model, sizes }: { model: string; sizes: string }, defaultSizes: string): InferSubject[] {
  const file = model === "" ? null : resolve(process.env.INIT_CWD ?? process.cwd(), model);
  if (file !== null && !existsSync(file)) throw new CommandError(`Cannot benchmark: there is no file ${model}`);
  const students = sizes === "" && file !== null ? [] : counts("sizes", sizes || defaultSizes);
  return [...students.map((studentDim) => ({ studentDim })), ...(file === null ? [] : [{ file }])];
}

/** Runs `deno task bench:infer`; cells are merged into reports/benchmarks/infer.json, or infer-quick.json with --quick. */
export async function benchInferMain(args: string[], terminal: Terminal, signal?: AbortSignal): Promise<number> {
  const { options, output } = benchInferOptions(args);
  if (options.peerPython === null) {
    terminal.line("PEER_PYTHON names no Python with onnxruntime: ours is measured alone.");
  }
  return await runIntoFile(
    INFER_SUBJECT,
    { output, terminal },
    (onProgress) => runInferBenchmark({ ...options, signal, onProgress }),
  );
}

if (import.meta.main) await runCommand((args, signal) => benchInferMain(args, ownTerminal(), signal));
