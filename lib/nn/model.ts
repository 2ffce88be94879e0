// A model is a function from named inputs to named outputs; tracing it with symbolic tensors gives its graph.

import {
  checkShape,
  type Dim,
  type DType,
  type Graph,
  graph,
  type Initializer,
  input,
  locateError,
  type Parameter,
  parameter,
  type Tensor,
} from "../graph/mod.ts";

/** Dtype and shape of a model input; the first dimension is usually the name `"batch"`. */
export interface TensorSpec {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

/** Describes an input of a model: `tensor("float32", ["batch", 384])`. */
export function tensor(dtype: DType, shape: readonly Dim[]): TensorSpec {
  checkShape(shape, "Tensor");
  return { dtype, shape };
}

/** Where a layer declares its parameters; their names come from the path of scopes. */
export interface Scope {
  /** `encoder.layer0`, empty at the root. */
  readonly path: string;
  /** The scope of a part, `path.name`. */
  child(name: string): Scope;
  /**
   * Declares `path.name`.
   *
   * @throws {TypeError} when the name is taken: to share a parameter, pass the tensor on
   */
  parameter(
    name: string,
    shape: readonly number[],
    options: { initializer: Initializer; trainable?: boolean },
  ): Parameter;
}

/** What a model's function is told beside its inputs. */
export interface ForwardOptions {
  /** True while the graph is traced for training (dropout is active). */
  readonly training: boolean;
  /** Number of the training step, a float32 scalar fed at each step; null when not training. */
  readonly step: Tensor | null;
}

/** Name of the input that holds the number of the training step, in graphs whose loss depends on it. */
export const TRAINING_STEP = "trainingStep";

/** Inputs to outputs, over symbolic tensors. */
export type Forward = (
  scope: Scope,
  inputs: Readonly<Record<string, Tensor>>,
  options: ForwardOptions,
) => Record<string, Tensor>;

/** A model: name, inputs and function. Weights are kept apart, in checkpoints. */
export interface Model {
  readonly name: string;
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  /** Traces the model; parameters appear in the order in which the function declares them. */
  trace(options?: Partial<ForwardOptions>): Graph;
  /** Applies the model to tensors of one's own, for example to put a loss on its outputs. */
  apply(inputs: Readonly<Record<string, Tensor>>, options?: Partial<ForwardOptions>): Record<string, Tensor>;
}

/**
 * Defines a model.
 *
 * @param name letters, digits and hyphens
 * @param forward pure: the same inputs give the same graph
 *
 * @example
 * ```ts
 * import { linear, model, tensor } from "lib/nn/mod.ts";
 * const probe = model("probe", { inputs: { x: tensor("float32", ["batch", 8]) } }, (scope, { x }) => ({
 *   y: linear(scope.child("head"), x, 2),
 * }));
 * const names = probe.trace().parameters.map(({ source }) => source.name);
 * if (names.join() !== "head.weight,head.bias") throw new Error("names come from the scope's path");
 * ```
 */
export function model(
  name: string,
  { inputs }: { inputs: Readonly<Record<string, TensorSpec>> },
  forward: Forward,
): Model {
  const apply: Model["apply"] = (tensors, { training = false, step = null } = {}) => {
    try {
      return forward(rootScope(name), tensors, { training, step });
    } catch (error) {
      throw locateError(error);
    }
  };
  return {
    name,
    inputs,
    apply,
    trace: (options) => graph(name, apply(inputTensors(inputs), options)),
  };
}

/** Symbolic inputs for specs, by name. */
export function inputTensors(specs: Readonly<Record<string, TensorSpec>>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(specs).map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)]));
}

function rootScope(modelName: string): Scope {
  const taken = new Set<string>();
  const scopeAt = (path: string): Scope => ({
    path,
    child: (name) => scopeAt(path ? `${path}.${name}` : name),
    parameter(name, shape, options) {
      const full = path ? `${path}.${name}` : name;
      if (taken.has(full)) throw new TypeError(`Model ${modelName}: two parameters are called "${full}"`);
      taken.add(full);
      return parameter(full, shape, options);
    },
  });
  return scopeAt("");
}
