// Weight-only quantization to 4 bits: the matrices shrink eightfold, activations stay in float32.

import type { ArrayValue } from "../types.ts";
import { matMulNBits } from "../ops_quantization.ts";
import { BLOCK_SIZE, blockBytes, blocksOf, packBlock } from "./blocks.ts";
import { type Tensor } from "../tensor.ts";
import { once, productMatrix, type ProductSelection, replaceProducts } from "./dense_products.ts";
import { convertedParameter, type WeightedGraph, type Weights } from "./weights.ts";

const BLOCK_BYTES = blockBytes(4);

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
      const packed = packColumns(productMatrix(product, source.weights), product);
      return {
        values: convertedParameter(label, packed.values),
        scales: convertedParameter(`${label}.scale`, packed.scales),
        weights: { [label]: packed.values, [`${label}.scale`]: packed.scales },
      };
    });
    return { product: matMulNBits(x, values, scales, { blockSize: BLOCK_SIZE }), weights };
  });
}

/** Columns of `[k, n]` one after the other, each in blocks along k; the last block is filled up with zeros. */
function packColumns(
  matrix: Float32Array,
  { k, n }: { k: number; n: number },
): { values: ArrayValue; scales: ArrayValue } {
  const blocks = blocksOf(k);
  const bytes = new Uint8Array(n * blocks * BLOCK_BYTES);
  const scales = new Float32Array(n * blocks);
  const block = new Float32Array(BLOCK_SIZE);
  for (let column = 0; column < n; column++) {
    for (let b = 0; b < blocks; b++) {
      for (let i = 0; i < BLOCK_SIZE; i++) {
        const row = b * BLOCK_SIZE + i;
        block[i] = row < k ? matrix[row * n + column] : 0;
      }
      const index = column * blocks + b;
      scales[index] = packBlock(block, 4, bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES));
    }
  }
  return {
    values: { dtype: "uint8", shape: [n, blocks, BLOCK_BYTES], data: bytes },
    scales: { dtype: "float32", shape: [n, blocks], data: scales },
  };
}
