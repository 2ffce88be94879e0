// Two parameters of a sweep against each other, the result as colour: cells of a grid, with a dot for each configuration.

import type { PlotlyFigure } from "../document.ts";
import { formatParameter } from "../format.ts";
import { logTicks, tickFormats } from "./axes.ts";
import { type Axis, axisTitle, checkValues, sequential } from "./figure.ts";
import { colorKey, type DirectedAxis, shortNumber, valueClasses } from "./value_classes.ts";

/** A parameter: numbers, or texts in their order. */
export interface CellAxis extends Axis {
  /** Left out for numbers. */
  categories?: string[];
}

/** What `parameterHeatMap` draws. */
export interface ParameterHeatMap {
  /** `x` and `y` are numbers, or texts of the axis's categories. */
  points: { x: number | string; y: number | string; result: number }[];
  x: CellAxis;
  y: CellAxis;
  result: DirectedAxis;
  /** What a cell shows of several configurations: the best (default), or the mean. */
  cell?: "best" | "mean";
}

const MOST_VALUES = 12; // with more different numbers they are put into bins
const BINS = 8;
const MAX_DOTS = 500;

/**
 * A heat map. Cells without a configuration stay empty: nothing is interpolated. Numbers of which there are many are put into
 * eight bins, of equal width along the axis's line.
 *
 * @throws {RangeError} when there is no point, or a value cannot be drawn
 *
 * @example
 * ```ts
 * import { parameterHeatMap } from "lib/report/figures/parameter_heat_map.ts";
 * const figure = parameterHeatMap({
 *   points: [{ x: 256, y: 1e-3, result: 0.1 }, { x: 512, y: 1e-2, result: 0.2 }],
 *   x: { title: "Width", unit: "values", log: true },
 *   y: { title: "Learning rate", unit: "1", log: true },
 *   result: { title: "Loss", unit: "1", best: "low" },
 * });
 * console.log(figure.data.length); // 3
 * ```
 */
export function parameterHeatMap({ points, x, y, result, cell = "best" }: ParameterHeatMap): PlotlyFigure {
  if (points.length === 0) throw new RangeError("Cannot draw a heat map: expected at least one point");
  checkValues(points.map((point) => point.result), result, "results");
  const columns = binsOf(x, points.map((point) => point.x), "x");
  const rows = binsOf(y, points.map((point) => point.y), "y");
  const cells = new Map<string, { column: number; row: number; results: number[] }>();
  for (const point of points) {
    const [column, row] = [columns.indexOf(point.x), rows.indexOf(point.y)];
    const key = `${column},${row}`;
    const known = cells.get(key) ?? { column, row, results: [] };
    known.results.push(point.result);
    cells.set(key, known);
  }
  const summarize = (results: number[]) =>
    cell === "mean"
      ? results.reduce((sum, value) => sum + value, 0) / results.length
      : result.best === "low"
      ? Math.min(...results)
      : Math.max(...results);
  const filled = [...cells.values()].map((one) => ({ ...one, value: summarize(one.results) }));
  const classes = valueClasses(filled.map(({ value }) => value), result);
  const key = colorKey(classes, {
    ...result,
    title: cell === "mean" ? `Mean ${lower(result.title)}` : `Best ${lower(result.title)}`,
  });
  return {
    data: [
      ...sequential.flatMap((color, level) => {
        const own = filled.filter(({ value }) => classes.classOf(value) === level);
        return own.length === 0 ? [] : [cellTrace(own, { columns, rows, color })];
      }),
      dots(points, { columns, rows }),
    ],
    layout: {
      annotations: key.annotations,
      height: 480,
      margin: { b: 64, l: 76, r: 24, t: 56 },
      shapes: key.shapes,
      showlegend: false,
      xaxis: columns.layout,
      yaxis: rows.layout,
    },
  };
}

interface Bins {
  indexOf(value: number | string): number;
  /** Ends of bin `index`, on the axis. */
  edges(index: number): [number, number];
  /** Where a dot stands. */
  place(value: number | string): number;
  layout: Record<string, unknown>;
}

