// Matrix products: MatMul (batched, broadcasting) and Gemm.

import { broadcastShapes, broadcastStrides, forEachBroadcast } from "../broadcast.ts";
import { defineOperators, type GradientContext } from "../operator.ts";
import { gemm, matMul, mul, reshape, transpose } from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { type Dim, elementCount, formatShape, type NdArray, type Shape } from "../types.ts";
import { sumTo } from "./elementwise.ts";

function mismatch(left: Shape, right: Shape, inner: Dim): never {
  const columns = right.at(-1) ?? "n";
  const expected = formatShape([...right.slice(0, -2), inner, columns]);
  throw new TypeError(
    `Cannot multiply matrices ${formatShape(left)} and ${formatShape(right)}: expected ${expected}, got ${
      formatShape(right)
    }`,
  );
}

function inferMatMul([left, right]: readonly Tensor[]) {
  if (left.dtype !== right.dtype) {
    throw new TypeError(`Cannot multiply matrices: expected one dtype, got ${left.dtype} and ${right.dtype}`);
  }
  if (left.shape.length < 2 || right.shape.length < 2) {
    throw new TypeError(
      `Cannot multiply matrices: expected at least two dimensions, got ${formatShape(left.shape)} and ${
        formatShape(right.shape)
      }`,
    );
  }
  const inner = left.shape.at(-1)!;
  if (inner !== right.shape.at(-2)) mismatch(left.shape, right.shape, inner);
  const lead = broadcastShapes(left.shape.slice(0, -2), right.shape.slice(0, -2), "multiply matrices");
  return [{ dtype: left.dtype, shape: [...lead, left.shape.at(-2)!, right.shape.at(-1)!] }];
}

const lastTwoSwapped = (x: Tensor): Tensor => {
  const axes = x.shape.map((_, i) => i);
  const rank = axes.length;
  [axes[rank - 2], axes[rank - 1]] = [axes[rank - 1], axes[rank - 2]];
  return transpose(x, axes);
};

function matMulGradient({ inputs: [a, b], gradients: [g] }: GradientContext): Tensor[] {
  if (a.shape.length === 2 && b.shape.length === 2) {
    return [gemm(g!, b, null, { transB: true }), gemm(a, g!, null, { transA: true })];
  }
  const da = sumTo(matMul(g!, lastTwoSwapped(b)), a.shape);
  // A matrix applied to every row of a batch: one product over all rows, not one for each batch entry and their sum.
  const [left, right] = [matrixOfRows(a), matrixOfRows(g!)];
  if (b.shape.length === 2 && left && right) return [da, gemm(left, right, null, { transA: true })];
  return [da, sumTo(matMul(lastTwoSwapped(a), g!), b.shape)];
}

/** All dimensions but the last as one; null while they have names. */
function matrixOfRows(x: Tensor): Tensor | null {
  const lead = x.shape.slice(0, -1);
  if (lead.some((dim) => typeof dim === "string")) return null;
  return reshape(x, [elementCount(lead as number[]), x.shape.at(-1)!]);
}

interface Layout {
  offset: number;
  rowStride: number;
  columnStride: number;
}

/** `out[m, n] = sum_k a[m, k] b[k, n]` on strided float64 data. */
function multiply(
  out: Float64Array,
  outOffset: number,
  [a, b]: readonly [Float64Array, Float64Array],
  { m, k, n, left, right }: { m: number; k: number; n: number; left: Layout; right: Layout },
): void {
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < n; column++) {
      let sum = 0;
      for (let i = 0; i < k; i++) {
        sum += a[left.offset + row * left.rowStride + i * left.columnStride] *
          b[right.offset + i * right.rowStride + column * right.columnStride];
      }
      out[outOffset + row * n + column] = sum;
    }
  }
}

function evaluateMatMul([a, b]: readonly NdArray[], shape: readonly number[]): Float64Array {
  const [m, n] = shape.slice(-2);
  const k = a.shape.at(-1)!;
  const lead = shape.slice(0, -2);
  const data = new Float64Array(elementCount(shape));
  forEachBroadcast(lead, [a.shape.slice(0, -2), b.shape.slice(0, -2)], (offset, [aOffset, bOffset]) => {
    multiply(data, offset * m * n, [a.data, b.data], {
      m,
      k,
      n,
      left: { offset: aOffset * m * k, rowStride: k, columnStride: 1 },
      right: { offset: bOffset * k * n, rowStride: n, columnStride: 1 },
    });
  });
  return data;
}

