// The optimizer on several threads: a square root and a division per value keep one core busy for a third of a large model's
// step, so each thread updates a share of the values. Helpers sleep between steps and are woken through shared memory, which
// takes about six microseconds.

import { Worker } from "node:worker_threads";
import { projectPath } from "../../process/mod.ts";
import type { OptimizerSpec } from "../optimizer.ts";
import {
  alignmentValues,
  carriedRegions,
  GRADIENT_REGIONS,
  type KernelRegions,
  type KernelStep,
  type OptimizerKernel,
  optimizerKernel,
  scratchBytes,
} from "./optimizer_kernel.ts";

/** A memory and the regions in it. */
export interface UpdatedMemory extends KernelRegions {
  readonly memory: WebAssembly.Memory;
}

/** What a helper is started with. */
export interface HelperTask {
  optimizer: OptimizerSpec;
  /** Its share of each memory. */
  shares: UpdatedMemory[];
  signals: Int32Array;
  numbers: Float64Array;
  /** Where in `signals` it says that its share is done. */
  doneIndex: number;
}

/** In `signals`: the turn that helpers are called for; -1 ends them. Others lie a cache line apart. */
export const TURN_INDEX = 0;
const INDEX_STRIDE = 16;
/** A helper that needs longer than that has died. */
const DEADLINE_MS = 60_000;
/** Looks at a helper's signal before sleeping: sleeping costs more than the last microseconds of its share. */
const SPINS = 2000;

/** The numbers of a step as they stand in shared memory. */
function writeStep(numbers: Float64Array, step: KernelStep): void {
  const { gradientScale = 1, gradientRegion = "gradient" } = step;
  numbers.set([step.step, step.learningRate, gradientScale, GRADIENT_REGIONS.indexOf(gradientRegion)]);
}

/** The numbers of a step, read back. */
export function readStep([step, learningRate, gradientScale, region]: Float64Array): KernelStep {
  return { step, learningRate, gradientScale, gradientRegion: GRADIENT_REGIONS[region] };
}

/** The part `index` of `count` parts of a memory's values. */
function shareOf(whole: UpdatedMemory, optimizer: OptimizerSpec, index: number, count: number): UpdatedMemory {
  const alignment = alignmentValues(optimizer);
  const boundary = (part: number) => Math.floor(whole.count * part / count / alignment) * alignment;
  const start = boundary(index);
  const bytesAt = new Map(
    carriedRegions(optimizer).map(({ name, type, valuesPerElement }) =>
      [name, start / valuesPerElement * (type === "float32" ? 4 : 1)] as const
    ),
  );
  const offsets = Object.fromEntries(
    Object.entries(whole.offsets).map(([name, offset]) =>
      [name, offset + (name === "scratch" ? index * scratchBytes(optimizer) : bytesAt.get(name) ?? 4 * start)] as const
    ),
  );
  const end = index + 1 === count ? whole.count : boundary(index + 1);
  return { memory: whole.memory, offsets, count: end - start };
}

/** Applies an optimizer to all memories of a state. */
export class UpdateThreads {
  /** One a memory. */
  readonly kernels: readonly OptimizerKernel[];
  readonly #shares: UpdatedMemory[];
  readonly #signals: Int32Array;
  readonly #numbers = new Float64Array(new SharedArrayBuffer(64));
  readonly #helpers: Worker[] = [];
  #turn = 0;

  /** @param threads of them all; more than one need shared memories */
  constructor(memories: readonly UpdatedMemory[], optimizer: OptimizerSpec, threads: number) {
    const sharesOf = (index: number) => memories.map((memory) => shareOf(memory, optimizer, index, threads));
    this.#signals = new Int32Array(new SharedArrayBuffer(4 * INDEX_STRIDE * threads));
    this.#shares = sharesOf(0);
    this.kernels = memories.map(({ memory }) => optimizerKernel(memory, optimizer));
    for (let index = 1; index < threads; index++) {
      const task: HelperTask = {
        optimizer,
        shares: sharesOf(index),
        signals: this.#signals,
        numbers: this.#numbers,
        doneIndex: index * INDEX_STRIDE,
      };
      const module = projectPath("lib", "train", "kernel", "update_thread_process.ts");
      const helper = new Worker(module, { workerData: task });
      helper.unref(); // a stepper that is never released does not keep the process alive
      this.#helpers.push(helper);
    }
  }

  /** Updates parameters and what is carried over to the next step. */
  update(step: KernelStep): void {
    if (this.#helpers.length > 0) this.#call(step);
    this.#shares.forEach((share, i) => this.kernels[i].update(share, step));
    this.#helpers.forEach((_, i) => this.#await((i + 1) * INDEX_STRIDE));
  }

  /** Ends the helpers. */
  release(): void {
    Atomics.store(this.#signals, TURN_INDEX, -1);
    Atomics.notify(this.#signals, TURN_INDEX);
    this.#helpers.length = 0;
  }

  #call(step: KernelStep): void {
    writeStep(this.#numbers, step);
    this.#turn = this.#turn % (2 ** 31 - 1) + 1;
    Atomics.store(this.#signals, TURN_INDEX, this.#turn);
    Atomics.notify(this.#signals, TURN_INDEX);
  }

  #await(doneIndex: number): void {
    for (let spins = 0; spins < SPINS; spins++) if (Atomics.load(this.#signals, doneIndex) === this.#turn) return;
    for (let seen; (seen = Atomics.load(this.#signals, doneIndex)) !== this.#turn;) {
      if (Atomics.wait(this.#signals, doneIndex, seen, DEADLINE_MS) === "timed-out") {
        throw new Error(`Cannot update parameters: a helper thread did not answer within ${DEADLINE_MS / 1000} s`);
      }
    }
  }
}
