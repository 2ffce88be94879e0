// One example of every figure of a sweep, on fixed numbers.

import {
  importanceBars,
  learningCurves,
  parallelCoordinates,
  parameterHeatMap,
  type PlotlyFigure,
  qualityAgainstCost,
  seedSpread,
} from "lib/report/mod.ts";
import { random } from "lib/statistics/mod.ts";

/** A made-up sweep: what each configuration has, and what it reached. */
export function madeUpSweep(count: number) {
  const stream = random(11, "made-up sweep");
  return Array.from({ length: count }, (_, i) => {
    const width = 64 * (1 + stream.integer(32));
    const rate = 10 ** stream.uniform(-4, -1.5);
    const bottleneck = ["relu", "gelu", "linear"][stream.integer(3)];
    const weight = bottleneck === "linear" ? null : Number(stream.uniform(0, 1).toFixed(3));
    const far = (Math.log10(rate) + 3) ** 2;
    const loss = 0.002 *
      (0.4 + far + 200 / width + (bottleneck === "relu" ? 0.5 : 0.1) + 0.1 * Math.abs(stream.normal()));
    return { number: i + 1, width, rate, bottleneck, weight, loss, pruned: i > 5 && loss > 0.0035 };
  });
}

const loss = { title: "Validation loss", unit: "1", log: true, best: "low" } as const;

export const sweepFigures: Record<string, () => PlotlyFigure> = {
  qualityAgainstCost: () =>
    qualityAgainstCost({
      points: madeUpSweep(60).map(({ width, loss, pruned, number }) => (
        { cost: 962 * width, quality: loss, low: loss * 0.97, high: loss * 1.03, pruned, label: `trial ${number}` }
      )),
      cost: { title: "Parameters", unit: "count" },
      quality: loss,
    }),
  qualityOfForms: () =>
    qualityAgainstCost({
      points: [
        { label: "graph optimization, basic", cost: 9.3, quality: 1, low: 1, high: 1 },
        { label: "graph optimization, all", cost: 9.31, quality: 1, low: 1, high: 1 },
        { label: "saved optimized model", cost: 9.6, quality: 1, low: 1, high: 1 },
        { label: "fused attention", cost: 9.1, quality: 1, low: 1, high: 1 },
        { label: "half precision", cost: 13.2, quality: 1.00004, low: 1.00004, high: 1.00005 },
        { label: "dynamic int8", cost: 5.9, quality: 1.001, low: 1.0006, high: 1.0013 },
        { label: "static int8", cost: 6.5, quality: 1.0013, low: 1.0009, high: 1.0016 },
        { label: "all combined", cost: 3.46, quality: 1.0009, low: 1.0005, high: 1.0012 },
      ],
      cost: { title: "Time of a call", unit: "ms" },
      quality: { title: "Forecast error", unit: "x", best: "low" },
      labels: "all",
    }),
  qualityOfMany: () =>
    qualityAgainstCost({
      points: madeUpSweep(20_000).map(({ width, loss }) => ({ cost: 962 * width, quality: 1 - 50 * loss })),
      cost: { title: "Parameters", unit: "count" },
      quality: { title: "Held-out cosine", unit: "1", best: "high" },
    }),
  learningCurvesOfTrials: () =>
    learningCurves({
      curves: madeUpSweep(40).map(({ loss, pruned }, i) => {
        const epochs = Array.from({ length: pruned && i !== 39 ? [1, 3, 9][i % 3] : 27 }, (_, epoch) => epoch + 1);
        const validationLoss = epochs.map((epoch) => loss * (1 + 2 * Math.exp(-epoch / 5)));
        return { group: i === 39 ? "best trial" : "other trials", epochs, validationLoss, pruned: pruned && i !== 39 };
      }),
      y: { title: "Validation loss", unit: "1" },
    }),
  parallelCoordinates: () =>
    parallelCoordinates({
      axes: [
        { title: "studentDim", unit: "1", log: true },
        { title: "learningRate", unit: "1", log: true },
        { title: "bottleneck", unit: "", categories: ["relu", "gelu", "linear"] },
        { title: "alignmentWeight", unit: "1" },
      ],
      lines: madeUpSweep(80).map(({ width, rate, bottleneck, weight, loss }) => (
        { values: [width, rate, bottleneck, weight], result: loss }
      )),
      result: loss,
    }),
  parallelCoordinatesOfMany: () =>
    parallelCoordinates({
      axes: ["encoderWidth", "decoderWidth", "learningRate", "weightDecay", "warmupEpochs", "batchSize", "dropout"].map(
        (title, k) => ({ title, unit: "1", log: k === 2 }),
      ),
      lines: madeUpSweep(5000).map(({ width, rate, loss, number }) => (
        {
          values: [width, width + number % 7, rate, number % 11 / 10, number % 5, 32 * (1 + number % 3), 0.1],
          result: 1 - 50 * loss,
        }
      )),
      result: { title: "Cosine", unit: "1", best: "high" },
    }),
  importanceBars: () =>
    importanceBars({
      parameters: [
        { name: "studentDim", share: 0.21 },
        { name: "learningRate", share: 0.55 },
        { name: "bottleneck", share: 0.08 },
        { name: "alignmentWeight", share: 0.01 },
      ],
      interactions: 0.15,
    }),
  heatMapOfNumbers: () =>
    parameterHeatMap({
      points: madeUpSweep(120).map(({ width, rate, loss }) => ({ x: width, y: rate, result: loss })),
      x: { title: "studentDim", unit: "values", log: true },
      y: { title: "learningRate", unit: "1", log: true },
      result: loss,
    }),
  heatMapOfChoices: () =>
    parameterHeatMap({
      points: madeUpSweep(60).map(({ width, bottleneck, loss }) => (
        { x: bottleneck, y: width > 1024 ? 2048 : width > 512 ? 1024 : 512, result: 1 - 50 * loss }
      )),
      x: { title: "bottleneck", unit: "", categories: ["relu", "gelu", "linear"] },
      y: { title: "studentDim", unit: "values" },
      result: { title: "Held-out cosine", unit: "1", best: "high" },
      cell: "mean",
    }),
  seedSpread: () =>
    seedSpread({
      configurations: madeUpSweep(14).map(({ width, rate, bottleneck, loss }) => (
        {
          label: `${bottleneck}, ${width}, ${Number(rate.toPrecision(2))}`,
          values: [0.97, 1, 1.04].map((factor, k) => loss * factor * (1 + (k * width % 7) / 200)),
        }
      )),
      result: loss,
    }),
};
