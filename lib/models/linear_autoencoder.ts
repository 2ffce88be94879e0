// Linear compression: the baseline that every student must beat. Trained by gradient descent it converges to PCA
// (Baldi & Hornik 1989); PCA itself is the same model with closed-form weights.

import { add, matMul, sub, transpose } from "../graph/mod.ts";
import { linear, type Model, model, tensor } from "../nn/mod.ts";

/** Widths of a linear autoencoder. */
export interface LinearAutoencoderConfig {
  /** Width of the compressed vector. */
  latentDim: number;
  /** Width of the input. Default 384. */
  inputDim?: number;
}

/**
 * `inputDim -> latentDim -> inputDim` without nonlinearity, with biases.
 *
 * Inputs: `x [batch, inputDim]`. Outputs: `latent [batch, latentDim]`, `output [batch, inputDim]`.
 */
export function linearAutoencoder({ latentDim, inputDim = 384 }: LinearAutoencoderConfig): Model {
  return model("linear-autoencoder", { inputs: { x: tensor("float32", ["batch", inputDim]) } }, (scope, { x }) => {
    const latent = linear(scope.child("encoder"), x, latentDim);
    return { latent, output: linear(scope.child("decoder"), latent, inputDim) };
  });
}

/** Parameters of the linear autoencoder: `2 I L + L + I`. */
export function linearAutoencoderParameterCount({ latentDim, inputDim = 384 }: LinearAutoencoderConfig): number {
  return 2 * inputDim * latentDim + latentDim + inputDim;
}

/**
 * PCA as a model: `latent = (x - mean) V`, `output = latent V' + mean`, with one matrix of components for both directions.
 * Its parameters `mean [inputDim]` and `components [latentDim, inputDim]` (orthonormal rows) are not trained: fit them with
 * `fitPca` of lib/evaluate.
 *
 * Inputs: `x [batch, inputDim]`. Outputs: `latent [batch, latentDim]`, `output [batch, inputDim]`.
 */
export function pcaModel({ latentDim, inputDim = 384 }: LinearAutoencoderConfig): Model {
  return model("pca", { inputs: { x: tensor("float32", ["batch", inputDim]) } }, (scope, { x }) => {
    const fixed = { initializer: { kind: "constant", value: 0 }, trainable: false } as const;
    const mean = scope.parameter("mean", [inputDim], fixed);
    const components = scope.parameter("components", [latentDim, inputDim], fixed);
    const latent = matMul(sub(x, mean), transpose(components));
    return { latent, output: add(matMul(latent, components), mean) };
  });
}
