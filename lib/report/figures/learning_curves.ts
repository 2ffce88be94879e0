// Loss against epochs: training dotted, validation solid, the epoch that was kept marked; trials that were ended early in grey.

import type { PlotlyFigure } from "../document.ts";
import { valueAxis } from "./axes.ts";
import { type Axis, checkValues, translucent } from "./figure.ts";
import { seriesStyle } from "./marks.ts";

/** One training run. */
export interface LearningCurve {
  /** Runs of one group (the seeds of a configuration) share a colour and a legend entry. */
  group: string;
  epochs: number[];
  /** Left out where many trials are compared. */
  trainLoss?: number[];
  validationLoss: number[];
  /** Index into `epochs` of the weights that were kept. */
  best?: number;
  /** Ended early by a pruner: drawn in grey, with a cross where it ended. */
  pruned?: boolean;
}

/** What `learningCurves` draws. */
export interface LearningCurves {
  curves: LearningCurve[];
  x?: Axis;
  y: Axis;
}

/** More points than this a line are thinned: they could not be told apart. */
const MAX_POINTS = 300;
/** More curves than this are thinned, pruned ones and others in proportion; the first of each group stays. */
const MAX_CURVES = 200;
/** Groups of more curves than this have thinner lines. */
const MANY_CURVES = 10;

/**
 * Learning curves, y logarithmic unless `y.log` is false. Later curves lie on top.
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
  const groups = [...new Set(curves.filter(({ pruned }) => !pruned).map(({ group }) => group))];
  const drawn = fewer(curves);
  const losses = drawn.flatMap(({ trainLoss = [], validationLoss }) => [...trainLoss, ...validationLoss]);
  const trained = drawn.some(({ trainLoss }) => trainLoss !== undefined);
  const pruned = drawn.filter((curve) => curve.pruned);
  const sizeOf = (group: string) => drawn.filter((curve) => curve.group === group && !curve.pruned).length;
  const crowded = new Set(groups.filter((group) => sizeOf(group) > MANY_CURVES));
  return {
    data: [
      ...pruned.flatMap((curve) => prunedTraces(thinned(curve))),
      ...drawn.filter((curve) => !curve.pruned).flatMap((curve) =>
        curveTraces(thinned(curve), { index: groups.indexOf(curve.group), thin: crowded.has(curve.group) })
      ),
      ...groups.map((group, i) => legendLine(group, { color: seriesStyle(i).color, width: 3 })),
      // The kind of line is explained once, in ink, not once per group.
      ...(trained
        ? [
          legendLine("training", { color: "#888888", dash: "dot", width: 2 }),
          legendLine("validation", { color: "#888888", width: 2 }),
        ]
        : []),
      ...(pruned.length > 0
        ? [{
          ...legendLine("ended early", { color: "#888888", width: 1 }),
          marker: { ...END_MARK },
          mode: "lines+markers",
        }]
        : []),
    ],
    layout: {
      xaxis: valueAxis(x, drawn.flatMap(({ epochs }) => epochs), { air: 0.02 }),
      yaxis: valueAxis(yAxis, losses),
    },
  };
}

function checkCurve({ epochs, trainLoss, validationLoss }: LearningCurve, y: Axis, index: number): void {
  for (const [name, losses] of Object.entries({ ...(trainLoss && { trainLoss }), validationLoss })) {
    if (losses.length !== epochs.length) {
      throw new RangeError(
        `Cannot draw curves[${index}].${name}: expected ${epochs.length} values as in epochs, got ${losses.length}`,
      );
    }
    checkValues(losses, y, `curves[${index}].${name}`);
  }
}

function curveTraces(
  { group, epochs, trainLoss, validationLoss, best }: LearningCurve,
  { index, thin }: { index: number; thin: boolean },
) {
  const { color, symbol } = seriesStyle(index);
  const base = { legendgroup: group, mode: "lines", showlegend: false, type: "scatter", x: epochs };
  const traces: Record<string, unknown>[] = [];
  if (trainLoss !== undefined) {
    const line = { color: translucent(color, 0.7), dash: "dot", width: 1.5 };
    traces.push({ ...base, line, name: `${group}, training`, y: trainLoss });
  }
  const line = thin ? { color: translucent(color, 0.6), width: 1.3 } : { color, width: 2 };
  traces.push({ ...base, line, name: `${group}, validation`, y: validationLoss });
  if (best !== undefined) {
    const marker = { color, size: thin ? 6 : 9, symbol };
    traces.push({
      ...base,
      ...{ marker, mode: "markers", name: `${group}, kept`, x: [epochs[best]], y: [validationLoss[best]] },
    });
  }
  return traces;
}

const END_MARK = { color: "#888888", size: 7, symbol: "x-thin", line: { color: "#888888", width: 1.6 } };

/** One line, with a cross at its end only. */
function prunedTraces({ group, epochs, validationLoss }: LearningCurve): Record<string, unknown>[] {
  return [{
    hovertemplate: "%{x}: %{y:.4g}<extra>ended early</extra>",
    legendgroup: "ended early",
    line: { color: translucent("#888888", 0.6), width: 1 },
    marker: { ...END_MARK, opacity: epochs.map((_, i) => (i === epochs.length - 1 ? 1 : 0)) },
    mode: "lines+markers",
    name: `${group}, ended early`,
    showlegend: false,
    type: "scatter",
    x: epochs,
    y: validationLoss,
  }];
}

/** The first curve of each group, and every k-th of the others. */
function fewer(curves: readonly LearningCurve[]): readonly LearningCurve[] {
  const stride = Math.ceil(curves.length / MAX_CURVES);
  if (stride <= 1) return curves;
  const firsts = new Set(
    curves.filter(({ group, pruned }, i) =>
      !pruned && curves.findIndex((other) => other.group === group && !other.pruned) === i
    ),
  );
  let [kept, ended] = [0, 0];
  return curves.filter((curve) => firsts.has(curve) || (curve.pruned ? ended++ : kept++) % stride === 0);
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
    trainLoss: trainLoss && kept.map((i) => trainLoss[i]),
    validationLoss: kept.map((i) => validationLoss[i]),
  };
}
