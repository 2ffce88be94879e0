// The LN "nuclear compression" model of "M4 Pro MacBook LN Performance Benchmarks" (2025-07-19), rebuilt from its inventory.
//
// The document lists 25 tensors with 397,440 parameters by kind of layer and says nothing of how they are connected. The
// counts fix the layers: one projection 384 -> 256 and one back with biases, three pairs 256 -> 128 -> 256 (two whose first
// layer has a bias, one without), six LayerNorms of 256 and one bias of 256. The wiring below is ours; `lnStudent` says why.

import { add, gelu, layerNormalization, mul, sigmoid, type Tensor } from "../graph/mod.ts";
import { alignmentLoss, linear, type Model, model, neighbourLoss, rowCosine, type Scope, tensor } from "../nn/mod.ts";

/** Widths of the model. */
export interface LnConfig {
  /** Width I of the teacher's vectors, in and out. Default 384 (all-MiniLM-L6-v2). */
  inputDim?: number;
  /** Width L of the compressed vector. Default 256. */
  latentDim?: number;
  /** Width H inside the three blocks. Default half of latentDim, as in the document. */
  hiddenDim?: number;
}

/** One kind of layer in the document's table: its tensors and their values. */
export interface LnInventoryRow {
  readonly group: "normalization" | "compression" | "attention" | "linear" | "alignment" | "bias";
  readonly tensors: number;
  readonly parameters: number;
}

/** First scale of what a block adds: the teacher's vectors have norm 1, a normalised vector of 256 values has norm 16. */
const FIRST_BLOCK_SCALE = 0.01;

/** Fills in the defaults and refuses widths that no layer can have. */
function completeWidths({ inputDim = 384, latentDim = 256, hiddenDim = latentDim / 2 }: LnConfig): Required<LnConfig> {
  const widths = { inputDim, latentDim, hiddenDim };
  for (const [name, width] of Object.entries(widths)) {
    if (!Number.isInteger(width) || width < 1) {
      throw new RangeError(`Cannot build the LN model: expected ${name} to be an integer of at least 1, got ${width}`);
    }
  }
  return widths;
}

/**
 * The LN model: `inputDim -> latentDim -> inputDim` around three residual blocks of width `hiddenDim`.
 *
 * ```
 * h0     = W x + b                                    compression.input
 * h1     = h0 + norm(up gelu(down norm(h0)))          compression: 256 -> 128 with bias, 128 -> 256 without
 * h2     = h1 + norm(n * sigmoid(up gelu(down n)))    attention, n = norm(h1): 256 -> 128 with bias, 128 -> 256 without
 * h3     = h2 + norm(up down norm(h2))                linear: both without bias, nothing between
 * latent = h3 + bias
 * output = W latent + b                               alignment
 * ```
 *
 * Why so: three pairs and six norms are three blocks with a norm before and one after (the sandwich of Ding et al. 2021, CogView).
 * Attention over one pooled vector cannot be a softmax over positions: with one position its weight is 1 and the tensors
 * that compute it get no gradient. Two matrices 256 -> 128 -> 256 are what attention over channels has (squeeze and excitation,
 * Hu et al. 2018). Residual connections keep a linear path from `x` to `latent`: with the last norms of the blocks at zero the
 * model is a linear autoencoder, and so PCA is among its solutions. The blocks start small (scale 0.01) beside that path.
 * In this wiring every tensor has a gradient; `gradientNorms` of lib/train measures it.
 *
 * Inputs: `x [batch, inputDim]`. Outputs: `latent [batch, latentDim]`, `output [batch, inputDim]`.
 *
 * @throws {RangeError} for widths that are not integers of at least 1, or an odd latentDim without a hiddenDim
 *
 * @example
 * ```ts
 * import { parameterCount } from "lib/graph/mod.ts";
 * import { lnParameterCount, lnStudent } from "lib/models/ln.ts";
 * const graph = lnStudent().trace();
 * if (graph.parameters.length !== 25 || parameterCount(graph) !== 397_440) throw new Error("the document's inventory");
 * if (lnParameterCount({ inputDim: 768, latentDim: 512 }) !== 1_581_312) throw new Error("768 -> 512");
 * ```
 */
export function lnStudent(config: LnConfig = {}): Model {
  const { inputDim, latentDim, hiddenDim } = completeWidths(config);
  return model("ln", { inputs: { x: tensor("float32", ["batch", inputDim]) } }, (scope, { x }) => {
    const compression = scope.child("compression");
    const attention = scope.child("attention");
    const low = scope.child("linear");
    const h0 = linear(compression.child("input"), x, latentDim);
    const h1 = block(
      scope.child("normalization.compression"),
      h0,
      (n) => up(compression, gelu(linear(compression.child("down"), n, hiddenDim)), latentDim),
    );
    const h2 = block(
      scope.child("normalization.attention"),
      h1,
      (n) => mul(n, sigmoid(up(attention, gelu(linear(attention.child("down"), n, hiddenDim)), latentDim))),
    );
    const h3 = block(
      scope.child("normalization.linear"),
      h2,
      (n) => up(low, linear(low.child("down"), n, hiddenDim, { bias: false }), latentDim),
    );
    const latent = add(h3, scope.parameter("bias", [latentDim], { initializer: { kind: "constant", value: 0 } }));
    return { latent, output: linear(scope.child("alignment"), latent, inputDim) };
  });
}

