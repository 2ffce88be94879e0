// A measured quantity against a setting, for several series, each with the band of its intervals.

import type { PlotlyFigure } from "../document.ts";
import { valueAxis, widthAxis } from "./axes.ts";
import { type Axis, checkValues } from "./figure.ts";
import { bandTrace, type IntervalPoint, lineTrace, pointTrace, seriesStyle } from "./marks.ts";

/** What `lineWithInterval` draws. */
export interface LineWithInterval {
  /** `joined: false`: points that are no steps of one scale, drawn without a line. */
  series: { name: string; points: IntervalPoint[]; joined?: boolean }[];
  /** Logarithmic unless `log` is false; `ticks: "values"` (the default) puts ticks at the x values that were tried. */
  x: Axis & { ticks?: "values" | "round" };
  y: Axis;
}

/**
 * Lines with interval bands; points of a series are drawn in the order of x.
 *
 * @throws {RangeError} when there is no point, or a value cannot be drawn
 *
 * @example
 * ```ts
 * import { lineWithInterval } from "lib/report/figures/line_with_interval.ts";
 * const figure = lineWithInterval({
 *   series: [{ name: "cpu", points: [{ x: 256, y: 0.1, low: 0.09, high: 0.11 }, { x: 512, y: 0.2, low: 0.19, high: 0.21 }] }],
 *   x: { title: "Hidden width", unit: "values" },
 *   y: { title: "Time per vector", unit: "ms", log: true },
 * });
 * console.log(figure.data.length); // 2
 * ```
 */
export function lineWithInterval({ series, x, y }: LineWithInterval): PlotlyFigure {
  const sorted = series.map(({ name, points, joined = true }) => ({
    name,
    points: [...points].sort((a, b) => a.x - b.x),
    joined,
  }));
  const points = sorted.flatMap((one) => one.points);
  if (points.length === 0) throw new RangeError("Cannot draw lines: expected at least one point");
  const xs = points.map((point) => point.x);
  const ys = points.flatMap((point) => [point.y, point.low ?? point.y, point.high ?? point.y]);
  const xAxis = { ...x, log: x.log ?? true };
  checkValues(xs, xAxis, "x");
  checkValues(ys, y, "y");
  return {
    data: [
      ...sorted.flatMap(({ name, points, joined }, i) => joined ? bandTrace(name, points, seriesStyle(i).color) : []),
      ...sorted.map(({ name, points, joined }, i) => (joined ? lineTrace : pointTrace)(name, points, i)),
    ],
    layout: {
      showlegend: series.length > 1,
      xaxis: xAxis.log && x.ticks !== "round" ? widthAxis(xAxis, xs) : valueAxis(xAxis, xs),
      yaxis: valueAxis(y, ys),
    },
  };
}