function inferGemm([left, right, bias]: readonly Tensor[], { transA, transB }: Record<string, unknown>) {
  for (const operand of [left, right]) {
    if (operand.shape.length !== 2) {
      throw new TypeError(`Cannot apply Gemm: expected two dimensions, got ${formatShape(operand.shape)}`);
    }
    if (operand.dtype !== left.dtype) {
      throw new TypeError(`Cannot apply Gemm: expected one dtype, got ${left.dtype} and ${operand.dtype}`);
    }
  }
  const [rows, inner] = transA ? [left.shape[1], left.shape[0]] : left.shape;
  const [rightInner, columns] = transB ? [right.shape[1], right.shape[0]] : right.shape;
  if (inner !== rightInner) {
    const expected = transB ? [columns, inner] : [inner, columns];
    throw new TypeError(
      `Cannot multiply ${formatShape(left.shape)} by ${formatShape(right.shape)}: expected ${
        formatShape(expected)
      }, got ${formatShape(right.shape)}`,
    );
  }
  const shape = [rows, columns];
  if (bias && formatShape(broadcastShapes(shape, bias.shape, "add a bias")) !== formatShape(shape)) {
    throw new TypeError(`Cannot add a bias: expected ${formatShape([columns])}, got ${formatShape(bias.shape)}`);
  }
  return [{ dtype: left.dtype, shape }];
}

function gemmGradient({ inputs: [a, b, c], attributes, gradients: [g] }: GradientContext): (Tensor | null)[] {
  const transA = Boolean(attributes.transA);
  const transB = Boolean(attributes.transB);
  const alpha = Number(attributes.alpha);
  const da = transA
    ? gemm(b, g!, null, { transA: transB, transB: true, alpha })
    : gemm(g!, b, null, { transB: !transB, alpha });
  const db = transB
    ? gemm(g!, a, null, { transA: true, transB: transA, alpha })
    : gemm(a, g!, null, { transA: !transA, alpha });
  if (!c) return [da, db];
  const beta = Number(attributes.beta);
  const dc = sumTo(g!, c.shape);
  return [da, db, beta === 1 ? dc : mul(dc, beta)];
}

function evaluateGemm(
  [a, b, c]: readonly NdArray[],
  attributes: Record<string, unknown>,
  [m, n]: readonly number[],
): Float64Array {
  const k = attributes.transA ? a.shape[0] : a.shape[1];
  const data = new Float64Array(m * n);
  multiply(data, 0, [a.data, b.data], {
    m,
    k,
    n,
    left: attributes.transA
      ? { offset: 0, rowStride: 1, columnStride: m }
      : { offset: 0, rowStride: k, columnStride: 1 },
    right: attributes.transB
      ? { offset: 0, rowStride: 1, columnStride: k }
      : { offset: 0, rowStride: n, columnStride: 1 },
  });
  const alpha = Number(attributes.alpha);
  const beta = Number(attributes.beta);
  const strides = c ? broadcastStrides(c.shape, [m, n]) : [0, 0];
  return data.map((value, i) => {
    const bias = c ? c.data[Math.floor(i / n) * strides[0] + (i % n) * strides[1]] : 0;
    return alpha * value + beta * bias;
  });
}

defineOperators(
  {
    type: "MatMul",
    infer: inferMatMul,
    gradient: matMulGradient,
    evaluate: (inputs, _attributes, [output]) => [{ ...output, data: evaluateMatMul(inputs, output.shape) }],
  },
  {
    type: "Gemm",
    attributes: { transA: "int", transB: "int", alpha: "float", beta: "float" },
    infer: inferGemm,
    gradient: gemmGradient,
    evaluate: (inputs, attributes, [output]) => [{ ...output, data: evaluateGemm(inputs, attributes, output.shape) }],
  },
);
