// Executing a graph with tfjs: one call of a kernel per operation, in the graph's order; a value is disposed after its last use.

import type * as Tf from "@tensorflow/tfjs";
import {
  atOrigin,
  constantValues,
  describe,
  type Graph,
  type Operation,
  type Tensor,
  topologicalOrder,
} from "../../graph/mod.ts";
import { checkFeeds, checkValue, leavesOf } from "../feeds.ts";
import type { ArrayValue, BoundRun, Session } from "../session.ts";
import { copyTo, fromTensor, tfjsData, tfjsDType, toTensor } from "./arrays.ts";
import { tfjsKernel } from "./kernels.ts";
import type { Kernel, KernelCall } from "./kernel.ts";
import { activate, loadTfjs, type Tfjs, type TfjsBackendName, tfjsBackendName } from "./load.ts";

/** Options of an executor. */
export interface TfjsOptions {
  /** Default: `tfjs-node` where its native library is installed, else `tfjs`. */
  backend?: TfjsBackendName;
  /** Threads of TensorFlow, which the first executor on `tfjs-node` decides for its process. Default 0: one a logical core. */
  threads?: number;
  /** Parameter values to keep in the executor, by name; the others are fed at each run. */
  weights?: Readonly<Record<string, ArrayValue>>;
}

/** A session that says what computes it. */
export interface TfjsExecutor extends Session {
  readonly backend: TfjsBackendName;
}

/**
 * Prepares a graph for tfjs. It computes in float32 what the graph declares as float64, and in int32 all integers.
 *
 * @throws {TypeError} when an operator has no tfjs kernel, or a tensor is float16
 * @throws {Error} when `tfjs-node` is asked for and not installed
 *
 * @example
 * ```ts
 * import { graph, input, relu } from "lib/graph/mod.ts";
 * import { tfjsExecutor } from "lib/runtime/mod.ts";
 * const executor = await tfjsExecutor(graph("positive", { y: relu(input("x", "float32", ["n"])) }), { backend: "tfjs" });
 * const { y } = await executor.run({ x: { dtype: "float32", shape: [2], data: Float32Array.of(-1, 2) } });
 * if (y.data[1] !== 2) throw new Error("relu keeps 2");
 * await executor.release();
 * ```
 */
// deno-lint-ignore require-await -- as compile(): what goes wrong is a rejected promise
export async function tfjsExecutor(graph: Graph, options: TfjsOptions = {}): Promise<TfjsExecutor> {
  const { backend = tfjsBackendName(), threads = 0, weights = {} } = options;
  const steps = plan(graph);
  return new Executor(loadTfjs(backend, { threads }), { graph, backend, steps, weights });
}

/** One operation, and the values that no later one needs. */
interface Step {
  readonly operation: Operation;
  readonly kernel: Kernel;
  readonly lastUses: readonly Tensor[];
}

function plan(graph: Graph): Step[] {
  const operations = topologicalOrder(Object.values(graph.outputs));
  const later = new Set<Tensor>(Object.values(graph.outputs));
  const steps = operations.toReversed().map((operation): Step => {
    const touched = new Set([...operation.inputs, ...operation.outputs]);
    for (const { dtype } of touched) tfjsDType(dtype);
    const lastUses = [...touched].filter((tensor) => !later.has(tensor) && constantValues(tensor) === null);
    for (const tensor of touched) later.add(tensor);
    return { operation, kernel: tfjsKernel(operation.type, atOrigin(operation)), lastUses };
  });
  return steps.reverse();
}

class Executor implements TfjsExecutor {
  readonly graph: Graph;
  readonly backend: TfjsBackendName;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly #leaves: Readonly<Record<string, Tensor>>;
  readonly #steps: readonly Step[];
  /** Constants, once they are used as tensors, and stored weights: they stay until release. */
  readonly #kept = new Map<Tensor, Tf.Tensor>();

