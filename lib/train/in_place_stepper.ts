// The CPU engine at work: gradients from ONNX Runtime, accumulation, clipping and the update by the kernel, all in place.

import type { Column } from "../data/mod.ts";
import type { ArrayValue } from "../runtime/mod.ts";
import { clipFactor, regionNorm } from "./clipping.ts";
import type { CpuStepper } from "./cpu_stepper.ts";
import type { UpdateThreads } from "./kernel/update_threads.ts";
import type { SizedSteps } from "./sized_steps.ts";
import type { TrainingState } from "./state.ts";
import { type BatchRows, fillBatch } from "./training_data.ts";

/** What a stepper is put together from. */
export interface StepperParts {
  state: TrainingState;
  weights: Readonly<Record<string, ArrayValue>>;
  sized: SizedSteps;
  updater: UpdateThreads;
  maxGradientNorm?: number;
  columns: Readonly<Record<string, Column>>;
}

/** See `cpuStepper`. */
export class InPlaceStepper implements CpuStepper {
  readonly state: TrainingState;
  readonly weights: Readonly<Record<string, ArrayValue>>;
  #accumulated = 0;
  #lossSum = 0;

  constructor(private readonly parts: StepperParts) {
    this.state = parts.state;
    this.weights = parts.weights;
  }

  get batch(): Readonly<Record<string, Float32Array>> {
    return this.parts.sized.current.batch;
  }

  resize(sizes: Readonly<Record<string, number>>): Promise<void> {
    return this.parts.sized.resize(sizes);
  }

  load(batch: BatchRows): void {
    fillBatch(this.batch, this.parts.columns, batch);
  }

  async accumulate(): Promise<void> {
    const { memories } = this.state;
    if (!memories.every(({ offsets }) => "accumulated" in offsets)) {
      throw new TypeError("Cannot accumulate gradients: expected a stepper made with accumulationSteps above 1");
    }
    await this.#addBatch("while accumulating");
    this.#sumGradients();
  }

  async step({ step, learningRate }: { step: number; learningRate: number }): Promise<number> {
    const when = `at step ${step} with learning rate ${learningRate}`;
    await this.#addBatch(when);
    if (this.#accumulated > 1) this.#sumGradients();
    const gradientRegion = this.#accumulated > 1 ? "accumulated" : "gradient";
    const batches = this.#accumulated;
    const gradientScale = this.#clip(gradientRegion, when) / batches;
    this.parts.updater.update({ step, learningRate, gradientScale, gradientRegion });
    const loss = this.#lossSum / batches;
    this.#reset();
    return loss;
  }

  /** Computes loss and gradients of the batch. */
  async #addBatch(when: string): Promise<void> {
    const { run, loss: written } = this.parts.sized.current;
    await run.run();
    const [loss] = written;
    if (!Number.isFinite(loss)) {
      this.#reset();
      throw new RangeError(`Training diverged: the loss is ${loss} ${when}`);
    }
    this.#accumulated++;
    this.#lossSum += loss;
  }

  #sumGradients(): void {
    this.state.memories.forEach(({ offsets, count }, i) =>
      this.parts.updater.kernels[i].addInto(offsets.accumulated, offsets.gradient, count)
    );
  }

  /** The factor that brings the norm of the averaged gradients to its limit, 1 below it. */
  #clip(region: string, when: string): number {
    const { maxGradientNorm, updater } = this.parts;
    if (maxGradientNorm === undefined) return 1;
    const norm = regionNorm(this.state.memories, updater, region) / this.#accumulated;
    if (!Number.isFinite(norm)) {
      this.#reset();
      throw new RangeError(`Training diverged: the norm of the gradients is ${norm} ${when}`);
    }
    return clipFactor(norm, maxGradientNorm);
  }

  #reset(): void {
    for (const { memory, offsets, count } of this.state.memories) {
      if ("accumulated" in offsets) new Float32Array(memory.buffer, offsets.accumulated, count).fill(0);
    }
    this.#accumulated = 0;
    this.#lossSum = 0;
  }

  readParameters(): Promise<Record<string, ArrayValue>> {
    return Promise.resolve({ ...this.weights });
  }

  readState(): Promise<Record<string, ArrayValue>> {
    return Promise.resolve(Object.fromEntries(
      this.#carried().map(([name, data, shape]) => [
        name,
        { dtype: data instanceof Uint8Array ? "uint8" : "float32", shape, data },
      ]),
    ));
  }

  writeState(state: Readonly<Record<string, ArrayValue>>): Promise<void> {
    for (const [name, target] of this.#carried()) target.set(state[name].data as Float32Array);
    return Promise.resolve();
  }

  /** Everything that a step carries over to the next, as views. */
  #carried(): [name: string, data: Float32Array | Uint8Array, shape: readonly number[]][] {
    return this.state.parameters.flatMap(({ name, shape, parameter, carried }) => [
      [`parameter/${name}`, parameter, shape] as [string, Float32Array, readonly number[]],
      ...Object.entries(carried).map(([region, data]) =>
        [`${region}/${name}`, data, data.length === parameter.length ? shape : [data.length]] as [
          string,
          Float32Array | Uint8Array,
          readonly number[],
        ]
      ),
    ]);
  }

  /** What it was prepared from is released by its owner; see `PreparedStepper`. */
  release(): Promise<void> {
    return Promise.resolve();
  }
}
