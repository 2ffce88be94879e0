// Calls of a model on the CPU beside Python's onnxruntime, which loads the same .onnx file: one call after another, inputs and
// outputs in memory that stays where it is. Outputs must agree before anything is timed.

import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { type ChildOptions, projectPath, startChild } from "../process/mod.ts";
import type { BenchmarkSubject, MeasuredCells } from "./benchmark.ts";
import { outputProblems, readValues, writeExchange } from "./infer_exchange.ts";
import { type InferSubject, inferSubjectName } from "./infer_subject.ts";
import { type CellPlan, runCells, type RunOptions } from "./run_cells.ts";
import type { PreparedCell } from "./cell.ts";
import { peerChild } from "./peer_child.ts";
import type { OpenedSide, SideSettings } from "./side.ts";

/** Options of `runInferBenchmark`. */
export interface InferBenchmarkOptions extends RunOptions {
  subjects: readonly InferSubject[];
  /** Rows a call. */
  batchSizes: readonly number[];
  /** Inside one operator, of all sides alike; every size is measured with each. */
  threads: readonly number[];
  /** A Python with onnxruntime, or null to measure our side alone. */
  peerPython: string | null;
}

/** What infer.json is about. */
export const INFER_SUBJECT: BenchmarkSubject = {
  benchmark: "infer",
  subject:
    "calls of 384-S-192-S-384 in fp32 (or of a file) on the CPU, on uniform random rows; a step is a call, a sample the mean of calls of about a millisecond together; peers load the same .onnx file",
};

const CHILD_DEADLINE_MS = 30 * 60_000;
/** Work of a call of a file in the order of cells, which its size tells nothing about. */
const WORK_OF_FILE = 1024;
const PYTHON_MODES = { "Python run()": "run", "Python IOBinding": "iobinding" } as const;

interface InferPlan extends CellPlan {
  model: InferSubject;
}

/**
 * Measures all subjects at all batch sizes with all numbers of threads; with each number, a control and the time of a call of
 * nearly no work.
 *
 * @throws {Error} when our side fails, or the Python has no onnxruntime
 */
export async function runInferBenchmark(options: InferBenchmarkOptions): Promise<MeasuredCells> {
  const { subjects, batchSizes, threads, peerPython } = options;
  if (peerPython !== null) await requireOnnxRuntime(peerPython);
  const plans = threads.flatMap((count) => [
    planOf("overhead", "no work", { batchSize: 1, threads: count }),
    planOf("control", subjects[0], { batchSize: batchSizes[0], threads: count }),
    ...subjects.flatMap((subject) =>
      batchSizes.map((batchSize) => planOf("cell", subject, { batchSize, threads: count }))
    ),
  ]);
  return await runCells(plans, async (plan, measure) => {
    const { model, batchSize } = plan as InferPlan;
    const folder = await writeExchange(model, batchSize);
    try {
      return await measure(prepare(plan as InferPlan, { folder, peerPython }));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, options);
}

function planOf(kind: CellPlan["kind"], model: InferSubject, size: { batchSize: number; threads: number }): InferPlan {
  const width = model === "no work" ? 0 : "file" in model ? WORK_OF_FILE : model.studentDim;
  const work = width * size.batchSize / size.threads;
  const absolute = model !== "no work" && "file" in model ? { ...model, file: resolve(model.file) } : model;
  return { kind, subject: inferSubjectName(model), ...size, work, model: absolute };
}

function prepare(
  { kind, model, batchSize, threads }: InferPlan,
  { folder, peerPython }: { folder: string; peerPython: string | null },
): PreparedCell {
  const ours: SideSettings = {
    name: "ours",
    role: "ours",
    settings: typeof model === "object" && "file" in model
      ? "openOnnxFile(), bind(), then await run()"
      : "compile(), bind(), then await run()",
    child: {
      module: projectPath("lib", "bench", "infer_child.ts"),
      args: [folder, JSON.stringify(model), String(batchSize), String(threads)],
      deadlineMs: CHILD_DEADLINE_MS,
    },
  };
  const peers = Object.entries(PYTHON_MODES).map(([name, mode]): SideSettings => ({
    name,
    role: "rival",
    settings: mode === "run" ? "session.run()" : "run_with_iobinding(), inputs and outputs bound once",
    child: pythonChild(peerPython, [folder, mode, String(threads)]),
  }));
  const others = kind === "control" ? [{ ...ours, name: "ours again", role: "rival" } as const] : peers;
  return { sides: [ours, ...others], check: (_, peer) => checkOutputs(folder, peer) };
}

function pythonChild(python: string | null, args: string[]): ChildOptions | string {
  if (python === null) return "PEER_PYTHON names no Python with onnxruntime";
  return { ...peerChild(python, "infer_onnxruntime.py", { args }), deadlineMs: CHILD_DEADLINE_MS };
}

function checkOutputs(folder: string, { name }: OpenedSide): string[] {
  const mode = PYTHON_MODES[name as keyof typeof PYTHON_MODES];
  if (!mode) return []; // the control
  return outputProblems(readValues(folder, "ours"), readValues(folder, mode)).map((problem) => `${name}: ${problem}`);
}

async function requireOnnxRuntime(python: string): Promise<void> {
  const options = { command: python, args: ["-c", "import numpy, onnxruntime"], deadlineMs: 120_000 };
  const { exitCode, stderrTail } = await startChild(options).result;
  if (exitCode === 0) return;
  const why = stderrTail.trim().slice(-500);
  throw new Error(`Cannot benchmark against Python: ${python} cannot import numpy and onnxruntime: ${why}`);
}
