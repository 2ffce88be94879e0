// A process of trials: it trains what it is told, reports epochs, and takes the next order, with engine, data and, where the
// program is the same, compiled sessions still there. It ends when there are no more messages. Whatever happens in here, the run
// only sees reports that stop coming.

import process from "node:process";
import { connectParent, ownMemory, PeakMemory, sha256Hex } from "../process/mod.ts";
import { warmUpEngine } from "../runtime/mod.ts";
import {
  deserializeProgram,
  KeptSessions,
  openTrainingData,
  type SerializedProgram,
  type TrainingData,
  type TrainingProgram,
  trainProgram,
} from "../train/mod.ts";
import type { StopRequest, TrialOrder, TrialReport } from "./messages.ts";
import type { TrialDefinition } from "./trial.ts";

const PULSE_MS = 1000;
/** What may stay in memory from one trial to the next; a larger model's sessions are freed. */
const KEPT_BYTES = 192 * 2 ** 20;

const parent = connectParent();
const report = (message: TrialReport) => parent.send(message);

/** Runs trials one after the other. */
class TrialServer {
  readonly #sessions = new KeptSessions();
  #program: { hash: string; program: TrainingProgram } | null = null;
  #data: { key: string; data: TrainingData } | null = null;
  #emptyRssBytes: number | null = null;

  /** @param signal lets the trial save a checkpoint and end */
  async serve(order: TrialOrder, signal: AbortSignal): Promise<void> {
    try {
      await this.#run(order, signal);
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      report({ type: "error", name, message });
      // A learning rate that is too high is no reason to distrust the process; anything else is.
      if (!message.startsWith("Training diverged")) {
        console.error(error);
        process.exit(1);
      }
    }
    await this.#tidy();
    report({ type: "idle", rssBytes: ownMemory().rssBytes });
  }

  async #run({ definition, checkpointDir, threads }: TrialOrder, signal: AbortSignal): Promise<void> {
    const program = this.#programOf(definition.program);
    const data = await this.#dataOf(definition.data);
    if (this.#emptyRssBytes === null) await warmUpEngine("cpu", { flushDenormals: true });
    const memory = new PeakMemory();
    this.#emptyRssBytes ??= memory.baselineRssBytes;
    report({ type: "ready", baselineRssBytes: memory.baselineRssBytes });
    try {
      const settings = { ...definition.settings, threads };
      const run = trainProgram(program, data, { settings, checkpointDir, signal, sessions: this.#sessions });
      for await (const summary of run) {
        memory.sample();
        report({ type: "epoch", summary });
      }
      const { history, bestEpoch, stopped, steps, parameterCount } = await run.result;
      const result = { history, bestEpoch, stopped, steps, parameterCount };
      report({ type: "result", result, peakRssBytes: memory.end() });
    } finally {
      memory.end();
    }
  }

  /** The same object for the same program: sessions are kept for it. */
  #programOf(serialized: SerializedProgram): TrainingProgram {
    const hash = sha256Hex(JSON.stringify(serialized));
    if (this.#program?.hash !== hash) this.#program = { hash, program: deserializeProgram(serialized) };
    return this.#program.program;
  }

  /** The last data are kept: their hash says that they are the same. */
  async #dataOf(reference: TrialDefinition["data"]): Promise<TrainingData> {
    const key = JSON.stringify(reference);
    if (this.#data?.key !== key) {
      this.#data = null; // first: two sets need not be in memory together
      this.#data = { key, data: await openTrainingData(reference) };
    }
    return this.#data.data;
  }

  async #tidy(): Promise<void> {
    if (ownMemory().rssBytes - (this.#emptyRssBytes ?? 0) > KEPT_BYTES) await this.#sessions.release();
  }
}

async function main(): Promise<void> {
  const server = new TrialServer();
  const pulse = setInterval(() => report({ type: "pulse", rssBytes: ownMemory().rssBytes }), PULSE_MS);
  let stopping = new AbortController();
  let orders: Promise<void> = Promise.resolve();
  const exit = () => process.exit(0); // without it a listener for signals may keep the process waiting
  parent.signal.addEventListener("abort", () => {
    stopping.abort(parent.signal.reason);
    orders.then(exit);
  });
  for await (const message of parent.messages as AsyncIterable<TrialOrder | StopRequest>) {
    if ("stop" in message) stopping.abort(new Error("the run stops this trial"));
    else {
      const { signal } = stopping = new AbortController();
      orders = orders.then(() => server.serve(message, signal));
    }
  }
  await orders;
  clearInterval(pulse);
  exit();
}

main();
