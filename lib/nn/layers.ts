// Layers: functions that declare parameters in a scope and apply them to a tensor.

import { add, describe, gemm, layerNormalization, matMul, type Tensor, transpose } from "../graph/mod.ts";
import { fanInUniform } from "./initializers.ts";
import type { Scope } from "./model.ts";

/**
 * Affine map of the last dimension, `y = x W' + b` with W `[outputDim, inputDim]` as in PyTorch's `nn.Linear`, initialised
 * like it (uniform within 1/sqrt(inputDim), both weight and bias).
 *
 * @param x `[..., inputDim]`, the last dimension fixed
 * @param outputDim integer of at least 1
 * @returns `[..., outputDim]`
 */
export function linear(
  scope: Scope,
  x: Tensor,
  outputDim: number,
  { bias = true }: { bias?: boolean } = {},
): Tensor {
  const inputDim = lastDim(x, "linear");
  const initializer = fanInUniform(inputDim);
  const weight = scope.parameter("weight", [outputDim, inputDim], { initializer });
  const offset = bias ? scope.parameter("bias", [outputDim], { initializer }) : null;
  if (x.shape.length === 2) return gemm(x, weight, offset, { transB: true });
  const product = matMul(x, transpose(weight));
  return offset ? add(product, offset) : product;
}

/**
 * Layer normalisation over the last dimension with learned scale and bias (Ba, Kiros & Hinton 2016).
 *
 * @param x `[..., width]`
 * @returns the same shape
 */
export function layerNorm(scope: Scope, x: Tensor, { epsilon = 1e-5 }: { epsilon?: number } = {}): Tensor {
  const width = lastDim(x, "layerNorm");
  const scale = scope.parameter("weight", [width], { initializer: { kind: "constant", value: 1 } });
  const bias = scope.parameter("bias", [width], { initializer: { kind: "constant", value: 0 } });
  return layerNormalization(x, scale, bias, { epsilon });
}

function lastDim(x: Tensor, layer: string): number {
  const dim = x.shape.at(-1);
  if (typeof dim !== "number") {
    throw new TypeError(`Cannot apply ${layer} to ${describe(x)}: expected a fixed last dimension`);
  }
  return dim;
}
