// Parallel coordinates (Inselberg 1985): each configuration is a line across one axis for each parameter, coloured by its result.
// Drawn with ordinary lines, which static pictures can show.

import type { PlotlyFigure } from "../document.ts";
import { formatParameter } from "../format.ts";
import { logTicks } from "./axes.ts";
import { type Axis, axisTitle, checkValues, palette, referenceColor, sequential, translucent, veil } from "./figure.ts";
import { dejaVuWidth } from "./text_width.ts";
import { type DirectedAxis, shortNumber, valueClasses } from "./value_classes.ts";

/** A parameter: numbers along a line, or texts one above the other. */
export interface ParallelAxis extends Axis {
  /** The texts in their order; left out for numbers. */
  categories?: string[];
}

/** One configuration. */
export interface ParallelLine {
  /** One for each axis; null where the parameter is absent. */
  values: (number | string | null)[];
  result: number;
}

/** What `parallelCoordinates` draws. */
export interface ParallelCoordinates {
  axes: ParallelAxis[];
  lines: ParallelLine[];
  /** The last axis, which gives the colours. */
  result: DirectedAxis;
}

/** More lines than this are thinned, the best half of them kept. */
const MAX_LINES = 300;
const ABSENT = -0.12;
const WIDTH = 860;
const MARGIN = { b: 30, l: 66, r: 76, t: 64 };

/**
 * Parallel coordinates; the best configuration is the thick line.
 *
 * @throws {RangeError} when there is no axis or line, a line has another number of values, or a value cannot be drawn
 *
 * @example
 * ```ts
 * import { parallelCoordinates } from "lib/report/figures/parallel_coordinates.ts";
 * const figure = parallelCoordinates({
 *   axes: [{ title: "Width", unit: "1", log: true }, { title: "Bottleneck", unit: "", categories: ["relu", "linear"] }],
 *   lines: [{ values: [256, "relu"], result: 0.1 }, { values: [512, "linear"], result: 0.05 }],
 *   result: { title: "Loss", unit: "1", best: "low" },
 * });
 * console.log(figure.data.length); // 3
 * ```
 */
export function parallelCoordinates({ axes, lines, result }: ParallelCoordinates): PlotlyFigure {
  if (axes.length === 0) throw new RangeError("Cannot draw parallel coordinates: expected at least one axis");
  if (lines.length === 0) throw new RangeError("Cannot draw parallel coordinates: expected at least one line");
  lines.forEach(({ values }, i) => {
    if (values.length === axes.length) return;
    throw new RangeError(`Cannot draw lines[${i}]: expected ${axes.length} values, got ${values.length}`);
  });
  checkValues(lines.map((line) => line.result), result, "results");
  const kept = fewer(lines, result);
  const scales = axes.map((axis, k) => scaleOf(axis, kept.map(({ values }) => values[k]), k));
  scales.push(scaleOf(result, kept.map((line) => line.result), axes.length));
  const classes = valueClasses(kept.map((line) => line.result), result);
  const opacity = Math.max(0.3, Math.min(0.75, 60 / kept.length));
  const paths = kept.map((line, i) => (
    { y: scales.map((scale, k) => scale.at(k < axes.length ? line.values[k] : line.result, i)), result: line.result }
  ));
  return {
    data: [
      ...sequential.flatMap((color, level) => {
        const own = paths.filter((path) => classes.classOf(path.result) === level);
        return own.length === 0 ? [] : [linesTrace(own, { color: translucent(color, opacity), width: 1.4 })];
      }),
      // Kept in the order of quality: the first is the best.
      { ...linesTrace([paths[0]], { color: palette[1], width: 3.2 }), name: "best configuration", showlegend: true },
      hoverTrace(paths),
    ],
    layout: {
      annotations: scales.flatMap((scale, k) => axisLabels([...axes, result][k], scale, { k, count: scales.length })),
      height: 480,
      legend: { x: 1, xanchor: "right", y: 1.1 },
      // Titles stand over the middle of their axes, also of the outer ones.
      margin: { ...MARGIN, l: room(axes[0], MARGIN.l), r: room(result, MARGIN.r) },
      shapes: [
        ...scales.map((scale, k) => axisLine(k, scale.hasAbsent)),
        ...resultStrip(axes.length, scales, classes.color),
      ],
      width: WIDTH,
      xaxis: { fixedrange: true, range: [-0.02, axes.length + 0.04], visible: false, title: { text: "Parameters" } },
      yaxis: {
        fixedrange: true,
        range: [scales.some(({ hasAbsent }) => hasAbsent) ? ABSENT - 0.04 : -0.04, 1.04],
        title: { text: "Position on each axis" },
        visible: false,
      },
    },
  };
}

