// What computes loss and gradients for a size of the batch: sessions that read the state and the frozen weights where they are, compiled once
// a size and kept.

import {
  bindDimensions,
  elementCount,
  formatShape,
  type GradientOptions,
  gradients,
  type Graph,
  graph,
  type Parameter,
} from "../graph/mod.ts";
import { initialValues } from "../nn/mod.ts";
import type { ArrayValue, BoundRun, Session } from "../runtime/mod.ts";
import type { GradientEngine, StepperOptions } from "./cpu_stepper.ts";
import type { FrozenWeights } from "./lora/base.ts";
import type { TrainingState } from "./state.ts";

const gradientName = (parameterName: string) => `gradient:${parameterName}`;

/** The loss and the gradient of each trained parameter, as one graph. */
export function gradientGraph(fixed: Graph, trained: readonly Parameter[], { segments }: GradientOptions = {}): Graph {
  const named = gradients(fixed.outputs.loss, trained, { segments }).map((gradient, i) =>
    [gradientName(trained[i].source.name), gradient] as const
  );
  return graph(`${fixed.name}-step`, { loss: fixed.outputs.loss, ...Object.fromEntries(named) });
}

/** A value over an array, by default a new one. */
export const float32 = (shape: readonly number[], data: Float32Array = new Float32Array(elementCount(shape))) =>
  ({ dtype: "float32", shape, data }) as const satisfies ArrayValue;

/**
 * Values of all parameters: views of the state for those that are trained; of the others those that are given, left out when they lie in
 * files, or new memory.
 */
export function parameterWeights(
  { parameters }: Graph,
  state: TrainingState,
  frozen: FrozenWeights = { parameters: {} },
): Record<string, ArrayValue> {
  const others = parameters.filter(({ source: { name, trainable } }) => !trainable && !frozen.external?.tensors[name]);
  return Object.fromEntries([
    ...state.parameters.map(({ name, shape, parameter }) => [name, float32(shape, parameter)] as const),
    ...others.map((leaf) => {
      const { name } = leaf.source;
      return [name, frozen.parameters[name] ?? float32(leaf.shape as number[])] as const;
    }),
  ]);
}

/** Writes first values: those that are given, else drawn ones; frozen values stay as they are. */
export function fillParameters(
  parameters: readonly Parameter[],
  weights: Readonly<Record<string, ArrayValue>>,
  { seed, initial = {}, given = {} }: {
    seed: number;
    initial?: Readonly<Record<string, ArrayValue>>;
    given?: Readonly<Record<string, ArrayValue>>;
  },
): void {
  const known = new Set(parameters.map(({ source }) => source.name));
  const unknown = Object.keys(initial).find((name) => !known.has(name));
  if (unknown !== undefined) throw new TypeError(`Cannot train: expected initial values of parameters, got ${unknown}`);
  for (const leaf of parameters) {
    const { name } = leaf.source;
    if (!weights[name] || given[name]) continue;
    const target = weights[name].data as Float32Array;
    const first = initial[name];
    if (!first) initialValues(leaf, seed, target);
    else if (first.dtype === "float32" && formatShape(first.shape) === formatShape(leaf.shape)) {
      target.set(first.data as Float32Array);
    } else {
      const got = `${first.dtype} ${formatShape(first.shape)}`;
      throw new TypeError(`Cannot train: expected ${name} float32 ${formatShape(leaf.shape)}, got ${got}`);
    }
  }
}

/** What a session reads and writes. */
interface BoundTo {
  fixed: Graph;
  state: TrainingState;
  weights: Readonly<Record<string, ArrayValue>>;
  /** Arrays of the batch that another run reads too. Default: new ones. */
  batch?: Readonly<Record<string, Float32Array>>;
  /** Whether the session computes gradients. Default true. */
  withGradients?: boolean;
}

/** Binds a session of loss and gradients to the state. */
export function bindArrays(session: Session, { fixed, state, weights, batch: given, withGradients = true }: BoundTo) {
  const batch = Object.entries(fixed.inputs).map(([name, { shape }]) =>
    [name, float32(shape as number[], given?.[name])] as const
  );
  const loss = new Float32Array(1);
  const fetches = Object.fromEntries([
    ["loss", float32([], loss)] as const,
    ...(withGradients ? state.parameters : []).map(({ name, shape, gradient }) =>
      [gradientName(name), float32(shape, gradient)] as const
    ),
  ]);
  return {
    batch: Object.fromEntries(batch.map(([name, { data }]) => [name, data])),
    loss,
    run: session.bind({ ...Object.fromEntries(batch), ...weights }, fetches),
  };
}

/** A step that is ready to run: batch tensors to be filled, the loss that it writes. */
export interface SizedStep {
  readonly batch: Readonly<Record<string, Float32Array>>;
  readonly loss: Float32Array;
  readonly run: BoundRun;
}

/** What all sizes share. */
interface Shared extends Required<Pick<GradientEngine, "compileGradients" | "layout">> {
  readonly lossGraph: Graph;
  readonly trained: readonly Parameter[];
  readonly state: TrainingState;
  readonly weights: Readonly<Record<string, ArrayValue>>;
  readonly options: StepperOptions;
}

/** The compiled steps of a stepper, one a size. */
export class SizedSteps {
  readonly #shared: Shared;
  readonly #sessions: Session[] = [];
  readonly #steps = new Map<string, SizedStep>();
  #sizes: Readonly<Record<string, number>>;
  #current!: SizedStep;

  private constructor(shared: Shared) {
    this.#shared = shared;
    this.#sizes = { batch: shared.options.batchSize, ...shared.options.sizes };
  }

  static async open(shared: Shared): Promise<SizedSteps> {
    const steps = new SizedSteps(shared);
    await steps.resize({});
    return steps;
  }

  get current(): SizedStep {
    return this.#current;
  }

  /** Makes the step of these sizes the current one; a size that is left out stays. */
  async resize(changed: Readonly<Record<string, number>>): Promise<void> {
    const sizes = { ...this.#sizes, ...changed };
    const key = JSON.stringify(Object.entries(sizes).sort(([a], [b]) => (a < b ? -1 : 1)));
    if (!this.#steps.has(key)) this.#steps.set(key, await this.#compile(sizes));
    this.#sizes = sizes;
    this.#current = this.#steps.get(key)!;
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.splice(0)) await session.release();
  }

  async #compile(sizes: Readonly<Record<string, number>>): Promise<SizedStep> {
    const { lossGraph, trained, state, weights, options, compileGradients, layout } = this.#shared;
    const fixed = layout(bindDimensions(lossGraph, sizes));
    const { segments, threads = 0, frozen } = options;
    const session = await compileGradients(gradientGraph(fixed, trained, { segments }), {
      threads,
      leanMemory: segments !== undefined || frozen !== undefined,
      weightsInPlace: frozen !== undefined,
      external: frozen?.external,
    });
    this.#sessions.push(session);
    return bindArrays(session, { fixed, state, weights });
  }
}
