// Where a call's time goes, in the classes that say what a form of a model can win: products and recurrent layers get cheaper with fewer
// bits, getting to bytes and back is their price, and the rest stays as it is.

import type { GraphProfile } from "../../runtime/mod.ts";

/** What operators do, as far as it matters to quantization. */
export const OPERATOR_CLASSES = ["products", "recurrent layers", "to and from bytes", "everything else"] as const;
/** One of {@link OPERATOR_CLASSES}. */
export type OperatorClass = typeof OPERATOR_CLASSES[number];

const CLASSES: Readonly<Record<string, OperatorClass>> = {
  ...classOf("products", [
    ...["Gemm", "FusedGemm", "MatMul", "FusedMatMul", "MatMulInteger", "MatMulIntegerToFloat"],
    ...["DynamicQuantizeMatMul", "QLinearMatMul", "QGemm", "MatMulNBits", "MultiHeadAttention", "Attention"],
  ]),
  ...classOf("recurrent layers", ["LSTM", "GRU", "RNN", "DynamicQuantizeLSTM"]),
  ...classOf("to and from bytes", ["QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "Cast"]),
};

function classOf(name: OperatorClass, operators: readonly string[]): Record<string, OperatorClass> {
  return Object.fromEntries(operators.map((operator) => [operator, name]));
}

/** Time of the nodes of a class. */
export interface ClassTime {
  readonly nodes: number;
  /** Of a run, all of them together. */
  readonly microseconds: number;
  /** Of the time in nodes, from 0 to 1. */
  readonly share: number;
}

/**
 * The time of a profile by class; a class without nodes has zeros.
 *
 * @example
 * ```ts
 * import { timeByClass } from "lib/bench/subjects/operator_classes.ts";
 * const operators = [
 *   { operator: "Gemm", nodes: 2, microseconds: 30, share: 0.75 },
 *   { operator: "Tanh", nodes: 1, microseconds: 10, share: 0.25 },
 * ];
 * const times = timeByClass({ operators, microseconds: 40, nodes: 3, runs: 10 });
 * if (times["products"].share !== 0.75 || times["everything else"].nodes !== 1) throw new Error("a product and a rest");
 * ```
 */
export function timeByClass({ operators, microseconds }: GraphProfile): Record<OperatorClass, ClassTime> {
  const sumOf = (name: OperatorClass): ClassTime => {
    const own = operators.filter(({ operator }) => (CLASSES[operator] ?? "everything else") === name);
    const time = own.reduce((sum, one) => sum + one.microseconds, 0);
    return {
      nodes: own.reduce((sum, { nodes }) => sum + nodes, 0),
      microseconds: time,
      share: microseconds === 0 ? 0 : time / microseconds,
    };
  };
  return Object.fromEntries(OPERATOR_CLASSES.map((name) => [name, sumOf(name)])) as Record<OperatorClass, ClassTime>;
}