  constructor(
    private readonly tf: Tfjs,
    { graph, backend, steps, weights }: {
      graph: Graph;
      backend: TfjsBackendName;
      steps: readonly Step[];
      weights: Readonly<Record<string, ArrayValue>>;
    },
  ) {
    this.graph = graph;
    this.backend = backend;
    this.#steps = steps;
    this.#leaves = leavesOf(graph);
    this.inputNames = Object.keys(this.#leaves).filter((name) => !(name in weights));
    this.outputNames = Object.keys(graph.outputs);
    for (const leaf of graph.parameters) {
      const { name } = leaf.source;
      if (!(name in weights)) continue;
      checkValue(name, leaf, weights[name]);
      this.#kept.set(leaf, tf.keep(toTensor(tf, { ...weights[name], data: weights[name].data.slice() })));
    }
  }

  run(feeds: Readonly<Record<string, ArrayValue>>): Promise<Record<string, ArrayValue>> {
    const values = (tensors: Readonly<Record<string, Tf.Tensor>>) =>
      Object.entries(tensors).map(([name, tensor]) =>
        [name, fromTensor(tensor, this.graph.outputs[name].dtype)] as const
      );
    return Promise.resolve().then(() => Object.fromEntries(this.#withResults(feeds, values)));
  }

  bind(feeds: Readonly<Record<string, ArrayValue>>, fetches: Readonly<Record<string, ArrayValue>>): BoundRun {
    checkFeeds(feeds, this.#leaves, this.inputNames);
    for (const [name, value] of Object.entries(fetches)) checkValue(name, this.graph.outputs[name], value);
    return {
      run: () =>
        Promise.resolve().then(() =>
          this.#withResults(feeds, (tensors) => {
            for (const [name, { data }] of Object.entries(fetches)) copyTo(data, tensors[name]);
          })
        ),
    };
  }

  release(): Promise<void> {
    this.tf.dispose([...this.#kept.values()]);
    this.#kept.clear();
    return Promise.resolve();
  }

  /** Computes, and reads the results outside of tidy, which would walk every element of an array that it returns. */
  #withResults<T>(
    feeds: Readonly<Record<string, ArrayValue>>,
    read: (tensors: Readonly<Record<string, Tf.Tensor>>) => T,
  ): T {
    checkFeeds(feeds, this.#leaves, this.inputNames);
    activate(this.tf, this.backend);
    const tensors = this.tf.tidy(() => this.#compute(feeds));
    try {
      return read(tensors);
    } finally {
      this.tf.dispose(tensors);
    }
  }

  #compute(feeds: Readonly<Record<string, ArrayValue>>): Record<string, Tf.Tensor> {
    const values = new Map(this.inputNames.map((name) => [this.#leaves[name], toTensor(this.tf, feeds[name])]));
    const valueOf = (tensor: Tensor) => values.get(tensor) ?? this.#keptValue(tensor);
    for (const { operation, kernel, lastUses } of this.#steps) {
      const results = this.#applied(operation, kernel, valueOf);
      operation.outputs.forEach((tensor, i) => values.set(tensor, Array.isArray(results) ? results[i] : results));
      for (const tensor of lastUses) {
        values.get(tensor)?.dispose();
        values.delete(tensor);
      }
    }
    // Clones, since two outputs can be one tensor, or one that is kept.
    return Object.fromEntries(
      Object.entries(this.graph.outputs).map(([name, tensor]) => [name, valueOf(tensor).clone()]),
    );
  }

  /** The kernel's results; what else it made is disposed. */
  #applied(operation: Operation, kernel: Kernel, valueOf: (tensor: Tensor) => Tf.Tensor): Tf.Tensor | Tf.Tensor[] {
    try {
      return this.tf.tidy(() => kernel(this.#call(operation, valueOf)));
    } catch (cause) {
      const inputs = operation.inputs.map(describe).join(", ");
      const why = `${(cause as Error).message}${atOrigin(operation)}`;
      throw new Error(`Cannot apply ${operation.type} to ${inputs} with ${this.backend}: ${why}`, { cause });
    }
  }

  #call({ inputs, attributes }: Operation, valueOf: (tensor: Tensor) => Tf.Tensor): KernelCall {
    return {
      tf: this.tf,
      count: inputs.length,
      attributes,
      input: (index) => valueOf(inputs[index]),
      // The shape rules of lib/graph have already refused inputs that are not constants here.
      numbers: (index) => [...constantValues(inputs[index])!],
    };
  }

  #keptValue(tensor: Tensor): Tf.Tensor {
    const known = this.#kept.get(tensor);
    if (known) return known;
    const values = constantValues(tensor);
    if (!values) throw new Error("internal: a tensor is used before it is computed");
    const data = tfjsData(values, tensor.dtype);
    const made = this.tf.keep(this.tf.tensor(data, tensor.shape as number[], tfjsDType(tensor.dtype)));
    this.#kept.set(tensor, made);
    return made;
  }
}
