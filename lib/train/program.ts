// What is trained, as graphs: the forward model, the loss and the metrics, traced once from a model's code.

import {
  cast,
  concreteShape,
  deserializeGraph,
  fixDims,
  type Graph,
  graph,
  input,
  isFloating,
  locateError,
  type SerializedGraph,
  serializeGraph,
  type Tensor,
} from "../graph/mod.ts";
import { inputTensors, type Model, type TensorSpec, TRAINING_STEP } from "../nn/mod.ts";

/** Named symbolic tensors: a model's outputs, or the tensors of a batch. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** From a model's outputs and the batch (inputs and targets by name) to a scalar that is the mean over rows. */
export type Loss = (outputs: Tensors, batch: Tensors) => Tensor;

/** From outputs and batch to named values: one a row, `[batch]`, or scalars that are means over rows. */
export type Metrics = (outputs: Tensors, batch: Tensors) => Record<string, Tensor>;

/** A model made trainable. All graphs keep the named dimension `batch`. */
export interface TrainingProgram {
  /** Model inputs to model outputs, as it is used. */
  readonly forward: Graph;
  /** Batch tensors (float32 all, as columns are) to `loss`, as it is trained; dropout also takes `trainingStep`. */
  readonly loss: Graph;
  /** Batch tensors to `loss` and the metrics, as it is validated. */
  readonly metrics: Graph;
}

/** A program as plain JSON. */
export interface SerializedProgram {
  forward: SerializedGraph;
  loss: SerializedGraph;
  metrics: SerializedGraph;
}

/** A model and what it is trained for. */
export interface ProgramOptions {
  model: Model;
  loss: Loss;
  metrics?: Metrics;
  /** Batch tensors beyond the model's inputs, such as labels. */
  targets?: Readonly<Record<string, TensorSpec>>;
}

/**
 * Traces model, loss and metrics.
 *
 * @throws {TypeError} when the loss is no floating scalar or does not depend on one of the model's parameters, or a metric is
 *   neither a scalar nor `[batch]`
 *
 * @example
 * ```ts
 * import { lnspStudent } from "lib/models/lnsp.ts";
 * import { meanSquaredError } from "lib/nn/mod.ts";
 * import { traceProgram } from "lib/train/mod.ts";
 * const program = traceProgram({
 *   model: lnspStudent({ studentDim: 8 }),
 *   loss: ({ output }, { x }) => meanSquaredError(output, x),
 * });
 * if (program.loss.outputs.loss.shape.length !== 0) throw new Error("the loss is a scalar");
 * ```
 */
export function traceProgram({ model, loss, metrics, targets = {} }: ProgramOptions): TrainingProgram {
  const taken = Object.keys(targets).find((name) => name in model.inputs);
  if (taken) throw new TypeError(`Cannot trace ${model.name}: "${taken}" is both an input and a target`);
  if (TRAINING_STEP in { ...model.inputs, ...targets }) {
    throw new TypeError(`Cannot trace ${model.name}: "${TRAINING_STEP}" is the name of the step number`);
  }
  const lossGraph = (training: boolean): Tensors => {
    const batch = batchTensors({ ...model.inputs, ...targets });
    const inputs = Object.fromEntries(Object.keys(model.inputs).map((name) => [name, batch[name]]));
    const step = training ? input(TRAINING_STEP, "float32", []) : null;
    const outputs = model.apply(inputs, { training, step });
    const value = expectScalar(`loss of ${model.name}`, traced(() => loss(outputs, batch)));
    return training
      ? { loss: value }
      : { loss: value, ...expectMetrics(model.name, traced(() => metrics?.(outputs, batch) ?? {})) };
  };
  const program = {
    forward: model.trace(),
    loss: graph(`${model.name}-loss`, lossGraph(true)),
    metrics: graph(`${model.name}-metrics`, lossGraph(false)),
  };
  expectAllReached(model.name, program);
  return program;
}

/** What losses and metrics refuse, with the line that called them. */
function traced<T>(write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw locateError(error);
  }
}

/** Batch tensors in the dtypes of their specs, cast from float32 inputs: whole numbers are exact up to 2^24. */
function batchTensors(specs: Readonly<Record<string, TensorSpec>>): Tensors {
  const rows = Object.entries(specs).map(([name, { shape }]) => [name, { dtype: "float32", shape }] as const);
  const inputs = Object.entries(inputTensors(Object.fromEntries(rows)));
  return Object.fromEntries(inputs.map(([name, rows]) => {
    const { dtype } = specs[name];
    return [name, dtype === "float32" ? rows : cast(rows, dtype)];
  }));
}

/** A parameter that the loss does not reach would be in no checkpoint, and the model could not be run from it. */
function expectAllReached(modelName: string, { forward, loss, metrics }: TrainingProgram): void {
  const names = ({ parameters }: Graph) => parameters.map(({ source }) => source.name);
  const reached = new Set(names(loss));
  const missed = [...new Set([...names(forward), ...names(metrics)])].filter((name) => !reached.has(name));
  if (missed.length > 0) {
    throw new TypeError(`Cannot train ${modelName}: its loss does not depend on ${missed.join(", ")}`);
  }
}

function expectScalar(label: string, value: Tensor): Tensor {
  if (value.shape.length !== 0 || !isFloating(value.dtype)) {
    throw new TypeError(
      `Cannot train: expected the ${label} to be a floating scalar, got ${value.dtype} [${value.shape}]`,
    );
  }
  return value;
}

function expectMetrics(modelName: string, metrics: Record<string, Tensor>): Record<string, Tensor> {
  for (const [name, { shape, dtype }] of Object.entries(metrics)) {
    if (name === "loss") throw new TypeError(`Cannot trace ${modelName}: a metric cannot be called "loss"`);
    if (shape.length > 1 || (shape.length === 1 && shape[0] !== "batch") || !isFloating(dtype)) {
      throw new TypeError(
        `Cannot trace ${modelName}: expected metric ${name} to be a scalar or [batch], got [${shape}]`,
      );
    }
  }
  return metrics;
}

/** The program as plain JSON, for a trial that runs elsewhere. */
export function serializeProgram({ forward, loss, metrics }: TrainingProgram): SerializedProgram {
  return { forward: serializeGraph(forward), loss: serializeGraph(loss), metrics: serializeGraph(metrics) };
}

/** The program that was serialized. */
export function deserializeProgram({ forward, loss, metrics }: SerializedProgram): TrainingProgram {
  return { forward: deserializeGraph(forward), loss: deserializeGraph(loss), metrics: deserializeGraph(metrics) };
}

/** Shape of one row of a batch tensor: its shape without the leading `batch`, named dimensions in the sizes given. */
export function rowShape(tensor: Tensor, name: string, sizes: Readonly<Record<string, number>> = {}): number[] {
  if (tensor.shape[0] !== "batch") {
    throw new TypeError(
      `Cannot train: expected batch tensor ${name} to have a first dimension "batch", got [${tensor.shape}]`,
    );
  }
  return concreteShape(fixDims(tensor.shape.slice(1), sizes), `Batch tensor ${name}`);
}
