// Rules of operators that stand for a graph of plain ones: that graph says how far they may be wrong, and where it jumps.

import { expanded, leavesLike } from "../../operators/composite.ts";
import { fusedAttention, fusedLstm, fusedRmsNorm, matMulIntegerToFloat, quantizedLstm } from "../../ops_fused.ts";
import { constant, type Tensor } from "../../tensor.ts";
import { Analysis } from "../analysis.ts";
import type { BoundContext, BoundRule } from "../bounds.ts";
import type { Draw } from "../draw.ts";
import type { MarginRule } from "../margins.ts";
import type { FuzzRule } from "../rules.ts";
import { integerOperands } from "./quantization.ts";

interface Expansion {
  readonly problem: string | null;
  readonly errors: readonly Float64Array[];
}

const known = new WeakMap<BoundContext, Expansion>();

function expansion(context: BoundContext): Expansion {
  const made = known.get(context) ?? analysed(context);
  known.set(context, made);
  return made;
}

function analysed({ operation, inputs }: BoundContext): Expansion {
  const analysis = new Analysis({});
  const leaves = leavesLike(inputs);
  leaves.forEach((leaf, i) => analysis.feed(leaf, inputs[i].data, inputs[i].error));
  const results = expanded(operation, leaves)!;
  const problem = analysis.compute(results);
  return { problem, errors: problem ? [] : results.map((tensor) => analysis.valueOf(tensor).error) };
}

const expandedMargin: MarginRule = (context) => expansion(context).problem;
const expandedBound: BoundRule = (context) => expansion(context).errors;

const productRule: FuzzRule = {
  propose(draw) {
    const operands = integerOperands(draw);
    if (!operands) return null;
    const [left, right, leftZero, rightZero] = operands;
    if (left.dtype === "int8" && right.dtype === "uint8") return null;
    const columns = Number(right.shape.at(-1));
    const scale = () => draw.pick([0.01, 0.03, 0.1, 0.25]);
    const rightScale = draw.chance(0.5) ? scale() : Array.from({ length: columns }, scale);
    const product = matMulIntegerToFloat(
      { values: left, scale: constant(scale()), zeroPoint: leftZero },
      { values: right, scale: constant(rightScale), zeroPoint: rightZero },
      { bias: draw.chance(0.5) ? draw.leaf([columns], { low: -1, high: 1 }) : undefined },
    );
    return draw.fits(product.shape) ? product : null;
  },
  margin: expandedMargin,
  bound: expandedBound,
};

const isFixed = ({ shape }: Tensor) => shape.every((dim) => typeof dim === "number");

const attentionRule: FuzzRule = {
  propose(draw) {
    const queries = draw.any({ dtype: "float32", minRank: 3, maxRank: 3 });
    const [batch, , width] = queries.shape;
    if (queries.shape.length !== 3 || typeof width !== "number") return null;
    const heads = draw.pick([1, 2, 3, 4].filter((count) => width % count === 0));
    const shape = [batch, draw.dim(), width];
    if (!draw.fits(shape)) return null;
    const [keys, values] = [draw.like(shape), draw.like(shape)];
    return fusedAttention(queries, keys, { values, heads, scale: draw.pick([0.25, 0.5, 1]) });
  },
  margin: expandedMargin,
  bound: expandedBound,
};

const normRule: FuzzRule = {
  propose(draw) {
    const x = draw.any({ dtype: "float32", minRank: 1 });
    const width = x.shape.at(-1);
    if (typeof width !== "number") return null;
    return fusedRmsNorm(x, draw.leaf([width], { low: -1, high: 1 }), { epsilon: draw.pick([1e-2, 0.25]) });
  },
  margin: expandedMargin,
  bound: expandedBound,
};

/** Few steps of a narrow layer. */
function layerInput(draw: Draw): { x: Tensor; width: number; hiddenDim: number } {
  const accept = (x: Tensor) => isFixed(x) && Number(x.shape[0]) <= 5 && Number(x.shape[1]) <= 4;
  const suitable = draw.pool.filter((x) => x.dtype === "float32" && x.shape.length === 3 && accept(x));
  const x = suitable.length > 0 && draw.chance(0.7)
    ? draw.pick(suitable)
    : draw.leaf([draw.integer(1, 4), draw.integer(1, 3), draw.integer(1, 4)]);
  return { x, width: Number(x.shape[2]), hiddenDim: draw.integer(1, 3) };
}

const lstmRule: FuzzRule = {
  propose(draw) {
    const { x, width, hiddenDim } = layerInput(draw);
    if (4 * hiddenDim * width > 200) return null;
    return fusedLstm(x, {
      weight: draw.leaf([1, 4 * hiddenDim, width], { low: -1, high: 1 }),
      recurrence: draw.leaf([1, 4 * hiddenDim, hiddenDim], { low: -1, high: 1 }),
      bias: draw.leaf([1, 8 * hiddenDim], { low: -1, high: 1 }),
    }, { hiddenDim });
  },
  margin: expandedMargin,
  bound: expandedBound,
};

const quantizedLstmRule: FuzzRule = {
  propose(draw) {
    if (!draw.allows("uint8") || !draw.allows("int8")) return null;
    const hiddenDim = draw.integer(1, 3);
    // Small integers: sums of products with bytes soon leave what an analysis takes. Of one row: of several, ONNX Runtime may quantize the states of each thread's rows by a range of their own.
    const x = draw.leaf([draw.integer(1, 3), 1, draw.integer(1, 4)]);
    const [width, columns] = [Number(x.shape[2]), 4 * hiddenDim];
    const list = <T>(count: number, next: () => T) => Array.from({ length: count }, next);
    const bytes = (rows: number) =>
      constant(list(rows * columns, () => draw.integer(-9, 9)), { dtype: "int8", shape: [1, rows, columns] });
    const scales = () => constant(list(columns, () => draw.pick([0.05, 0.1])), { shape: [1, columns] });
    const zeros = () => constant(new Float64Array(columns), { dtype: "int8", shape: [1, columns] });
    return quantizedLstm(x, {
      weight: bytes(width),
      recurrence: bytes(hiddenDim),
      bias: draw.leaf([1, 8 * hiddenDim], { low: -1, high: 1 }),
      weightScale: scales(),
      weightZeroPoint: zeros(),
      recurrenceScale: scales(),
      recurrenceZeroPoint: zeros(),
    }, { hiddenDim });
  },
  margin: expandedMargin,
  bound: expandedBound,
};

export const FUSED_RULES: Readonly<Record<string, FuzzRule>> = {
  MultiHeadAttention: attentionRule,
  SimplifiedLayerNormalization: normRule,
  MatMulIntegerToFloat: productRule,
  LSTM: lstmRule,
  DynamicQuantizeLSTM: quantizedLstmRule,
};
