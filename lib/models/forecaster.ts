// The forecaster of "Performance Benchmarks for CBI-V15 on M4 Mac": a recurrent network whose last state attends to all states
// before it. The document names its parts (it quantizes LSTM and Linear layers, and recommends fused attention) and the sizes,
// 100K, 1M and 10M parameters and 45 MB of float32, that is 11.25M; widths and wiring are ours.

import { abs, add, gelu, reduceMean, slice, squeeze, sub, type Tensor } from "../graph/mod.ts";
import {
  gruCell,
  layerNorm,
  linear,
  lstmCell,
  meanSquaredError,
  type Model,
  model,
  multiHeadAttention,
  rowSquaredError,
  scanSequence,
  type Scope,
  tensor,
} from "../nn/mod.ts";

/** What is forecast from what. */
export interface SeriesShape {
  /** Values of a step, at least 1. */
  features: number;
  /** Steps that are seen. */
  context: number;
  /** Steps that are forecast. */
  horizon: number;
}

/** Settings of a forecaster. */
export interface ForecasterConfig extends SeriesShape {
  /** Width of the states, and of the attention. */
  hiddenDim: number;
  /** Width inside the block after the attention. */
  feedForwardDim: number;
  /** Recurrent layers. Default 2. */
  layers?: number;
  /** Heads of the attention; they divide hiddenDim. Default 4. */
  heads?: number;
  /** Default `lstm`. */
  cell?: "lstm" | "gru";
}

type CompleteConfig = Required<ForecasterConfig>;

/** Named sizes of a forecaster. */
export type ForecasterSize = "100k" | "1m" | "10m" | "full";

interface NamedSize {
  readonly parameters: number;
  readonly hiddenDim: number;
  readonly heads: number;
}

const SIZES: Readonly<Record<ForecasterSize, NamedSize>> = {
  "100k": { parameters: 100_000, hiddenDim: 64, heads: 4 },
  "1m": { parameters: 1_000_000, hiddenDim: 208, heads: 4 },
  "10m": { parameters: 10_000_000, hiddenDim: 640, heads: 8 },
  full: { parameters: 11_250_000, hiddenDim: 704, heads: 8 },
};

/** The sizes from small to large; `full` is what the document's 45 MB of float32 hold. */
export const FORECASTER_SIZES: readonly ForecasterSize[] = ["100k", "1m", "10m", "full"];

const CELLS = {
  lstm: { make: lstmCell, gates: 4 },
  gru: { make: gruCell, gates: 3 },
} as const;

/**
 * Steps projected at once while training: enough rows for a fast product, and few enough that little is left between the segments of
 * gradient checkpointing.
 */
const CHUNK_IN_TRAINING = 8;

/** Feed-forward widths are multiples of this, which vector instructions like. */
const WIDTH_STEP = 8;

/**
 * The settings of a named size for a series: states as wide as the size says, and a feed-forward block as wide as brings the
 * parameters to the number that the name promises, to within 1% (of 100K; larger ones to within 0.3%).
 *
 * @throws {RangeError} for an unknown size, or a series that leaves no room for the block
 *
 * @example
 * ```ts
 * import { forecaster, forecasterSettings } from "lib/models/forecaster.ts";
 * import { parameterCount } from "lib/graph/mod.ts";
 * const settings = forecasterSettings("1m", { features: 1, context: 64, horizon: 5 });
 * const count = parameterCount(forecaster(settings).trace());
 * if (Math.abs(count / 1e6 - 1) > 0.01) throw new Error("a million parameters");
 * ```
 */
