// Students that start as PCA and learn what PCA misses. Squared error treats all directions of the data alike; who searches for
// neighbours cares about near vectors only, and a linear map trained for those (`neighbourLoss` of lib/nn) keeps more of them.

import { add, constant, gelu, matMul, mul, type Tensor, transpose } from "../graph/mod.ts";
import { cosineLoss, linear, type Model, model, neighbourLoss, rowCosine, type Scope, tensor } from "../nn/mod.ts";

/** A matrix or vector of known values, as `pcaWeights` of lib/evaluate gives them. */
export interface FixedValues {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** What a student starts from, and what it may add. */
export interface PcaStudentConfig {
  /** Orthonormal rows, `[latentDim, inputDim]`, fitted on the training split. */
  components: FixedValues;
  /** Mean of the vectors they were fitted on, `[inputDim]`. */
  mean: FixedValues;
  /** Width of a GELU layer whose result is added to the latent vector; 0 (default): the encoder is linear. */
  hiddenDim?: number;
}

const ZERO = { kind: "constant", value: 0 } as const;

/**
 * PCA with learned corrections that start at zero: before training, `output` is PCA's reconstruction.
 *
 * ```
 * latent = x (V + dV)' + U gelu(W x + b)       U starts at zero; left out when hiddenDim is 0
 * output = latent (V + dD) + (mean - mean V' V) + c
 * ```
 *
 * V is part of the graph, a constant, and so part of a trial's definition and hash: what is trained is `dV`, `dD`, `c` and
 * the hidden layer. Vectors are not centred before the projection: cosines of `x V'` are those of the reconstruction but for the mean's
 * share outside V, while cosines of `(x - mean) V'` are around another origin than the teacher's.
 *
 * Inputs: `x [batch, inputDim]`. Outputs: `latent [batch, latentDim]`, `output [batch, inputDim]`.
 *
 * @throws {TypeError} when components are no matrix, or the mean is not as wide as they are
 * @throws {RangeError} for a hiddenDim that is no integer of at least 0, more components than values, or a number of values
 *   that does not fit the shape
 *
 * @example
 * ```ts
 * import { randomDataset } from "lib/data/mod.ts";
 * import { fitPca, pcaWeights } from "lib/evaluate/mod.ts";
 * import { pcaStudent, pcaStudentParameterCount } from "lib/models/pca_student.ts";
 * const { columns } = randomDataset({ rows: 100, width: 8, seed: 1 });
 * const student = pcaStudent(pcaWeights(fitPca(columns.embedding), 2)).trace();
 * if (student.outputs.latent.shape[1] !== 2) throw new Error("two values a vector");
 * if (pcaStudentParameterCount({ inputDim: 8, latentDim: 2 }) !== 40) throw new Error("two corrections and a bias");
 * ```
 */
export function pcaStudent({ components, mean, hiddenDim = 0 }: PcaStudentConfig): Model {
  const { latentDim, inputDim } = checkedWidths(components, mean);
  if (!Number.isInteger(hiddenDim) || hiddenDim < 0) {
    throw new RangeError(
      `Cannot build a PCA student: expected hiddenDim to be an integer of at least 0, got ${hiddenDim}`,
    );
  }
  const offset = meanOutside(components, mean);
  return model("pca-student", { inputs: { x: tensor("float32", ["batch", inputDim]) } }, (scope, { x }) => {
    const fixed = constant(components.data, { shape: components.shape });
    const corrected = (part: Scope) =>
      add(fixed, part.parameter("correction", [latentDim, inputDim], { initializer: ZERO }));
    const projected = matMul(x, transpose(corrected(scope.child("encoder"))));
    const latent = hiddenDim === 0
      ? projected
      : add(projected, residual(scope.child("residual"), x, { hiddenDim, latentDim }));
    const decoder = scope.child("decoder");
    const origin = add(constant(offset), decoder.parameter("bias", [inputDim], { initializer: ZERO }));
    return { latent, output: add(matMul(latent, corrected(decoder)), origin) };
  });
}

/** A hidden layer whose second matrix starts at zero, so that it adds nothing at first. */
function residual(scope: Scope, x: Tensor, { hiddenDim, latentDim }: { hiddenDim: number; latentDim: number }): Tensor {
  const hidden = gelu(linear(scope.child("expansion"), x, hiddenDim), "tanh");
  const weight = scope.child("projection").parameter("weight", [latentDim, hiddenDim], { initializer: ZERO });
  return matMul(hidden, transpose(weight));
}

function checkedWidths(components: FixedValues, mean: FixedValues): { latentDim: number; inputDim: number } {
  const [latentDim, inputDim] = components.shape;
  if (components.shape.length !== 2 || mean.shape.length !== 1 || mean.shape[0] !== inputDim) {
    throw new TypeError(
      `Cannot build a PCA student: expected components [latentDim, inputDim] and a mean [inputDim], ` +
        `got [${components.shape}] and [${mean.shape}]`,
    );
  }
  if (latentDim > inputDim) {
    throw new RangeError(`Cannot build a PCA student: expected at most ${inputDim} components, got ${latentDim}`);
  }
  for (const { shape, data } of [components, mean]) {
    const count = shape.reduce((product, size) => product * size, 1);
    if (data.length !== count || !data.every(Number.isFinite)) {
      throw new RangeError(`Cannot build a PCA student: expected ${count} finite values for [${shape}]`);
    }
  }
  return { latentDim, inputDim };
}

/** `mean - mean V' V`: the share of the mean that the components cannot express, which reconstructions get back. */
function meanOutside({ shape: [latentDim, inputDim], data }: FixedValues, mean: FixedValues): Float64Array {
  const outside = Float64Array.from(mean.data);
  for (let row = 0; row < latentDim; row++) {
    const direction = data.subarray(row * inputDim, (row + 1) * inputDim);
    const along = direction.reduce((sum, value, i) => sum + value * mean.data[i], 0);
    direction.forEach((value, i) => outside[i] -= along * value);
  }
  return outside.map(Math.fround);
}

/** Trained parameters, `2 d I + I`, and with a hidden layer `H (I + 1 + d)` more; PCA's own `d I` values are constants. */
export function pcaStudentParameterCount(
  { inputDim = 384, latentDim, hiddenDim = 0 }: { inputDim?: number; latentDim: number; hiddenDim?: number },
): number {
  return 2 * latentDim * inputDim + inputDim + hiddenDim * (inputDim + 1 + latentDim);
}

type Tensors = Readonly<Record<string, Tensor>>;

/** How neighbourhoods and reconstructions are weighed. */
export interface PcaStudentLossOptions {
  /** Of the neighbourhoods, above 0: the lower, the fewer rows count as near. Default 0.05. */
  temperature?: number;
  /** Of the reconstruction's cosine, above 0, since nothing else trains the decoder. Default 0.1. */
  alignmentWeight?: number;
}

/**
 * Neighbours in the latent space, and a decoder beside it: `neighbourLoss(latent, x) + w (1 - cosine(output, x))`.
 *
 * @throws {RangeError} for a temperature or weight that is not above 0
 */
export function pcaStudentLoss({ temperature = 0.05, alignmentWeight = 0.1 }: PcaStudentLossOptions = {}) {
  if (!(alignmentWeight > 0)) {
    throw new RangeError(`Cannot weigh the loss: expected an alignmentWeight above 0, got ${alignmentWeight}`);
  }
  return ({ latent, output }: Tensors, { x }: Tensors): Tensor =>
    add(neighbourLoss(latent, x, { temperature }), mul(cosineLoss(output, x), alignmentWeight));
}

/**
 * A trial of the student but for optimizer and data: model, loss, metrics and the settings that were found on the validation rows
 * of wordnet-20k. Batches are large because neighbours must meet in one: of 16,000 rows and their ten nearest, a batch of
 * 1024 holds less than one neighbour a row, but those it holds are what PCA confuses.
 *
 * @example
 * ```ts
 * import { dataReference, randomDataset } from "lib/data/mod.ts";
 * import { fitPca, pcaWeights, selectRows } from "lib/evaluate/mod.ts";
 * import { pcaStudentTrial } from "lib/models/pca_student.ts";
 * import { defineStudy, seeds } from "lib/sweep/mod.ts";
 * import { adam } from "lib/train/mod.ts";
 * const dataset = randomDataset({ rows: 2000, width: 32, seed: 1 });
 * const pca = fitPca(selectRows(dataset.columns.embedding, dataset.splits.train));
 * const study = defineStudy({
 *   name: "example-pca-students",
 *   space: { latentDim: [8, 16], seed: seeds(3) },
 *   trial: ({ latentDim }) => ({
 *     ...pcaStudentTrial(pcaWeights(pca, latentDim)),
 *     optimizer: adam({ learningRate: 3e-3 }),
 *     data: dataReference(dataset, { x: "embedding" }),
 *   }),
 * });
 * if (study.trials.length !== 6) throw new Error("two widths with three seeds");
 * ```
 */
export function pcaStudentTrial(
  { temperature, alignmentWeight, ...config }: PcaStudentConfig & PcaStudentLossOptions,
) {
  return {
    model: pcaStudent(config),
    loss: pcaStudentLoss({ temperature, alignmentWeight }),
    metrics: ({ output }: Tensors, { x }: Tensors) => ({ cosine: rowCosine(output, x) }),
    epochs: 25,
    batchSize: 1024,
    schedule: { kind: "cosine" },
    earlyStopping: { patience: 3 },
  } as const;
}
