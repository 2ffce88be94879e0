// Axes with ticks that a reader can use: plain numbers on logarithmic axes, and the widths that were tried.

import { formatParameter } from "../format.ts";
import { type Axis, axisTitle } from "./figure.ts";

/** Plotly tickformatstops: ticks of a linear axis have one number of decimals (0.90, not 0.9, beside 0.91), also after zooming. */
export const tickFormats = [
  ...[6, 5, 4, 3, 2, 1].map((decimals) => ({
    dtickrange: [Number(`1e-${decimals}`), Number(`0.999e-${decimals - 1}`)],
    value: `,.${decimals}f`,
  })),
  { dtickrange: [0.9999, 1e6], value: ",.0f" },
];

/** A plotly axis over [low, high] of the data, with some air around it. */
export function valueAxis(axis: Axis, values: readonly number[], { air = 0.06 } = {}): Record<string, unknown> {
  const [low, high] = padded(values, axis.log ?? false, air);
  const title = { text: axisTitle(axis) };
  if (!axis.log) return { range: [low, high], tickformatstops: tickFormats, title };
  return { range: [Math.log10(low), Math.log10(high)], title, type: "log", ...logTicks(low, high) };
}

/** The range of the values with a margin of `air` times their span; logarithmically when `log`. */
export function padded(values: readonly number[], log: boolean, air: number): [number, number] {
  const scaled = values.map((value) => (log ? Math.log10(value) : value));
  const [low, high] = extent(scaled);
  const span = high - low || Math.max(Math.abs(high), 1) * 0.2;
  const ends: [number, number] = [low - air * span, high + air * span];
  return log ? [10 ** ends[0], 10 ** ends[1]] : ends;
}

/** The smallest and the largest value; of more of them than a function takes as arguments, too. */
export function extent(values: Iterable<number>): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return [low, high];
}

/** Settings of a plotly axis. */
export interface LogTicks {
  tickmode: "array";
  tickvals: number[];
  ticktext: string[];
  minor?: Record<string, unknown>;
}

/** Ticks of a logarithmic axis from `low` to `high`: powers of ten over wide ranges, 1-2-5 and finer steps over narrow ones. */
export function logTicks(low: number, high: number): LogTicks {
  const decades = Math.log10(high / low);
  const stride = Math.max(1, Math.ceil(decades / 7));
  const steps = decades > 3.2 ? [1] : decades > 1.1 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8];
  const tickvals: number[] = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.log10(high); exponent++) {
    if (exponent % stride !== 0) continue;
    for (const step of steps) {
      const value = Number(`${step}e${exponent}`);
      if (value >= low && value <= high) tickvals.push(value);
    }
  }
  // One form for the whole axis: 0.0008 beside 0.001, but powers throughout where plain numbers would be long.
  const plain = low >= 0.9e-4 && high < 1e6;
  return {
    ...(steps.length === 1 && stride === 1 && { minor: minorTicks(low, high) }),
    tickmode: "array",
    ticktext: tickvals.map(plain ? formatParameter : powerText),
    tickvals,
  };
}

function minorTicks(low: number, high: number): Record<string, unknown> {
  const tickvals: number[] = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.log10(high); exponent++) {
    for (let step = 2; step <= 9; step++) tickvals.push(Number(`${step}e${exponent}`));
  }
  return { showgrid: false, ticklen: 3, tickmode: "array", ticks: "outside", tickvals };
}

function powerText(value: number): string {
  const exponent = Math.floor(Math.log10(value) + 1e-9);
  const mantissa = Number((value / 10 ** exponent).toPrecision(3));
  const power = `10<sup>${String(exponent).replace("-", "\u2212")}</sup>`;
  return mantissa === 1 ? power : `${mantissa}\u00D7${power}`;
}

/**
 * A logarithmic axis whose ticks are the widths that were tried; where two would touch, powers of two win.
 * `plotWidth` is the width of the plot area in CSS pixels.
 */
export function widthAxis(axis: Axis, widths: readonly number[], { plotWidth = 640 } = {}): Record<string, unknown> {
  const distinct = [...new Set(widths)].sort((a, b) => a - b);
  const [low, high] = padded(distinct, true, 0.05);
  const pixel = (width: number) => (Math.log(width / low) / Math.log(high / low)) * plotWidth;
  const chosen: number[] = [];
  const byImportance = [...distinct].sort((a, b) => Number(isPowerOfTwo(b)) - Number(isPowerOfTwo(a)) || a - b);
  for (const width of byImportance) {
    const needed = 9.6 * formatParameter(width).length + 10;
    if (chosen.every((other) => Math.abs(pixel(other) - pixel(width)) >= needed)) chosen.push(width);
  }
  chosen.sort((a, b) => a - b);
  return {
    range: [Math.log10(low), Math.log10(high)],
    tickmode: "array",
    ticktext: chosen.map(formatParameter),
    tickvals: chosen,
    title: { text: axisTitle(axis) },
    type: "log",
  };
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}
