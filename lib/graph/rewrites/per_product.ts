// Weights in fewer bits, made float32 product by product: each product scales back what it reads, some rows at a time and only once its other
// side is there, so that little of the weights is in float32 at any time. For steps over many rows, in which ONNX Runtime's own products with
// blocks of integers scale each value back again and again.

import { numbersAfter, oneAfter } from "../barrier.ts";
import { type Graph } from "../graph.ts";
import { apply } from "../operator.ts";
import { VALUES_AT_ONCE } from "../operators/blocks.ts";
import { add, cast, concat, expand, matMul, mul, reshape, sub, transpose } from "../ops.ts";
import { floor } from "../ops_functions.ts";
import { gather, split, squeeze, unsqueeze } from "../ops_indexing.ts";
import { dequantizeLinear } from "../ops_quantization.ts";
import { rewriteGraph } from "../rewrite.ts";
import { constant, constantValues, isParameter, type Operation, type Tensor } from "../tensor.ts";
import { inputsOf } from "./patterns.ts";

/** Rows of a matrix in blocks, `[n, blocks, bytes]` and `[n, blocks]`. */
interface BlockRows {
  readonly packed: Tensor;
  readonly scales: Tensor;
  readonly bits: number;
  /** int32 `[count]`, known only once the product's other side is. */
  readonly rows: Tensor;
  readonly count: number;
}

/**
 * Rewrites products with matrices in int8, int4 or float16 as products in float32 with what is scaled back for them: `MatMulNBits`, its
 * gradient, and products with a matrix that is cast. The same numbers up to rounding. Matrices whose rows do not fill their blocks stay.
 *
 * @param original of a step over many rows, gradients included
 * @param options valuesAtOnce: most values of a matrix that are in float32 at once; more make a step larger, fewer slower. Default 2^23
 */
export function scalePerProduct(
  original: Graph,
  { valuesAtOnce = VALUES_AT_ONCE }: { valuesAtOnce?: number } = {},
): Graph {
  return rewriteGraph(original, {
    operation(operation, inputs) {
      switch (operation.type) {
        case "MatMulNBits":
          return blockProduct(operation, inputs, valuesAtOnce);
        case "MatMul":
          return blockGradient(inputs) ?? halfProduct(operation, inputs);
        case "Gemm":
          return halfProduct(operation, inputs);
        default:
          return null;
      }
    },
  });
}

/** The rows in float32: of 8 bits a matrix `[count, k]`, of 4 bits its even and its odd columns, which need not be put together. */
function scaledBack({ packed, scales, bits, rows, count }: BlockRows): Tensor[] {
  const [, blocks, bytes] = packed.shape as number[];
  const integers = gather(packed, rows);
  const factors = gather(scales, rows);
  const width = blocks * bytes;
  if (bits === 8) {
    const middles = expand(constant(128, { dtype: "uint8" }), [count * blocks]);
    const flat = [reshape(integers, [count * blocks, bytes]), reshape(factors, [count * blocks])] as const;
    return [reshape(dequantizeLinear(...flat, middles, { axis: 0 }), [count, width])];
  }
  const byte = cast(integers, "float32");
  const high = floor(mul(byte, 1 / 16));
  const low = sub(byte, mul(high, 16));
  return [low, high].map((half) => reshape(mul(sub(half, 8), unsqueeze(factors, [2])), [count, width]));
}

/** `x W'`, some rows of W at a time. */
function blockProduct(
  { attributes }: Operation,
  [x, packed, scales]: readonly Tensor[],
  valuesAtOnce: number,
): Tensor[] | null {
  const [K, N, bits, size] = ["K", "N", "bits", "block_size"].map((name) => Number(attributes[name]));
  if (K % size !== 0) return null;
  const one = oneAfter(x, "int32");
  const parts = bits === 8 ? [x] : columnsByParity(x);
  const atOnce = Math.max(1, Math.floor(valuesAtOnce / K));
  const results: Tensor[] = [];
  for (let start = 0; start < N; start += atOnce) {
    const count = Math.min(atOnce, N - start);
    const rows = numbersAfter(one, [start, start + count]);
    const matrices = scaledBack({ packed, scales, bits, rows, count });
    results.push(parts.map((part, i) => matMul(part, transpose(matrices[i]))).reduce((sum, part) => add(part, sum)));
  }
  return [results.length === 1 ? results[0] : concat(results, x.shape.length - 1)];
}

/** `g W` with rows of W, as the gradient of MatMulNBits has it. */
function blockGradient([g, matrix]: readonly Tensor[]): Tensor[] | null {
  const gathered = inputsOf(matrix, "GatherBlockQuantized");
  if (!gathered || matrix.source.kind !== "operation") return null;
  const [flat, rows, scales] = gathered;
  const packed = inputsOf(flat, "Reshape")?.[0];
  const numbers = inputsOf(rows, "Mul")?.[0];
  const count = numbers && constantValues(numbers)?.length;
  if (!packed || !count || packed.shape.length !== 3) return null;
  const bits = Number(matrix.source.attributes.bits);
  const products = scaledBack({ packed, scales, bits, rows, count }).map((part) => matMul(g, part));
  if (products.length === 1) return products;
  const rank = g.shape.length;
  const shape = [...g.shape.slice(0, -1), Number(matrix.shape[1])];
  return [reshape(concat(products.map((part) => unsqueeze(part, [rank])), rank), shape)];
}

/** Columns 0, 2, 4, ... and 1, 3, 5, ... */
function columnsByParity(x: Tensor): Tensor[] {
  const rank = x.shape.length;
  const pairs = reshape(x, [...x.shape.slice(0, -1), Number(x.shape.at(-1)) / 2, 2]);
  return split(pairs, [1, 1], rank).map((part) => squeeze(part, [rank]));
}

/** A product that reads a matrix in half precision, each through a cast of its own. */
function halfProduct({ type, attributes }: Operation, inputs: readonly Tensor[]): Tensor[] | null {
  const at = [0, 1].find((i) => castHalf(inputs[i]) !== null);
  if (at === undefined) return null;
  const { half, transposed } = castHalf(inputs[at])!;
  const rows = numbersAfter(oneAfter(inputs[1 - at], "int32"), [0, Number(half.shape[0])]);
  const whole = cast(gather(half, rows), "float32");
  const own = inputs.map((tensor, i) => i === at ? (transposed ? transpose(whole) : whole) : tensor);
  return [...apply(type, own, attributes)];
}

/** The parameter in half precision that a tensor is cast of, transposed or not. */
function castHalf(tensor: Tensor): { half: Tensor; transposed: boolean } | null {
  const across = tensor.shape.length === 2 ? inputsOf(tensor, "Transpose") : null;
  if (across) {
    const inner = castHalf(across[0]);
    const { source } = tensor;
    const swaps = source.kind === "operation" && (source.attributes.perm as readonly number[])[0] === 1;
    return inner && { half: inner.half, transposed: inner.transposed !== swaps };
  }
  const [half] = inputsOf(tensor, "Cast") ?? [];
  const isHalf = half && isParameter(half) && half.dtype === "float16" && half.shape.length === 2;
  return isHalf ? { half, transposed: false } : null;
}
