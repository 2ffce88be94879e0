// Classes of values by colour, from the worst to the best, with a key beside the plot: for figures where colour is the third axis.

import { formatParameter } from "../format.ts";
import { type Axis, axisTitle, sequential } from "./figure.ts";
import { dejaVuWidth } from "./text_width.ts";

/** An axis with its good end. */
export interface DirectedAxis extends Axis {
  /** Which values are better. */
  best: "low" | "high";
}

/** Values sorted into the classes of `sequential`. */
export interface ValueClasses {
  /** 0 is the worst. */
  classOf(value: number): number;
  color(value: number): string;
  /** Where the classes end, as fractions of the key, and what stands there. */
  ends: { worst: string; best: string };
}

const WORST_SHARE = 0.85;

/**
 * Classes of equal width (of the logarithm where the axis has one) from the best value to that which 85% of the values do not
 * exceed; what is worse is in the last class, so that a few very bad values do not make all others look alike.
 */
export function valueClasses(values: readonly number[], { log = false, best }: DirectedAxis): ValueClasses {
  const cost = (value: number) => (log ? Math.log10(value) : value) * (best === "low" ? 1 : -1);
  const sorted = values.map(cost).sort((a, b) => a - b);
  const low = sorted[0];
  const high = sorted[Math.min(sorted.length - 1, Math.ceil(WORST_SHARE * sorted.length))];
  const count = sequential.length;
  const classOf = (value: number) => {
    const fraction = high > low ? (cost(value) - low) / (high - low) : 0;
    return count - 1 - Math.max(0, Math.min(count - 1, Math.floor(fraction * count)));
  };
  const shown = (at: number) => shortNumber(log ? 10 ** (best === "low" ? at : -at) : best === "low" ? at : -at);
  const beyond = sorted[sorted.length - 1] > high ? `${shown(high)} and worse` : shown(high);
  return { classOf, color: (value) => sequential[classOf(value)], ends: { worst: beyond, best: shown(low) } };
}

/** Integers as they are, other numbers with three significant digits. */
export function shortNumber(value: number): string {
  return formatParameter(Number.isInteger(value) ? value : Number(value.toPrecision(3)));
}

const CELL_PX = 30;

/** A strip of the colours in a row of its own above the plot, with its title and the values at its ends. */
export function colorKey(classes: ValueClasses, axis: DirectedAxis): {
  shapes: Record<string, unknown>[];
  annotations: Record<string, unknown>[];
} {
  const title = `${axisTitle(axis)}:`;
  const worst = dejaVuWidth(title, 14) + 14;
  const strip = worst + dejaVuWidth(classes.ends.worst, 14) + 8;
  const best = strip + CELL_PX * sequential.length + 8;
  const base = { font: { size: 14 }, showarrow: false, x: 0, xanchor: "left", xref: "paper" };
  const row = { y: 1, yanchor: "middle", yref: "paper", yshift: 26 };
  return {
    shapes: sequential.map((color, i) => ({
      fillcolor: color,
      layer: "above",
      line: { width: 0 },
      type: "rect",
      x0: strip + i * CELL_PX,
      x1: strip + (i + 1) * CELL_PX,
      xanchor: 0,
      xref: "paper",
      xsizemode: "pixel",
      y0: 20,
      y1: 32,
      yanchor: 1,
      yref: "paper",
      ysizemode: "pixel",
    })),
    annotations: [
      { ...base, ...row, text: title },
      { ...base, ...row, text: classes.ends.worst, xshift: worst },
      { ...base, ...row, text: classes.ends.best, xshift: best },
    ],
  };
}
