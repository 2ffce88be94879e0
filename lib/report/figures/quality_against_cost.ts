// Quality against cost of the configurations of a sweep, with the Pareto front: those that no other beats in both.

import type { PlotlyFigure } from "../document.ts";
import { paretoFront } from "../../statistics/mod.ts";
import { valueAxis } from "./axes.ts";
import { type Axis, checkValues, palette, referenceColor, translucent } from "./figure.ts";
import { placeLabels } from "./label_placement.ts";
import { errorBar } from "./marks.ts";
import type { DirectedAxis } from "./value_classes.ts";

/** One configuration. */
export interface CostPoint {
  /** To be made small: parameters, seconds, bytes. */
  cost: number;
  quality: number;
  /** Of the quality, over seeds. */
  low?: number | null;
  high?: number | null;
  /** Stands beside points of the front where there is room. */
  label?: string;
  /** Ended early: a cross that is never on the front. */
  pruned?: boolean;
}

/** What `qualityAgainstCost` draws. */
export interface QualityAgainstCost {
  points: CostPoint[];
  /** Logarithmic unless `log` is false. */
  cost: Axis;
  quality: DirectedAxis;
}

/** More configurations beside the front than this are thinned. */
const MAX_POINTS = 1_500;
const PLOT = { width: 650, height: 345 };

/**
 * A dot for each configuration (pale where another is as cheap and better), and the Pareto front as a line of steps.
 *
 * @throws {RangeError} when no configuration has finished, or a value cannot be drawn
 *
 * @example
 * ```ts
 * import { qualityAgainstCost } from "lib/report/figures/quality_against_cost.ts";
 * const figure = qualityAgainstCost({
 *   points: [{ cost: 1e5, quality: 0.9 }, { cost: 2e5, quality: 0.95 }, { cost: 3e5, quality: 0.94 }],
 *   cost: { title: "Parameters", unit: "count" },
 *   quality: { title: "Cosine", unit: "1", best: "high" },
 * });
 * console.log(figure.data.length); // 3
 * ```
 */
export function qualityAgainstCost({ points, cost, quality }: QualityAgainstCost): PlotlyFigure {
  const finished = points.filter(({ pruned }) => !pruned);
  if (finished.length === 0) {
    throw new RangeError("Cannot draw quality against cost: expected at least one finished configuration");
  }
  const costAxis = { ...cost, log: cost.log ?? true };
  checkValues(points.map((point) => point.cost), costAxis, "cost");
  checkValues(points.map((point) => point.quality), quality, "quality");
  const sign = quality.best === "high" ? -1 : 1;
  const onFront = new Set(paretoFront(finished.map((point) => [point.cost, sign * point.quality])));
  const front = finished.filter((_, i) => onFront.has(i)).sort((a, b) =>
    a.cost - b.cost || sign * (a.quality - b.quality)
  );
  const others = thinned(finished.filter((_, i) => !onFront.has(i)));
  const pruned = thinned(points.filter((point) => point.pruned));
  const shown = [...front, ...others, ...pruned];
  const values = shown.flatMap((point) => [point.quality, point.low ?? point.quality, point.high ?? point.quality]);
  const xaxis = valueAxis(costAxis, shown.map((point) => point.cost));
  const yaxis = valueAxis(quality, values);
  return {
    data: [
      ...(pruned.length > 0 ? [prunedTrace(pruned)] : []),
      ...(others.length > 0 ? [dominatedTrace(others)] : []),
      frontLine(front, xaxis.range as [number, number], costAxis.log),
      frontTrace(
        front,
        labelPositions(front, {
          others: [...others, ...pruned],
          ranges: [xaxis.range, yaxis.range] as Ranges,
          logs: [
            costAxis.log,
            quality.log ?? false,
          ],
        }),
      ),
    ],
    layout: { height: 460, legend: { traceorder: "reversed" }, xaxis, yaxis },
  };
}

type Ranges = [[number, number], [number, number]];

function thinned(points: readonly CostPoint[]): readonly CostPoint[] {
  const stride = Math.ceil(points.length / MAX_POINTS);
  return stride <= 1 ? points : points.filter((_, i) => i % stride === 0);
}

