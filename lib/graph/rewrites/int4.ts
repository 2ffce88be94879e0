// Weight-only quantization to 4 bits: the matrices shrink eightfold, activations stay in float32.

import type { ArrayValue } from "../types.ts";
import { matMulNBits } from "../ops_quantization.ts";
import { BLOCK_SIZE, blockBytes, blocksOf, packRows } from "./blocks.ts";
import { type Tensor } from "../tensor.ts";
import { type DenseProduct, once, productMatrix, type ProductSelection, replaceProducts } from "./dense_products.ts";
import { convertedParameter, floatWeight, type WeightedGraph, type Weights } from "./weights.ts";

/** Packed values, scales, and both as weights. */
interface PackedMatrix {
  readonly values: Tensor;
  readonly scales: Tensor;
  readonly weights: Weights;
}

/**
 * Replaces each product with a parameter by ONNX Runtime's MatMulNBits: 4 bits in blocks of 32 along k, a float32 scale each
 * (5 bits a weight). The value of largest magnitude in a block becomes -8, as in ONNX Runtime's own quantizer, so that all
 * sixteen steps are used.
 *
 * Bound, for one product: `|error[i, j]| <= sum_k |x[i, k]| s + rounding`, where s is the largest magnitude in W's block
 * divided by 8 (half of it but for values near the far end, which saturate at 7).
 *
 * @param source weights in float32
 * @returns parameters `NAME.int4` uint8 `[n, blocks, 16]` and `NAME.int4.scale` float32 `[n, blocks]`
 */
export function quantizeWeightOnlyInt4(source: WeightedGraph, selection: ProductSelection = {}): WeightedGraph {
  const cached = once<PackedMatrix>();
  return replaceProducts(source, selection, (product, x) => {
    const { name } = product.parameter.source;
    const label = `${name}.${product.transposed ? "int4" : "int4.rows"}`;
    const { values, scales, weights } = cached(label, () => {
      const packed = packColumns(product, source.weights);
      return {
        values: convertedParameter(label, packed.values),
        scales: convertedParameter(`${label}.scale`, packed.scales),
        weights: { [label]: packed.values, [`${label}.scale`]: packed.scales },
      };
    });
    return { product: matMulNBits(x, values, scales, { blockSize: BLOCK_SIZE }), weights };
  });
}

/** Columns of the product's matrix one after the other, each in blocks along k. */
function packColumns(product: DenseProduct, weights: Weights): { values: ArrayValue; scales: ArrayValue } {
  const { k, n } = product;
  const blocks = blocksOf(k);
  const bytes = new Uint8Array(n * blocks * blockBytes(4));
  const scales = new Float32Array(n * blocks);
  packRows(productColumns(product, weights), { k, bits: 4 }, { bytes, scales });
  return {
    values: { dtype: "uint8", shape: [n, blocks, blockBytes(4)], data: bytes },
    scales: { dtype: "float32", shape: [n, blocks], data: scales },
  };
}

/** The float32 matrix of a product, `[n, k]`. */
function productColumns(product: DenseProduct, weights: Weights): Float32Array {
  if (product.transposed) return floatWeight(product.parameter, weights);
  const { k, n } = product;
  const rows = productMatrix(product, weights);
  return Float32Array.from({ length: n * k }, (_, i) => rows[i % k * n + Math.floor(i / k)]);
}
