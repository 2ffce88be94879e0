// Applications of the operators that stand for several, for the list in operator_cases.ts.

import {
  constant,
  fusedAttention,
  fusedLstm,
  fusedRmsNorm,
  matMulIntegerToFloat,
  quantizedLstm,
} from "../../lib/graph/mod.ts";
import type { OperatorCase } from "./operator_cases.ts";

const waves = (count: number, step: number, size = 1) =>
  Array.from({ length: count }, (_, i) => size * Math.sin(1 + i * step));
const whole = (count: number, step: number, size: number) => waves(count, step, size).map(Math.round);

const [WIDTH, HIDDEN] = [3, 2];
const COLUMNS = 4 * HIDDEN;
const bias = constant(waves(2 * COLUMNS, 1.3), { shape: [1, 2 * COLUMNS] });

export const FUSED_CASES: readonly OperatorCase[] = [
  ...[1, 4].map((asking): OperatorCase => ({
    name: `MultiHeadAttention of ${asking} queries`,
    shapes: [[2, asking, 6], [2, 4, 6], [2, 4, 6]],
    build: (queries, keys, values) => fusedAttention(queries, keys, { values, heads: 2, scale: 0.5 }),
  })),
  ...[[5], [1, 3, 512]].map((shape): OperatorCase => ({
    name: `SimplifiedLayerNormalization of [${shape}]`,
    shapes: [shape, shape.slice(-1)],
    build: (x, weight) => fusedRmsNorm(x, weight, { epsilon: 1e-5 }),
  })),
  ...[1, 5].map((steps): OperatorCase => ({
    name: `LSTM of ${steps} steps`,
    shapes: [[steps, 2, WIDTH], [1, COLUMNS, WIDTH], [1, COLUMNS, HIDDEN], [1, 2 * COLUMNS]],
    build: (x, weight, recurrence, bias) => fusedLstm(x, { weight, recurrence, bias }, { hiddenDim: HIDDEN }),
  })),
  {
    name: "DynamicQuantizeLSTM",
    shapes: [[4, 1, WIDTH]],
    build: (x) => {
      const bytes = (rows: number) =>
        constant(whole(rows * COLUMNS, 1.7, 63), { dtype: "int8", shape: [1, rows, COLUMNS] });
      const scale = constant(waves(COLUMNS, 0).map((_, i) => 0.01 + 0.001 * i), { shape: [1, COLUMNS] });
      const zero = constant(new Float64Array(COLUMNS), { dtype: "int8", shape: [1, COLUMNS] });
      const [weight, recurrence] = [bytes(WIDTH), bytes(HIDDEN)];
      const scales = { weightScale: scale, recurrenceScale: scale, weightZeroPoint: zero, recurrenceZeroPoint: zero };
      return quantizedLstm(x, { weight, recurrence, bias, ...scales }, { hiddenDim: HIDDEN });
    },
  },
  ...[{ scales: [0.5] }, { scales: waves(3, 1).map(Math.abs), bias: constant([0.5, -1, 2]) }].map((
    { scales, bias },
  ): OperatorCase => ({
    name: `MatMulIntegerToFloat with ${scales.length} scales${bias ? " and a bias" : ""}`,
    shapes: [],
    build: () =>
      matMulIntegerToFloat(
        {
          values: constant(whole(8, 2.1, 100).map(Math.abs), { dtype: "uint8", shape: [2, 4] }),
          scale: constant(0.25),
          zeroPoint: constant(7, { dtype: "uint8" }),
        },
        {
          values: constant(whole(12, 1.1, 60), { dtype: "int8", shape: [4, 3] }),
          scale: constant(scales.length === 1 ? scales[0] : scales),
          zeroPoint: constant(-2, { dtype: "int8" }),
        },
        { bias },
      ),
  })),
];
