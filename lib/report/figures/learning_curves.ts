// Loss against epochs: training dotted, validation solid, the epoch that was kept marked.

import type { PlotlyFigure } from "../document.ts";
import { valueAxis } from "./axes.ts";
import { type Axis, checkValues, translucent } from "./figure.ts";
import { seriesStyle } from "./marks.ts";

/** One training run. */
export interface LearningCurve {
  /** Runs of one group (the seeds of a configuration) share a colour and a legend entry. */
  group: string;
  epochs: number[];
  trainLoss: number[];
  validationLoss: number[];
  /** Index into `epochs` of the weights that were kept. */
  best?: number;
}

/** What `learningCurves` draws. */
export interface LearningCurves {
  curves: LearningCurve[];
  x?: Axis;
  y: Axis;
}

/** More points than this a line are thinned: they could not be told apart. */
const MAX_POINTS = 300;

/**
 * Learning curves, y logarithmic unless `y.log` is false.
 *
 * @throws {RangeError} when there is no curve, lengths differ, or a value cannot be drawn
 *
 * @example
 * ```ts
 * import { learningCurves } from "lib/report/figures/learning_curves.ts";
 * const figure = learningCurves({
 *   curves: [{ group: "256", epochs: [1, 2], trainLoss: [0.4, 0.3], validationLoss: [0.5, 0.4], best: 1 }],
 *   y: { title: "Loss", unit: "1" },
 * });
 * console.log(figure.data.length); // 5
 * ```
 */
export function learningCurves({ curves, x = { title: "Epoch", unit: "1" }, y }: LearningCurves): PlotlyFigure {
  if (curves.length === 0) throw new RangeError("Cannot draw learning curves: expected at least one curve");
  const yAxis = { ...y, log: y.log ?? true };
  curves.forEach((curve, i) => checkCurve(curve, yAxis, i));
  const groups = [...new Set(curves.map(({ group }) => group))];
  const losses = curves.flatMap(({ trainLoss, validationLoss }) => [...trainLoss, ...validationLoss]);
  return {
    data: [
      ...curves.flatMap((curve) => curveTraces(thinned(curve), groups.indexOf(curve.group))),
      ...groups.map((group, i) => legendLine(group, { color: seriesStyle(i).color, width: 3 })),
      // The kind of line is explained once, in ink, not once per group.
      legendLine("training", { color: "#888888", dash: "dot", width: 2 }),
      legendLine("validation", { color: "#888888", width: 2 }),
    ],
    layout: {
      xaxis: valueAxis(x, curves.flatMap(({ epochs }) => epochs), { air: 0.02 }),
      yaxis: valueAxis(yAxis, losses),
    },
  };
}

function checkCurve({ epochs, trainLoss, validationLoss }: LearningCurve, y: Axis, index: number): void {
  for (const [name, losses] of Object.entries({ trainLoss, validationLoss })) {
    if (losses.length !== epochs.length) {
      throw new RangeError(
        `Cannot draw curves[${index}].${name}: expected ${epochs.length} values as in epochs, got ${losses.length}`,
      );
    }
    checkValues(losses, y, `curves[${index}].${name}`);
  }
}

function curveTraces({ group, epochs, trainLoss, validationLoss, best }: LearningCurve, index: number) {
  const { color, symbol } = seriesStyle(index);
  const base = { legendgroup: group, mode: "lines", showlegend: false, type: "scatter", x: epochs };
  const traces: Record<string, unknown>[] = [
    {
      ...base,
      line: { color: translucent(color, 0.7), dash: "dot", width: 1.5 },
      name: `${group}, training`,
      y: trainLoss,
    },
    { ...base, line: { color, width: 2 }, name: `${group}, validation`, y: validationLoss },
  ];
  if (best !== undefined) {
    const marker = { color, size: 9, symbol };
    traces.push({
      ...base,
      ...{ marker, mode: "markers", name: `${group}, kept`, x: [epochs[best]], y: [validationLoss[best]] },
    });
  }
  return traces;
}

function legendLine(name: string, line: Record<string, unknown>): Record<string, unknown> {
  return { legendgroup: name, line, mode: "lines", name, type: "scatter", x: [null], y: [null] };
}

/** Every k-th point, the last one and the best one. */
function thinned(curve: LearningCurve): LearningCurve {
  const { epochs, trainLoss, validationLoss, best } = curve;
  const stride = Math.ceil(epochs.length / MAX_POINTS);
  if (stride <= 1) return curve;
  const kept = epochs.map((_, i) => i).filter((i) => i % stride === 0 || i === epochs.length - 1 || i === best);
  return {
    ...curve,
    best: best === undefined ? undefined : kept.indexOf(best),
    epochs: kept.map((i) => epochs[i]),
    trainLoss: kept.map((i) => trainLoss[i]),
    validationLoss: kept.map((i) => validationLoss[i]),
  };
}