function binsOf(axis: CellAxis, values: readonly (number | string)[], name: string): Bins {
  if (axis.categories !== undefined) return steps(axis, axis.categories, { values, name, text: String });
  const numbers = values.map((value) => {
    if (typeof value === "number") return value;
    throw new RangeError(`Cannot draw ${name}: expected numbers, or an axis with categories, got "${value}"`);
  });
  checkValues(numbers, axis, name);
  const distinct = [...new Set(numbers)].sort((a, b) => a - b);
  if (distinct.length <= MOST_VALUES) {
    return steps(axis, distinct, { values, name, text: (value) => shortNumber(Number(value)) });
  }
  const project = (value: number) => (axis.log ? Math.log10(value) : value);
  const back = (at: number) => (axis.log ? 10 ** at : at);
  const [low, high] = [project(distinct[0]), project(distinct[distinct.length - 1])];
  const width = (high - low) / BINS;
  return {
    indexOf: (value) => Math.min(BINS - 1, Math.floor((project(Number(value)) - low) / width)),
    edges: (index) => [back(low + index * width), back(low + (index + 1) * width)],
    place: Number,
    layout: {
      range: [low, high],
      showgrid: false,
      title: { text: axisTitle(axis) },
      ...(axis.log ? { type: "log", ...logTicks(back(low), back(high)) } : { tickformatstops: tickFormats }),
    },
  };
}

/** One bin for each value, all equally wide. */
function steps(
  axis: CellAxis,
  all: readonly (number | string)[],
  { values, name, text }: {
    values: readonly (number | string)[];
    name: string;
    text: (value: number | string) => string;
  },
): Bins {
  const stranger = values.find((value) => !all.includes(value));
  if (stranger !== undefined) {
    throw new RangeError(`Cannot draw ${name}: expected one of ${all.join(", ")}, got "${stranger}"`);
  }
  return {
    indexOf: (value) => all.indexOf(value),
    edges: (index) => [index - 0.5, index + 0.5],
    place: (value) => all.indexOf(value),
    layout: {
      range: [-0.5, all.length - 0.5],
      showgrid: false,
      tickmode: "array",
      ticktext: all.map((value) => typeof value === "string" ? formatParameter(value) : text(value)),
      tickvals: all.map((_, i) => i),
      title: { text: axisTitle(axis) },
    },
  };
}

function cellTrace(
  cells: readonly { column: number; row: number }[],
  { columns, rows, color }: { columns: Bins; rows: Bins; color: string },
): Record<string, unknown> {
  const corners = cells.map(({ column, row }) => {
    const [[left, right], [bottom, top]] = [columns.edges(column), rows.edges(row)];
    return { x: [left, right, right, left, left, null], y: [bottom, bottom, top, top, bottom, null] };
  });
  return {
    fill: "toself",
    fillcolor: color,
    hoverinfo: "skip",
    line: { color, width: 0.5 },
    mode: "lines",
    type: "scatter",
    x: corners.flatMap((corner) => corner.x),
    y: corners.flatMap((corner) => corner.y),
  };
}

/** Where several configurations share a cell of unordered values, their dots are spread within it. */
function dots(
  points: ParameterHeatMap["points"],
  { columns, rows }: { columns: Bins; rows: Bins },
): Record<string, unknown> {
  const stride = Math.ceil(points.length / MAX_DOTS);
  const shown = points.filter((_, i) => i % stride === 0);
  const spread = (bins: Bins, value: number | string, share: number) =>
    bins.layout.tickmode === "array" && bins.layout.type !== "log"
      ? bins.place(value) + 0.7 * (share - 0.5)
      : bins.place(value);
  return {
    cliponaxis: false,
    customdata: shown.map(({ x, y, result }) => [x, y, result]),
    hovertemplate: "%{customdata[0]}, %{customdata[1]}: %{customdata[2]:.4g}<extra></extra>",
    // White rings are seen on the deepest colour, grey centres on the palest.
    marker: { color: "#888888", line: { color: "#ffffff", width: 1 }, size: 6 },
    mode: "markers",
    type: "scatter",
    x: shown.map(({ x }, i) => spread(columns, x, (i * 0.6180339887 + 0.5) % 1)),
    y: shown.map(({ y }, i) => spread(rows, y, (i * 0.7548776662 + 0.5) % 1)),
  };
}

function lower(title: string): string {
  // Not of abbreviations: "MSE", but "validation loss".
  return /^[A-Z][a-z]/.test(title) ? title[0].toLowerCase() + title.slice(1) : title;
}