export function forecasterSettings(
  size: ForecasterSize,
  series: SeriesShape,
  options: Pick<ForecasterConfig, "cell"> = {},
): CompleteConfig {
  if (!Object.hasOwn(SIZES, size)) {
    throw new RangeError(`Cannot build the forecaster: expected a size of ${FORECASTER_SIZES.join(", ")}, got ${size}`);
  }
  const { parameters, hiddenDim, heads } = SIZES[size];
  const settings = { ...series, ...options, hiddenDim, heads, layers: 2 };
  const count = (feedForwardDim: number) => forecasterParameterCount({ ...settings, feedForwardDim });
  const perUnit = count(2) - count(1);
  const units = (parameters - count(WIDTH_STEP)) / perUnit + WIDTH_STEP;
  const feedForwardDim = WIDTH_STEP * Math.round(units / WIDTH_STEP);
  if (feedForwardDim < WIDTH_STEP) {
    const { features, horizon } = series;
    throw new RangeError(
      `Cannot build the forecaster: expected ${parameters} parameters to hold ${features} features and a horizon of ${horizon}`,
    );
  }
  return complete({ ...settings, feedForwardDim });
}

/** Parameters that a name promises, before rounding: 11,250,000 for `full`. */
export function promisedParameters(size: ForecasterSize): number {
  return SIZES[size].parameters;
}

function complete(config: ForecasterConfig): CompleteConfig {
  const { layers = 2, heads = 4, cell = "lstm", ...widths } = config;
  for (const [name, value] of Object.entries({ ...widths, layers, heads })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(
        `Cannot build the forecaster: expected ${name} to be an integer of at least 1, got ${value}`,
      );
    }
  }
  if (!Object.hasOwn(CELLS, cell)) {
    throw new RangeError(
      `Cannot build the forecaster: expected a cell of ${Object.keys(CELLS).join(", ")}, got ${cell}`,
    );
  }
  return { ...widths, layers, heads, cell };
}

/**
 * The forecaster:
 *
 * ```
 * states = LSTM(... LSTM(x))                                   recurrent.0, recurrent.1
 * row    = norm(last + W attend(last to states))               attention, multi-head, one query
 * row    = norm(row + down gelu(up row))                       feedForward
 * output = W row + b                                           head
 * ```
 *
 * Only the last state asks: what the others would get from the attention is read by nothing. The keys have no bias, which a
 * softmax does not see. Parameters have the names and layout of PyTorch's `nn.LSTMCell`, `nn.Linear` and `nn.LayerNorm`.
 *
 * Inputs: `x [batch, context, features]`. Outputs: `output [batch, horizon]`, in the units of the targets.
 *
 * @throws {RangeError} for settings that are not integers of at least 1, heads that do not divide hiddenDim, or an unknown cell
 *
 * @example
 * ```ts
 * import { forecaster, forecasterParameterCount } from "lib/models/forecaster.ts";
 * import { parameterCount } from "lib/graph/mod.ts";
 * const config = { features: 3, context: 16, horizon: 5, hiddenDim: 8, feedForwardDim: 12 };
 * const graph = forecaster(config).trace();
 * if (graph.outputs.output.shape.join() !== "batch,5") throw new Error("five steps a row");
 * if (parameterCount(graph) !== forecasterParameterCount(config)) throw new Error("so says the formula");
 * ```
 */
export function forecaster(config: ForecasterConfig): Model {
  const settings = complete(config);
  const { features, context, horizon } = settings;
  return model(
    "forecaster",
    { inputs: { x: tensor("float32", ["batch", context, features]) } },
    (scope, { x }, { training }) => {
      const chunk = training ? CHUNK_IN_TRAINING : Infinity;
      const states = recurrentStates(scope.child("recurrent"), x, { ...settings, chunk });
      const attended = attendFromLast(scope.child("attention"), states, settings);
      const row = feedForward(scope.child("feedForward"), attended, settings);
      return { output: linear(scope.child("head"), row, horizon) };
    },
  );
}

/** Outputs of the last recurrent layer, `[batch, context, hiddenDim]`. */
function recurrentStates(
  scope: Scope,
  x: Tensor,
  { layers, hiddenDim, cell, features, chunk }: CompleteConfig & { chunk: number },
): Tensor {
  let states = x;
  for (let layer = 0; layer < layers; layer++) {
    const inputDim = layer === 0 ? features : hiddenDim;
    const made = CELLS[cell].make(scope.child(String(layer)), inputDim, hiddenDim);
    states = scanSequence(states, made, { chunk }).outputs;
  }
  return states;
}

