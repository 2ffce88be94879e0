// What one run compiled, kept for the next run of the same program: trials of a sweep that differ in seed or learning rate share
// their graphs, and compiling takes longer than a hundred steps of a small model. A kept session gives the same bits as a new one.

import type { Graph } from "../graph/mod.ts";
import { compile, type Session } from "../runtime/mod.ts";
import { prepareCpuStepper, type PreparedStepper, type Stepper, type StepperOptions } from "./cpu_stepper.ts";

interface Kept<T> {
  graph: Graph;
  settings: string;
  value: T;
}

/** Keeps at most one step and one validation session. For one run at a time. */
export class KeptSessions {
  #step: Kept<PreparedStepper> | null = null;
  #validation: Kept<Session> | null = null;

  /** A stepper at its beginning: the kept one, when graph (the same object) and sizes are those it was made for. */
  async stepper(lossGraph: Graph, options: StepperOptions): Promise<Stepper> {
    const settings = settingsOf(options);
    if (this.#step?.graph !== lossGraph || this.#step.settings !== settings) {
      await this.release(); // first: two models need not be in memory together
      this.#step = { graph: lossGraph, settings, value: await prepareCpuStepper(lossGraph, options) };
    }
    return this.#step.value.start(options);
  }

  /** The session that validates. */
  async validation(metrics: Graph, { threads }: { threads: number }): Promise<Session> {
    const settings = String(threads);
    if (this.#validation?.graph !== metrics || this.#validation.settings !== settings) {
      await this.#validation?.value.release();
      this.#validation = null;
      this.#validation = { graph: metrics, settings, value: await compile(metrics, { threads }) };
    }
    return this.#validation.value;
  }

  /** Frees what is kept; the next run makes it anew. */
  async release(): Promise<void> {
    const [step, validation] = [this.#step, this.#validation];
    this.#step = null;
    this.#validation = null;
    await step?.value.release();
    await validation?.value.release();
  }
}

/** What a prepared step cannot change. */
function settingsOf({ batchSize, optimizer, threads, accumulationSteps, segments, memoryLimitBytes }: StepperOptions) {
  const { kind } = optimizer;
  return JSON.stringify({ batchSize, kind, threads, accumulationSteps, segments, memoryLimitBytes });
}
