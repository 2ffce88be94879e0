// Matrices as blocks of integers along their rows, each block with a scale: products with them, and their rows in float32. Operators of ONNX
// Runtime (domain com.microsoft). The matrix is never trained; what it is multiplied with may be.

import { numbersAfter, oneAfter } from "../barrier.ts";
import { defineOperators, type GradientContext, type Operator } from "../operator.ts";
import { add, matMul, reshape, slice } from "../ops.ts";
import { gatherBlockRows } from "../ops_quantization.ts";
import { describe, type Tensor } from "../tensor.ts";
import { elementCount, formatShape, type NdArray, type TensorType } from "../types.ts";
import { expectFloat32 } from "./quantization.ts";

const SIZES = [16, 32, 64, 128, 256];

function expectBlocks(operator: string, { bits, size }: { bits: unknown; size: number }): void {
  if ((bits === 4 || bits === 8) && SIZES.includes(size)) return;
  throw new RangeError(
    `Cannot apply ${operator}: expected 4 or 8 bits in blocks of 16, 32, 64, 128 or 256, got ${bits} bits in ${size}`,
  );
}

/** The value at a position of packed integers, of 4 bits the first of two in the low half, around 0. */
function integersOf(packed: NdArray, bits: number): (position: number) => number {
  // What an integer of 0 stands for: without zero points the values are -8 to 7, or -128 to 127.
  const middle = 2 ** (bits - 1);
  if (bits === 8) return (position) => packed.data[position] - middle;
  return (position) => {
    const byte = packed.data[Math.floor(position / 2)];
    return (position % 2 === 0 ? byte & 15 : byte >> 4) - middle;
  };
}

/** Values of a matrix that are in float32 at once: 32 MiB. */
export const VALUES_AT_ONCE = 2 ** 23;

/**
 * `g W` for the gradient g `[.., N]` of `x W'`: W's rows are scaled back some at a time, and only once g is there, so that no more of W than
 * that is ever in float32.
 */
function matMulNBitsGradient({ inputs: [x, packed, scales], attributes, gradients: [g] }: GradientContext) {
  const [K, N, bits, blockSize] = ["K", "N", "bits", "block_size"].map((name) => Number(attributes[name]));
  const [, blocks, bytes] = packed.shape as number[];
  const rows = reshape(packed, [N, blocks * bytes]);
  const axis = x.shape.length - 1;
  const atOnce = Math.max(1, Math.floor(VALUES_AT_ONCE / (blocks * blockSize)));
  const one = oneAfter(g!, "int32");
  let sum: Tensor | null = null;
  for (let start = 0; start < N; start += atOnce) {
    const end = Math.min(start + atOnce, N);
    const whole = gatherBlockRows(rows, scales, numbersAfter(one, [start, end]), { blockSize, bits: bits as 4 | 8 });
    const matrix = blocks * blockSize === K ? whole : slice(whole, { axis: 1, start: 0, end: K });
    const part = matMul(start === 0 && end === N ? g! : slice(g!, { axis, start, end }), matrix);
    sum = sum ? add(part, sum) : part;
  }
  return [sum, null, null];
}

const matMulNBitsOperator: Operator = {
  type: "MatMulNBits",
  domain: "com.microsoft",
  attributes: { K: "int", N: "int", bits: "int", block_size: "int", accuracy_level: "int" },
  infer([x, packed, scales], { K, N, bits, block_size }): TensorType[] {
    expectFloat32("MatMulNBits", x);
    expectFloat32("MatMulNBits", scales);
    const size = Number(block_size);
    expectBlocks("MatMulNBits", { bits, size });
    const blocks = Math.ceil(Number(K) / size);
    const expected = `[.., ${K}], [${N}, ${blocks}, ${size * Number(bits) / 8}], [${N}, ${blocks}]`;
    const got = `[.., ${x.shape.at(-1)}], ${formatShape(packed.shape)}, ${formatShape(scales.shape)}`;
    if (expected !== got || packed.dtype !== "uint8" || x.shape.length < 2) {
      throw new TypeError(`Cannot apply MatMulNBits to ${describe(x)}: expected ${expected} in uint8, got ${got}`);
    }
    return [{ dtype: "float32", shape: [...x.shape.slice(0, -1), Number(N)] }];
  },
  gradient: matMulNBitsGradient,
  evaluate([x, packed, scales], { K, N, bits, block_size }, [output]) {
    const [k, n, size] = [Number(K), Number(N), Number(block_size)];
    const blocks = Math.ceil(k / size);
    const integer = integersOf(packed, Number(bits));
    const weight = (row: number, column: number) =>
      integer(row * blocks * size + column) * scales.data[row * blocks + Math.floor(column / size)];
    const data = new Float64Array(elementCount(output.shape));
    for (let row = 0; row < n; row++) {
      for (let i = row, start = 0; i < data.length; i += n, start += k) {
        for (let j = 0; j < k; j++) data[i] += x.data[start + j] * weight(row, j);
      }
    }
    return [{ ...output, data }];
  },
};

const gatherBlockQuantized: Operator = {
  type: "GatherBlockQuantized",
  domain: "com.microsoft",
  attributes: { bits: "int", block_size: "int", gather_axis: "int", quantize_axis: "int" },
  infer([packed, indices, scales], { bits, block_size }): TensorType[] {
    expectFloat32("GatherBlockQuantized", scales);
    const size = Number(block_size);
    expectBlocks("GatherBlockQuantized", { bits, size });
    const [n, bytes] = packed.shape as number[];
    const blocks = bytes * 8 / Number(bits) / size;
    const fits = packed.shape.length === 2 && packed.dtype === "uint8" && Number.isInteger(blocks) &&
      formatShape(scales.shape) === formatShape([n, blocks]);
    if (!fits || (indices.dtype !== "int32" && indices.dtype !== "int64")) {
      const expected = `uint8 [n, bytes], whole numbers and scales [n, bytes / ${size * Number(bits) / 8}]`;
      const got = `${packed.dtype} ${formatShape(packed.shape)}, ${indices.dtype} and ${formatShape(scales.shape)}`;
      throw new TypeError(`Cannot apply GatherBlockQuantized to ${describe(packed)}: expected ${expected}, got ${got}`);
    }
    return [{ dtype: "float32", shape: [...indices.shape, blocks * size] }];
  },
  evaluate([packed, indices, scales], { bits, block_size }, [output]) {
    const k = output.shape.at(-1)!;
    const blocks = k / Number(block_size);
    const integer = integersOf(packed, Number(bits));
    const data = new Float64Array(elementCount(output.shape));
    indices.data.forEach((row, i) => {
      for (let j = 0; j < k; j++) {
        data[i * k + j] = integer(row * k + j) * scales.data[row * blocks + Math.floor(j / Number(block_size))];
      }
    });
    return [{ ...output, data }];
  },
};

defineOperators(matMulNBitsOperator, gatherBlockQuantized);