/** `[batch, hiddenDim]`: the last state and what it finds in all of them, normalised. */
function attendFromLast(scope: Scope, states: Tensor, { context, hiddenDim, heads }: CompleteConfig): Tensor {
  const last = slice(states, { axis: 1, start: context - 1, end: context });
  const mixed = multiHeadAttention(scope, states, { heads, queries: last, keyBias: false });
  const found = linear(scope.child("output"), squeeze(mixed, [1]), hiddenDim);
  return layerNorm(scope.child("norm"), add(squeeze(last, [1]), found));
}

function feedForward(scope: Scope, row: Tensor, { hiddenDim, feedForwardDim }: CompleteConfig): Tensor {
  const inner = gelu(linear(scope.child("up"), row, feedForwardDim));
  return layerNorm(scope.child("norm"), add(row, linear(scope.child("down"), inner, hiddenDim)));
}

/**
 * Parameters of the forecaster. With H, M, F and O for hidden and feed-forward width, features and horizon, g gates (4 of an LSTM, 3
 * of a GRU) and L layers: recurrent `g H (F + H + 2) + (L - 1) g H (2 H + 2)`, attention `4 H^2 + 3 H` and its norm `2 H`,
 * feed-forward `2 H M + M + H` and its norm `2 H`, head `O H + O`.
 *
 * @throws {RangeError} as {@link forecaster}
 */
export function forecasterParameterCount(config: ForecasterConfig): number {
  const { features, horizon, hiddenDim, feedForwardDim, layers, cell } = complete(config);
  const rows = CELLS[cell].gates * hiddenDim;
  const recurrent = rows * (features + hiddenDim + 2) + (layers - 1) * rows * (2 * hiddenDim + 2);
  const attention = 4 * hiddenDim * hiddenDim + 5 * hiddenDim;
  const between = 2 * hiddenDim * feedForwardDim + feedForwardDim + 3 * hiddenDim;
  return recurrent + attention + between + horizon * (hiddenDim + 1);
}

type Tensors = Readonly<Record<string, Tensor>>;

/**
 * What is trained, but for optimizer, seed and data: mean squared error over the horizon, in the document's way (batches of 32 whose
 * gradients are averaged over two and clipped at norm 1). Data has columns `x [context, features]` and `y [horizon]`: windows of a series
 * are `{ x: "context", y: "target" }`. On the full model and large batches `segments: 6` saves most memory.
 *
 * Metrics, a value a row: `squaredError` and `absoluteError`, means over the horizon.
 *
 * @example
 * ```ts
 * import { forecasterSettings, forecasterTrial } from "lib/models/forecaster.ts";
 * import { traceProgram } from "lib/train/mod.ts";
 * const trial = forecasterTrial(forecasterSettings("100k", { features: 1, context: 8, horizon: 2 }));
 * const { metrics } = traceProgram(trial);
 * if (Object.keys(metrics.outputs).join() !== "loss,squaredError,absoluteError") throw new Error("two metrics");
 * ```
 */
export function forecasterTrial(config: ForecasterConfig) {
  return {
    model: forecaster(config),
    targets: { y: tensor("float32", ["batch", config.horizon]) },
    loss: ({ output }: Tensors, { y }: Tensors) => meanSquaredError(output, y),
    metrics: ({ output }: Tensors, { y }: Tensors) => ({
      squaredError: rowSquaredError(output, y),
      absoluteError: reduceMean(abs(sub(output, y)), { axes: [-1] }),
    }),
    epochs: 20,
    batchSize: 32,
    accumulationSteps: 2,
    maxGradientNorm: 1,
    schedule: { kind: "cosine" },
    earlyStopping: { patience: 3 },
  } as const;
}