/** `h + norm(inner(norm(h)))`. */
function block(scope: Scope, h: Tensor, inner: (normalised: Tensor) => Tensor): Tensor {
  const changed = inner(norm(scope.child("before"), h, 1));
  return add(h, norm(scope.child("after"), changed, FIRST_BLOCK_SCALE));
}

const up = (scope: Scope, hidden: Tensor, latentDim: number): Tensor =>
  linear(scope.child("up"), hidden, latentDim, { bias: false });

/** Layer normalisation whose scale starts at a value of choice. */
function norm(scope: Scope, h: Tensor, firstScale: number): Tensor {
  const width = h.shape[1] as number;
  const scale = scope.parameter("weight", [width], { initializer: { kind: "constant", value: firstScale } });
  const bias = scope.parameter("bias", [width], { initializer: { kind: "constant", value: 0 } });
  return layerNormalization(h, scale, bias);
}

/**
 * Tensors and parameters by kind of layer, in the order of the document's table. With I, L, H for input, latent and hidden width:
 * normalization `12 L`, compression `I L + L + 2 L H + H`, attention `2 L H + H`, linear `2 L H`, alignment `L I + I`, bias `L`.
 */
export function lnInventory(config: LnConfig = {}): LnInventoryRow[] {
  const { inputDim, latentDim, hiddenDim } = completeWidths(config);
  const pair = 2 * latentDim * hiddenDim;
  return [
    { group: "normalization", tensors: 12, parameters: 12 * latentDim },
    { group: "compression", tensors: 5, parameters: inputDim * latentDim + latentDim + pair + hiddenDim },
    { group: "attention", tensors: 3, parameters: pair + hiddenDim },
    { group: "linear", tensors: 2, parameters: pair },
    { group: "alignment", tensors: 2, parameters: latentDim * inputDim + inputDim },
    { group: "bias", tensors: 1, parameters: latentDim },
  ];
}

/** Parameters of the model: `2 I L + 6 L H + 14 L + 2 H + I`, 397,440 for 384, 256 and 128. */
export function lnParameterCount(config: LnConfig = {}): number {
  const { inputDim, latentDim, hiddenDim } = completeWidths(config);
  return 2 * inputDim * latentDim + 6 * latentDim * hiddenDim + 14 * latentDim + 2 * hiddenDim + inputDim;
}

/** The group of {@link lnInventory} that a parameter of the model belongs to, from its name: the first part of the path. */
export function lnGroup(parameterName: string): string {
  return parameterName.split(".")[0];
}

type Tensors = Readonly<Record<string, Tensor>>;

/** What the model is trained for. */
export interface LnLossOptions {
  /** Share of the cosine in the alignment, in [0, 1]. Default 0.5. */
  cosineWeight?: number;
  /** Of `neighbourLoss(latent, x)`, at least 0. Default 0: the latent vector is trained through the output alone. */
  neighbourWeight?: number;
  /** Of the neighbourhoods, above 0. Default 0.05. */
  temperature?: number;
}

/**
 * Alignment to the teacher, `(1 - w) MSE + w (1 - cosine)` of `output` and `x`: the document states no loss, the name of its last
 * layer suggests this kind. It leaves the latent vector free to turn and stretch, so that searching among latent vectors finds
 * other neighbours than searching among outputs; `neighbourWeight` asks for the teacher's neighbours there too.
 *
 * @throws {RangeError} for a weight or temperature out of range
 */
export function lnLoss({ cosineWeight = 0.5, neighbourWeight = 0, temperature = 0.05 }: LnLossOptions = {}) {
  if (!(neighbourWeight >= 0)) {
    throw new RangeError(`Cannot weigh the loss: expected a neighbourWeight of at least 0, got ${neighbourWeight}`);
  }
  return ({ latent, output }: Tensors, { x }: Tensors): Tensor => {
    const alignment = alignmentLoss(output, x, cosineWeight);
    return neighbourWeight === 0
      ? alignment
      : add(alignment, mul(neighbourLoss(latent, x, { temperature }), neighbourWeight));
  };
}

/**
 * What the document trains, but for optimizer and data: its model, an alignment loss, and its rule for stopping (patience 3, at most
 * 25 epochs). Its three students are three seeds of this.
 *
 * @example
 * ```ts
 * import { dataReference, randomDataset } from "lib/data/mod.ts";
 * import { lnTrial } from "lib/models/ln.ts";
 * import { defineStudy, seeds } from "lib/sweep/mod.ts";
 * import { adam } from "lib/train/mod.ts";
 * const data = dataReference(randomDataset({ rows: 1000, width: 384, seed: 1 }), { x: "embedding" });
 * const study = defineStudy({
 *   name: "example-ln",
 *   space: { neighbourWeight: [0, 0.1], seed: seeds(3) },
 *   trial: ({ neighbourWeight }) => ({ ...lnTrial({ neighbourWeight }), optimizer: adam({ learningRate: 3e-3 }), data }),
 * });
 * if (study.trials.length !== 6) throw new Error("three students, with and without neighbours");
 * ```
 */
export function lnTrial({ cosineWeight, neighbourWeight, temperature, ...widths }: LnConfig & LnLossOptions = {}) {
  return {
    model: lnStudent(widths),
    loss: lnLoss({ cosineWeight, neighbourWeight, temperature }),
    metrics: ({ output }: Tensors, { x }: Tensors) => ({ cosine: rowCosine(output, x) }),
    epochs: 25,
    batchSize: 256,
    schedule: { kind: "cosine" },
    earlyStopping: { patience: 3 },
  } as const;
}
