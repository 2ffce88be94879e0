// How quality grows with width: one dot per seed, the median, its interval, and the baselines to beat.

import type { PlotlyFigure } from "../document.ts";
import { dejaVuWidth } from "./text_width.ts";
import { type Axis, checkValues, referenceColor, translucent } from "./figure.ts";
import { valueAxis, widthAxis } from "./axes.ts";
import { bandTrace, type IntervalPoint, lineTrace, referenceLines, seriesStyle, spread } from "./marks.ts";

/** One family of students. */
export interface QualitySeries {
  name: string;
  points: {
    width: number;
    median: number;
    /** Interval of the median; null when there are too few seeds. */
    low: number | null;
    high: number | null;
    /** The value of every seed. */
    seeds: number[];
  }[];
}

/** What `qualityAgainstWidth` draws. */
export interface QualityAgainstWidth {
  series: QualitySeries[];
  /** Horizontal lines with a label at their right end: PCA, int8 vectors. */
  baselines?: { name: string; value: number }[];
  x: Axis;
  y: Axis;
}

const HEIGHT = 460;
const PLOT_HEIGHT = 340; // HEIGHT without margins, legend and axis title
const LABEL_GAP = 20;

/**
 * Quality against width (logarithmic): dots are seeds, the line joins medians, the band is their interval, dashed lines are baselines.
 *
 * @throws {RangeError} when there is no point, or a value cannot be drawn
 *
 * @example
 * ```ts
 * import { qualityAgainstWidth } from "lib/report/figures/quality_against_width.ts";
 * const figure = qualityAgainstWidth({
 *   series: [{ name: "ReLU", points: [{ width: 256, median: 0.89, low: 0.88, high: 0.9, seeds: [0.88, 0.9] }] }],
 *   baselines: [{ name: "PCA", value: 0.943 }],
 *   x: { title: "Hidden width", unit: "values" },
 *   y: { title: "Held-out cosine", unit: "1" },
 * });
 * console.log(figure.data.length); // 3
 * ```
 */
export function qualityAgainstWidth({ series, baselines = [], x, y }: QualityAgainstWidth): PlotlyFigure {
  const points = series.flatMap((one) => one.points);
  if (points.length === 0) throw new RangeError("Cannot draw quality against width: expected at least one point");
  const widths = points.map(({ width }) => width);
  const values = [
    ...points.flatMap(({ median, low, high, seeds }) => [median, low ?? median, high ?? median, ...seeds]),
    ...baselines.map(({ value }) => value),
  ];
  checkValues(widths, { ...x, log: true }, "width");
  checkValues(values, y, "quality");
  const labelSpace = baselines.length === 0 ? 0 : 12 + Math.max(...baselines.map(({ name }) => dejaVuWidth(name, 15)));
  const xaxis = widthAxis(x, widths, { plotWidth: 650 - labelSpace });
  const yaxis = valueAxis(y, values);
  const ends = (xaxis.range as [number, number]).map((exponent) => 10 ** exponent) as [number, number];
  return {
    data: [
      ...referenceLines(baselines, ends),
      ...series.flatMap((one, i) => bandTrace(one.name, one.points.map(toPoint), seriesStyle(i).color)),
      ...series.map(seedDots),
      ...series.map((one, i) => lineTrace(one.name, one.points.map(toPoint), i)),
    ],
    layout: {
      annotations: baselineLabels(baselines, yaxis.range as [number, number], y.log ?? false),
      height: HEIGHT,
      margin: { b: 64, l: 76, r: 24 + Math.ceil(labelSpace), t: 28 },
      xaxis,
      yaxis,
    },
  };
}

function toPoint({ width, median, low, high }: QualitySeries["points"][number]): IntervalPoint {
  return { x: width, y: median, low, high };
}

function seedDots({ name, points }: QualitySeries, index: number): Record<string, unknown> {
  const { color, symbol } = seriesStyle(index);
  return {
    hovertemplate: "%{x}: %{y:.4g}<extra>one seed</extra>",
    legendgroup: name,
    marker: { color: translucent(color, 0.45), line: { width: 0 }, size: 7, symbol },
    mode: "markers",
    name: `${name}, seeds`,
    showlegend: false,
    type: "scatter",
    x: points.flatMap(({ width, seeds }) => seeds.map(() => width)),
    y: points.flatMap(({ seeds }) => seeds),
  };
}

/** Labels beside the right ends of the lines, moved apart where lines are close. */
function baselineLabels(
  baselines: readonly { name: string; value: number }[],
  [low, high]: [number, number],
  log: boolean,
): Record<string, unknown>[] {
  const pixels = baselines.map(({ value }) => (((log ? Math.log10(value) : value) - low) / (high - low)) * PLOT_HEIGHT);
  return spread(pixels, LABEL_GAP).map((pixel, i) => ({
    font: { color: referenceColor, size: 15 },
    name: "beside-plot", // left out on narrow screens, where the legend names the lines
    showarrow: false,
    text: baselines[i].name,
    x: 1,
    xanchor: "left",
    xref: "paper",
    xshift: 6,
    y: pixel / PLOT_HEIGHT,
    yanchor: "middle",
    yref: "paper",
  }));
}
