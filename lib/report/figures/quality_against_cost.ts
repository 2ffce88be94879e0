// Quality against cost of the configurations of a sweep, with the Pareto front: those that no other beats in both.

import type { PlotlyFigure } from "../document.ts";
import { paretoFront } from "../../statistics/mod.ts";
import { valueAxis } from "./axes.ts";
import { type Axis, checkValues, palette, referenceColor, translucent } from "./figure.ts";
import { type LabelBox, placeLabels } from "./label_placement.ts";
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
  /** Stands beside the point where there is room. */
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
  /** Whose labels are shown: only those of the front (default), for sweeps, or of all finished ones, where they are few. */
  labels?: "front" | "all";
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
export function qualityAgainstCost({ points, cost, quality, labels = "front" }: QualityAgainstCost): PlotlyFigure {
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
  const positions = labelPositions({ front, others, pruned }, {
    ranges: [xaxis.range, yaxis.range] as Ranges,
    logs: [costAxis.log, quality.log ?? false],
    labelled: labels === "all" ? [...front, ...others] : front,
  });
  return {
    data: [
      ...(pruned.length > 0 ? [prunedTrace(pruned)] : []),
      ...(others.length > 0 ? [dominatedTrace(others, labels === "all" ? positions : null)] : []),
      frontLine(front, xaxis.range as [number, number], costAxis.log),
      frontTrace(front, positions),
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

type Positions = ReadonlyMap<CostPoint, string | null>;

/** Labels beside dots, as Plotly draws them: an empty text where there is no room. */
function labelled(points: readonly CostPoint[], positions: Positions): Record<string, unknown> {
  return {
    meta: { narrowMode: "markers" },
    mode: "markers+text",
    text: points.map((point) => (positions.get(point) === null ? "" : point.label ?? "")),
    textposition: points.map((point) => positions.get(point) ?? "middle right"),
  };
}

function dominatedTrace(points: readonly CostPoint[], positions: Positions | null): Record<string, unknown> {
  const size = points.length > 200 ? 6 : 8;
  const outline = { color: translucent(palette[0], 0.8), width: 0.8 };
  return {
    ...markers("other configurations", points),
    marker: { color: translucent(palette[0], 0.3), line: outline, size, symbol: "circle" },
    ...(positions && { ...labelled(points, positions), textfont: { color: palette[0], size: 14 } }),
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

function frontTrace(front: readonly CostPoint[], positions: Positions): Record<string, unknown> {
  const color = palette[1];
  const bounded = front.some(({ low, high }) => low != null && high != null);
  return {
    ...markers("Pareto front", front),
    ...(bounded && { error_y: errorBar(front.map((point) => ({ ...point, x: point.cost, y: point.quality })), color) }),
    legendgroup: "front",
    marker: { color, size: 10, symbol: "square" },
    ...labelled(front, positions),
    textfont: { size: 14 },
  };
}

/** Of labels beside the front and, behind them, beside the others; null where there is no room. */
function labelPositions(
  { front, others, pruned }: Record<"front" | "others" | "pruned", readonly CostPoint[]>,
  { ranges, logs, labelled }: { ranges: Ranges; logs: [boolean, boolean]; labelled: readonly CostPoint[] },
): Map<CostPoint, string | null> {
  const pixel = (value: number, axis: 0 | 1) => {
    const [low, high] = ranges[axis];
    return ((logs[axis] ? Math.log10(value) : value) - low) / (high - low);
  };
  const across = (cost: number) => pixel(cost, 0) * PLOT.width;
  const down = (quality: number) => (1 - pixel(quality, 1)) * PLOT.height;
  const at = ({ cost, quality }: CostPoint) => ({ x: across(cost), y: down(quality) });
  const named = new Set(labelled);
  const keepFree = [
    ...frontSteps(front.map(at)),
    ...front.flatMap(({ cost, quality, low, high }) =>
      errorBarBoxes(across(cost), [down(high ?? quality), down(low ?? quality)])
    ),
    ...[...others, ...pruned].filter((point) => !named.has(point)).map((point) => around(at(point), 5)),
  ];
  const dots = labelled.map((point) => ({ ...at(point), text: `${point.label ?? ""} ` }));
  const positions = placeLabels(dots, { ...PLOT, keepFree: keepFree.filter(({ left, right }) => right > left) });
  return new Map(labelled.map((point, i) => [point, positions[i]]));
}

const around = ({ x, y }: { x: number; y: number }, px: number): LabelBox => (
  { left: x - px, right: x + px, top: y - px, bottom: y + px }
);

/** A thin line and its two ends, so that a label may stand close beside it. */
function errorBarBoxes(x: number, [from, to]: readonly [number, number]): LabelBox[] {
  const [top, bottom] = [Math.min(from, to), Math.max(from, to)];
  const end = (y: number) => ({ left: x - 6, right: x + 6, top: y - 2, bottom: y + 2 });
  return [{ left: x - 2, right: x + 2, top, bottom }, end(top), end(bottom)];
}

/** The steps of the front: flat to the next cost, then up or down. */
function frontSteps(front: readonly { x: number; y: number }[]): LabelBox[] {
  return front.flatMap((from, i) => {
    const to = front[i + 1] ?? { x: PLOT.width, y: from.y };
    return [
      { left: from.x + 8, right: to.x, top: from.y - 2, bottom: from.y + 2 },
      { left: to.x - 2, right: to.x + 2, top: Math.min(from.y, to.y), bottom: Math.max(from.y, to.y) },
    ];
  });
}