function room(axis: Axis, least: number): number {
  return Math.max(least, Math.ceil(dejaVuWidth(axisTitle(axis), 15) / 2) + 8);
}

interface Scale {
  /** Position of a value, 0 to 1; of line `index`, which moves it a little where lines share a text. */
  at(value: number | string | null, index: number): number;
  ticks: { at: number; text: string }[];
  hasAbsent: boolean;
  /** The value at a position, for numbers. */
  valueAt?: (position: number) => number;
}

/** The best half of those that can be drawn, and every k-th of the others; best first. */
function fewer(lines: readonly ParallelLine[], { best }: DirectedAxis): ParallelLine[] {
  const sorted = [...lines].sort((a, b) => (best === "low" ? a.result - b.result : b.result - a.result));
  if (sorted.length <= MAX_LINES) return sorted;
  const half = MAX_LINES / 2;
  const stride = Math.ceil((sorted.length - half) / half);
  return sorted.filter((_, i) => i < half || (i - half) % stride === 0);
}

function scaleOf(axis: ParallelAxis, values: readonly (number | string | null)[], k: number): Scale {
  const present = values.filter((value) => value !== null);
  const hasAbsent = present.length < values.length;
  if (axis.categories !== undefined) return categoryScale(axis.categories, present as string[], { hasAbsent, k });
  const numbers = present as number[];
  checkValues(numbers, axis, `values of axes[${k}]`);
  const project = (value: number) => (axis.log ? Math.log10(value) : value);
  const [low, high] = numbers.length === 0
    ? [0, 1]
    : [Math.min(...numbers.map(project)), Math.max(...numbers.map(project))];
  const at = (value: number) => (high > low ? (project(value) - low) / (high - low) : 0.5);
  return {
    at: (value) => (value === null ? ABSENT : at(value as number)),
    hasAbsent,
    ticks: numbers.length === 0
      ? []
      : numberTicks(numbers, axis.log ?? false).map(({ value, text }) => ({ at: at(value), text })),
    valueAt: (position) => {
      const projected = low + position * (high - low);
      return axis.log ? 10 ** projected : projected;
    },
  };
}

function categoryScale(
  categories: readonly string[],
  present: readonly string[],
  { hasAbsent, k }: { hasAbsent: boolean; k: number },
): Scale {
  const stranger = present.find((value) => !categories.includes(value));
  if (stranger !== undefined) {
    throw new RangeError(`Cannot draw axes[${k}]: expected one of ${categories.join(", ")}, got "${stranger}"`);
  }
  const at = (value: string) => categories.length === 1 ? 0.5 : categories.indexOf(value) / (categories.length - 1);
  // Spread a little, so that lines through one text can be told apart; by the golden ratio, which never clumps.
  const room = 0.25 / Math.max(categories.length - 1, 2);
  const moved = (position: number, index: number) => {
    const offset = ((index * 0.6180339887) % 1 - 0.5) * room;
    return Math.max(
      0,
      Math.min(1, position + (position === 0 ? Math.abs(offset) : position === 1 ? -Math.abs(offset) : offset)),
    );
  };
  return {
    at: (value, index) => (value === null ? ABSENT : moved(at(value as string), index)),
    hasAbsent,
    ticks: categories.map((text) => ({ at: at(text), text })),
  };
}