function markers(name: string, points: readonly CostPoint[]): Record<string, unknown> {
  return {
    customdata: points.map(({ label }) => label ?? ""),
    hovertemplate: "%{customdata}<br>%{x:.4g}: %{y:.4g}",
    mode: "markers",
    name,
    type: "scatter",
    x: points.map(({ cost }) => cost),
    y: points.map(({ quality }) => quality),
  };
}

function prunedTrace(points: readonly CostPoint[]): Record<string, unknown> {
  const line = { color: referenceColor, width: 1.4 };
  return {
    ...markers("ended early", points),
    marker: { color: referenceColor, line, opacity: 0.7, size: 7, symbol: "x-thin" },
  };
}

function dominatedTrace(points: readonly CostPoint[]): Record<string, unknown> {
  const size = points.length > 200 ? 6 : 8;
  const outline = { color: translucent(palette[0], 0.8), width: 0.8 };
  return {
    ...markers("other configurations", points),
    marker: { color: translucent(palette[0], 0.3), line: outline, size, symbol: "circle" },
  };
}

/** From configuration to configuration by steps: between two of them the cheaper one is the best that can be had. */
function frontLine(front: readonly CostPoint[], range: [number, number], log: boolean): Record<string, unknown> {
  const end = log ? 10 ** range[1] : range[1];
  return {
    hoverinfo: "skip",
    legendgroup: "front",
    line: { color: palette[1], shape: "hv", width: 2 },
    mode: "lines",
    name: "front",
    showlegend: false,
    type: "scatter",
    x: [...front.map(({ cost }) => cost), end],
    y: [...front.map(({ quality }) => quality), front[front.length - 1].quality],
  };
}

function frontTrace(front: readonly CostPoint[], positions: readonly (string | null)[]): Record<string, unknown> {
  const color = palette[1];
  const bounded = front.some(({ low, high }) => low != null && high != null);
  return {
    ...markers("Pareto front", front),
    ...(bounded && { error_y: errorBar(front.map((point) => ({ ...point, x: point.cost, y: point.quality })), color) }),
    legendgroup: "front",
    marker: { color, size: 10, symbol: "square" },
    meta: { narrowMode: "markers" },
    mode: "markers+text",
    text: front.map(({ label }, i) => (positions[i] === null ? "" : label ?? "")),
    textfont: { size: 14 },
    textposition: positions.map((position) => position ?? "middle right"),
  };
}

function labelPositions(
  front: readonly CostPoint[],
  { others, ranges, logs }: { others: readonly CostPoint[]; ranges: Ranges; logs: [boolean, boolean] },
): (string | null)[] {
  const pixel = (value: number, axis: 0 | 1) => {
    const [low, high] = ranges[axis];
    return ((logs[axis] ? Math.log10(value) : value) - low) / (high - low);
  };
  const at = ({ cost, quality }: CostPoint) => ({
    x: pixel(cost, 0) * PLOT.width,
    y: (1 - pixel(quality, 1)) * PLOT.height,
  });
  const box = ({ x, y }: { x: number; y: number }) => ({ left: x - 5, right: x + 5, top: y - 5, bottom: y + 5 });
  const bars = front.flatMap((point) => {
    const { x } = at(point);
    const [top, bottom] = [point.high ?? point.quality, point.low ?? point.quality].map((value) =>
      (1 - pixel(value, 1)) * PLOT.height
    );
    return [{ left: x - 6, right: x + 6, top: Math.min(top, bottom), bottom: Math.max(top, bottom) }];
  });
  // The steps of the front: flat to the next cost, then up or down.
  const steps = front.flatMap((point, i) => {
    const from = at(point);
    const to = i + 1 < front.length ? at(front[i + 1]) : { x: PLOT.width, y: from.y };
    return [
      { left: from.x + 8, right: to.x, top: from.y - 2, bottom: from.y + 2 },
      { left: to.x - 2, right: to.x + 2, top: Math.min(from.y, to.y), bottom: Math.max(from.y, to.y) },
    ];
  });
  const keepFree = [...steps, ...bars, ...others.map((point) => box(at(point)))];
  const dots = front.map((point) => ({ ...at(point), text: `${point.label ?? ""} ` }));
  return placeLabels(dots, { ...PLOT, keepFree: keepFree.filter(({ left, right }) => right > left) });
}
