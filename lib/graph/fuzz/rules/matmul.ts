// Rules of matrix products.

import { gemm, matMul } from "../../ops.ts";
import type { Tensor } from "../../tensor.ts";
import type { Dim } from "../../types.ts";
import { polynomial } from "../bounds.ts";
import type { Draw } from "../draw.ts";
import type { FuzzRule } from "../rules.ts";

const matMulRule: FuzzRule = {
  propose(draw) {
    const dtype = draw.allows("float64") && draw.chance(0.05) ? "float64" : "float32";
    const x = draw.any({ dtype, minRank: 2 });
    const lead = draw.broadcastable(x.shape.slice(0, -2));
    const [rows, columns] = x.shape.slice(-2);
    const first = draw.chance(0.3);
    const shape: Dim[] = first ? [...lead, draw.dim(), rows] : [...lead, columns, draw.dim()];
    if (shape.length > 4 || !draw.fits(shape)) return null;
    const other = draw.like(shape, { dtype });
    const product = first ? matMul(other, x) : matMul(x, other);
    return draw.fits(product.shape) ? product : null;
  },
  bound: polynomial({ length: ({ inputs: [a] }) => a.shape.at(-1)! }),
};

/** Shapes of C that broadcast to `[rows, columns]` one way. */
function biasOf(draw: Draw, rows: Dim, columns: Dim): Tensor {
  return draw.like(draw.pick<Dim[]>([[columns], [rows, columns], [1], [rows, 1], [1, columns], [1, 1], []]));
}

const gemmRule: FuzzRule = {
  propose(draw) {
    const left = draw.any({ minRank: 2, maxRank: 2 });
    const [transA, transB] = [draw.chance(0.4), draw.chance(0.4)];
    const [rows, inner] = transA ? [left.shape[1], left.shape[0]] : left.shape;
    const columns = draw.dim();
    const right = draw.like(transB ? [columns, inner] : [inner, columns]);
    if (!draw.fits([rows, columns]) || !draw.fits(right.shape)) return null;
    const bias = draw.chance(0.6) ? biasOf(draw, rows, columns) : null;
    const alpha = draw.pick([1, 1, 0.5, -1.5]);
    return gemm(left, right, bias, { transA, transB, alpha, beta: bias ? draw.pick([1, 1, 2, -0.25]) : 1 });
  },
  // The product and the addition of C: one term more.
  bound: polynomial({ length: ({ inputs: [a], attributes }) => 1 + (attributes.transA ? a.shape[0] : a.shape[1]) }),
};

export const MATMUL_RULES: Readonly<Record<string, FuzzRule>> = { MatMul: matMulRule, Gemm: gemmRule };