/** The ends and round numbers between them. */
function numberTicks(values: readonly number[], log: boolean): { value: number; text: string }[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (low === high) return [{ value: low, text: shortNumber(low) }];
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  if (distinct.length <= 6) return distinct.map((value) => ({ value, text: shortNumber(value) }));
  if (log) {
    const { tickvals } = logTicks(low, high);
    const stride = Math.ceil(tickvals.length / 7);
    return tickvals.filter((_, i) => i % stride === 0).map((value) => ({ value, text: formatParameter(value) }));
  }
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough)! * power;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(10)))
    .map((value) => ({ value, text: formatParameter(value) }));
}

function linesTrace(
  paths: readonly { y: readonly number[] }[],
  line: Record<string, unknown>,
): Record<string, unknown> {
  return {
    hoverinfo: "skip",
    line,
    mode: "lines",
    showlegend: false,
    type: "scatter",
    x: paths.flatMap(({ y }) => [...y.map((_, k) => k), null]),
    y: paths.flatMap(({ y }) => [...y, null]),
  };
}

/** Invisible markers at the result, which tell its value. */
function hoverTrace(paths: readonly { y: readonly number[]; result: number }[]): Record<string, unknown> {
  return {
    customdata: paths.map(({ result }) => result),
    hovertemplate: "%{customdata:.4g}<extra></extra>",
    marker: { opacity: 0, size: 8 },
    mode: "markers",
    showlegend: false,
    type: "scatter",
    x: paths.map(({ y }) => y.length - 1),
    y: paths.map(({ y }) => y[y.length - 1]),
  };
}

function axisLine(k: number, hasAbsent: boolean): Record<string, unknown> {
  const line = { color: referenceColor, width: 1.5 };
  return { layer: "above", line, type: "line", x0: k, x1: k, y0: hasAbsent ? ABSENT : 0, y1: 1 };
}

/** The colours of results, right of their axis. */
function resultStrip(k: number, scales: readonly Scale[], color: (value: number) => string): Record<string, unknown>[] {
  const { valueAt } = scales[k];
  const pieces = 42;
  return Array.from({ length: pieces }, (_, i) => ({
    fillcolor: color(valueAt!((i + 0.5) / pieces)),
    layer: "above",
    line: { width: 0 },
    type: "rect",
    x0: k + 0.006,
    x1: k + 0.03,
    y0: i / pieces,
    y1: (i + 1) / pieces,
  }));
}

/** Title above the axis, in the second row where it would touch its neighbour; ticks left of it, of the last one right. */
function axisLabels(axis: Axis, { ticks, hasAbsent }: Scale, { k, count }: { k: number; count: number }) {
  const last = k === count - 1;
  const gap = (WIDTH - MARGIN.l - MARGIN.r) / Math.max(1, count - 1);
  const title = axisTitle(axis);
  const raised = dejaVuWidth(title, 15) > gap - 10 && k % 2 === 1;
  const side = last ? { xanchor: "left", xshift: 16 } : { xanchor: "right", xshift: -6 };
  const tick = {
    ...(!last && k > 0 && { bgcolor: veil, borderpad: 0 }),
    font: { size: 13 },
    showarrow: false,
    x: k,
    yanchor: "middle",
    ...side,
  };
  return [
    {
      font: { size: 15 },
      showarrow: false,
      text: title,
      x: k,
      xanchor: "center",
      y: 1,
      yanchor: "bottom",
      yshift: raised ? 28 : 10,
    },
    ...ticks.map(({ at, text }) => ({ ...tick, text, y: at })),
    ...(hasAbsent ? [{ ...tick, font: { color: referenceColor, size: 13 }, text: "absent", y: ABSENT }] : []),
  ];
}
