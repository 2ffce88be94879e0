// One example of every figure, on fixed numbers: the specs are snapshotted, and the images checked for overlapping labels.

import {
  barsWithInterval,
  claimedAgainstMeasured,
  claimedPanels,
  distributions,
  learningCurves,
  lineWithInterval,
  type PlotlyFigure,
  qualityAgainstWidth,
} from "lib/report/mod.ts";

const widths = [256, 320, 512, 768, 1024, 2048, 4096, 8192];

function quality(level: number, noise: number) {
  return widths.map((width, i) => {
    const median = level + 0.002 * i;
    const seeds = [-1, -0.4, 0, 0.5, 1.1].map((step) => median + step * noise);
    return { width, median, low: seeds[0], high: seeds[4], seeds };
  });
}

function curve(group: string, level: number, seed: number) {
  const epochs = Array.from({ length: 12 }, (_, i) => i + 1);
  return {
    group,
    epochs,
    trainLoss: epochs.map((epoch) => level * (0.2 + Math.exp(-epoch / 4)) + seed * 1e-5),
    validationLoss: epochs.map((epoch) => level * (0.3 + Math.exp(-epoch / 4)) + seed * 1e-5),
    best: 10,
  };
}

export const exampleFigures: Record<string, () => PlotlyFigure> = {
  qualityAgainstWidth: () =>
    qualityAgainstWidth({
      series: [
        { name: "ReLU bottleneck", points: quality(0.88, 0.004) },
        { name: "linear bottleneck", points: quality(0.935, 0.001) },
      ],
      // Three baselines closer together than their labels are high.
      baselines: [
        { name: "PCA, 192 values", value: 0.943 },
        { name: "int8 teacher", value: 0.9435 },
        { name: "int4 teacher", value: 0.9425 },
      ],
      x: { title: "Hidden width S", unit: "values" },
      y: { title: "Held-out cosine", unit: "1" },
    }),
  qualityWithoutIntervals: () =>
    qualityAgainstWidth({
      series: [{ name: "ReLU", points: [{ width: 256, median: 0.89, low: null, high: null, seeds: [0.89] }] }],
      x: { title: "Hidden width S", unit: "values" },
      y: { title: "Held-out cosine", unit: "1" },
    }),
  claimedPanels: () =>
    claimedPanels({
      panels: [
        ...[["Time", "ms", 0.05], ["Parameters", "count", 3e5], ["Memory", "MB", 2], ["Ratios", "x", 1.2]] as const,
      ].map(([title, unit, first]) => ({
        title,
        unit,
        points: [1, 2, 4, 8, 16, 64].map((step, i) => ({
          label: `${title}-${step}`,
          group: ["holds", "does not add up", "measured elsewhere"][i % 3],
          claimed: first * step,
          found: first * step * [1, 1.9, 30][i % 3],
          ...(i % 3 === 2 && { low: first * step * 20, high: first * step * 40 }),
        })),
      })),
      groups: ["holds", "does not add up", "measured elsewhere", "projection"],
    }),
  claimedAgainstMeasured: () =>
    claimedAgainstMeasured({
      points: [
        ...[[256, 545e3], [320, 680e3], [512, 1.1e6], [768, 1.6e6], [1024, 2.1e6], [2048, 4.2e6]].map((
          [s, claimed],
        ) => ({
          label: String(s),
          group: "bottleneck family",
          claimed,
          measured: 1154 * s + 576,
        })),
        ...[384, 512, 768, 1024, 2048, 4096, 8192].map((d) => ({
          label: String(d),
          group: "square family",
          claimed: 4 * d * d,
          measured: 3 * d * d + 3.5 * d,
          low: 2.9 * d * d,
          high: 3.2 * d * d,
        })),
      ],
      claimed: { title: "Claimed parameters", unit: "count" },
      measured: { title: "Recomputed parameters", unit: "count" },
    }),
  lineWithInterval: () =>
    lineWithInterval({
      series: ["one at a time", "batches of 256"].map((name, k) => ({
        name,
        points: widths.map((x) => ({
          x,
          y: (x / 2e4) / (k + 1),
          low: (x / 2.2e4) / (k + 1),
          high: (x / 1.8e4) / (k + 1),
        })),
      })),
      x: { title: "Hidden width S", unit: "values" },
      y: { title: "Time per vector", unit: "ms", log: true },
    }),
  lineOverWeights: () =>
    lineWithInterval({
      series: [{ name: "cosine", points: [0, 0.1, 0.3, 0.5, 0.7, 1].map((x) => ({ x, y: 0.9 + 0.03 * x })) }],
      x: { title: "Alignment weight", unit: "1", log: false, ticks: "round" },
      y: { title: "Held-out cosine", unit: "1" },
    }),
  pointsBesideLines: () =>
    lineWithInterval({
      series: [
        {
          name: "PCA",
          points: [48, 384, 1024].map((x, k) => ({ x, y: 0.4 + 0.2 * k, low: 0.39 + 0.2 * k, high: 0.41 + 0.2 * k })),
        },
        {
          name: "quantized",
          joined: false,
          points: [{ x: 48, y: 0.5, low: 0.48, high: 0.52 }, { x: 384, y: 0.99, low: 0.98, high: 1 }],
        },
        { name: "one seed", joined: false, points: [{ x: 1024, y: 0.85 }] },
      ],
      x: { title: "Bytes a vector", unit: "bytes" },
      y: { title: "recall@10", unit: "1" },
    }),
  distributions: () =>
    distributions({
      series: [0.9, 0.8, 0.7].map((centre, k) => ({
        name: `code ${k}`,
        values: Array.from({ length: 200 }, (_, i) => centre + 0.1 * Math.sin(i * i)),
      })),
      x: { title: "Held-out cosine", unit: "1" },
      bins: 20,
    }),
  learningCurves: () =>
    learningCurves({
      curves: [1, 2].flatMap((seed) => [curve("S = 256", 0.003, seed), curve("S = 1024", 0.002, seed)]),
      y: { title: "Loss (mean squared error)", unit: "1" },
    }),
  barsWithInterval: () =>
    barsWithInterval({
      bars: [["PCA, 192 values", 0.902], ["student S = 1024, linear bottleneck", 0.9]].flatMap(([label, value]) =>
        ["cosine", "recall@10"].map((group, k) => ({
          label: String(label),
          group,
          value: Number(value) - 0.05 * k,
          low: Number(value) - 0.05 * k - 0.01,
          high: Number(value) - 0.05 * k + 0.02,
        }))
      ),
      value: { title: "Score", unit: "1" },
      label: { title: "Method", unit: "" },
    }),
};
