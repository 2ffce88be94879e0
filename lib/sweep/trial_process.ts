// The process of one trial: started by a run, it trains what it is told, reports epochs, and ends. Whatever happens in here,
// the run only sees reports that stop coming.

import { writeFileSync } from "node:fs";
import process from "node:process";
import { constant, graph, input, matMul } from "../graph/mod.ts";
import { connectParent, ownMemory, type Parent } from "../process/mod.ts";
import { compile } from "../runtime/mod.ts";
import { deserializeProgram, openTrainingData, trainProgram } from "../train/mod.ts";
import type { TrialOrder, TrialReport } from "./messages.ts";

async function main(): Promise<void> {
  const parent = connectParent();
  const { signal } = parent;
  const order = await firstMessage(parent);
  const report = (message: TrialReport) => parent.send(message);
  try {
    await runTrial(order, { report, signal });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    report({ type: "error", name, message });
    console.error(error);
    process.exit(1);
  }
  process.exit(0); // else a listener for signals may keep the process waiting
}

async function runTrial(
  { definition, checkpointDir, threads }: TrialOrder,
  { report, signal }: { report: (message: TrialReport) => void; signal: AbortSignal },
): Promise<void> {
  const program = deserializeProgram(definition.program);
  const data = await openTrainingData(definition.data);
  await warmUpEngine();
  const memory = new PeakMemory();
  report({ type: "ready", baselineRssBytes: memory.baselineRssBytes });
  const settings = { ...definition.settings, threads };
  const run = trainProgram(program, data, { settings, checkpointDir, signal });
  for await (const summary of run) {
    memory.sample();
    report({ type: "epoch", summary });
  }
  const { history, bestEpoch, stopped, steps, parameterCount } = await run.result;
  const result = { history, bestEpoch, stopped, steps, parameterCount };
  report({ type: "result", result, peakRssBytes: memory.end() });
}

/** Computes something small: what the engine itself needs is then not counted as the model's. */
async function warmUpEngine(): Promise<void> {
  const x = input("x", "float32", ["batch", 4]);
  const session = await compile(graph("warm-up", { y: matMul(x, constant(Array(16).fill(1), { shape: [4, 4] })) }));
  await session.run({ x: { dtype: "float32", shape: [2, 4], data: new Float32Array(8) } });
  await session.release();
}

async function firstMessage({ messages }: Parent): Promise<TrialOrder> {
  for await (const message of messages) return message as TrialOrder;
  throw new Error("Cannot run a trial: expected to be told which, got nothing");
}

/**
 * Memory from now on. Linux: the kernel's own peak, reset at the start. Elsewhere it cannot be reset, and loading the data may
 * have taken more for a moment than training does: the memory is sampled between steps.
 */
class PeakMemory {
  readonly baselineRssBytes: number;
  #peakRssBytes: number;
  #isExact: boolean;
  #timer: ReturnType<typeof setInterval>;

  constructor() {
    (globalThis as { gc?: () => void }).gc?.();
    this.#isExact = resetPeak();
    this.baselineRssBytes = ownMemory().rssBytes;
    this.#peakRssBytes = this.baselineRssBytes;
    this.#timer = setInterval(() => this.sample(), 50);
    this.#timer.unref?.();
  }

  sample(): void {
    const { rssBytes, peakRssBytes } = ownMemory();
    this.#peakRssBytes = Math.max(this.#peakRssBytes, this.#isExact ? peakRssBytes : rssBytes);
  }

  /** The highest memory since the start. */
  end(): number {
    clearInterval(this.#timer);
    this.sample();
    return this.#peakRssBytes;
  }
}

/** Makes the highest memory so far (VmHWM) the present one; false where the system cannot. */
function resetPeak(): boolean {
  if (process.platform !== "linux") return false;
  try {
    writeFileSync("/proc/self/clear_refs", "5");
    return true;
  } catch {
    return false;
  }
}

main();
