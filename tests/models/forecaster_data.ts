// A series for tests of the forecaster: a sum of two sines, no measured data, of which windows are cut in order of time.

import type { SeriesShape } from "lib/models/forecaster.ts";
import type { TrainingData } from "lib/train/mod.ts";

/** Windows of the sines and what follows each; the first three quarters are for training. */
export function sineWindows({ context, horizon }: Pick<SeriesShape, "context" | "horizon">, count = 160): TrainingData {
  const value = (time: number) => Math.sin(time / 3) + 0.5 * Math.sin(time / 7 + 1);
  const windows = (first: number, length: number) =>
    Float32Array.from({ length: count * length }, (_, i) => value(Math.floor(i / length) + first + i % length));
  const rows = Uint32Array.from({ length: count }, (_, i) => i);
  const cut = Math.floor(0.75 * count);
  return {
    reference: { dataset: "sines", columns: { x: "x", y: "y" }, hash: `sines-${count}-${context}-${horizon}` },
    columns: {
      x: { dtype: "float32", shape: [count, context, 1], data: windows(0, context) },
      y: { dtype: "float32", shape: [count, horizon], data: windows(context, horizon) },
    },
    train: rows.subarray(0, cut),
    validation: rows.subarray(cut),
  };
}
