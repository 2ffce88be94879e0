// Where values lie: one line a set of values, the share of them in each bin.

import type { PlotlyFigure } from "../document.ts";
import { extent, padded, valueAxis } from "./axes.ts";
import { type Axis, checkValues } from "./figure.ts";
import { seriesStyle } from "./marks.ts";

/** What `distributions` draws. */
export interface Distributions {
  series: { name: string; values: ArrayLike<number> }[];
  /** The axis of the values. */
  x: Axis;
  /** What has a value, plural; default "vectors". */
  items?: string;
  /** Bins over the range of all values; default 48. */
  bins?: number;
}

const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];

/**
 * Histograms as lines, so that several can be compared: all have the same bins, and each its shares, in percent.
 *
 * @throws {RangeError} when there is no series, one has no values, a value cannot be drawn, or bins is not an integer from 2
 *
 * @example
 * ```ts
 * import { distributions } from "lib/report/figures/distributions.ts";
 * const figure = distributions({
 *   series: [{ name: "PCA", values: [0.9, 0.95, 0.97, 0.98] }, { name: "student", values: [0.8, 0.85, 0.9, 0.95] }],
 *   x: { title: "Held-out cosine", unit: "1" },
 *   bins: 4,
 * });
 * console.log(figure.data.length); // 2
 * ```
 */
export function distributions({ series, x, items = "vectors", bins = 48 }: Distributions): PlotlyFigure {
  if (series.length === 0) throw new RangeError("Cannot draw distributions: expected at least one series");
  if (!Number.isInteger(bins) || bins < 2) {
    throw new RangeError(`Cannot draw distributions: expected bins to be an integer from 2, got ${bins}`);
  }
  const sets = series.map(({ name, values }) => ({ name, values: Array.from(values) }));
  const empty = sets.find(({ values }) => values.length === 0);
  if (empty) throw new RangeError(`Cannot draw distributions: expected values of ${empty.name}, got none`);
  for (const { name, values } of sets) checkValues(values, x, name);
  const [low, high] = rangeOf(sets.map(({ values }) => values));
  const width = (high - low) / bins;
  const centres = Array.from({ length: bins }, (_, bin) => Number((low + (bin + 0.5) * width).toPrecision(6)));
  const lines = sets.map(({ name, values }) => ({ name, y: shares(values, { low, width, bins }) }));
  return {
    data: lines.map(({ name, y }, i) => ({
      hovertemplate: "%{x:.4g}: %{y:.3g}%",
      line: {
        color: seriesStyle(i).color,
        dash: DASHES[i % DASHES.length],
        shape: "spline",
        smoothing: 0.6,
        width: 2.5,
      },
      mode: "lines",
      name,
      type: "scatter",
      x: centres,
      y,
    })),
    layout: {
      showlegend: sets.length > 1,
      xaxis: valueAxis(x, [low, high], { air: 0.01 }),
      yaxis: {
        ...valueAxis({ title: `Share of ${items}`, unit: "%" }, [0, ...lines.flatMap(({ y }) => y)], { air: 0.04 }),
        rangemode: "tozero",
      },
    },
  };
}

function rangeOf(sets: readonly number[][]): [number, number] {
  const [low, high] = extent(sets.flatMap(extent));
  return high > low ? [low, high] : padded([low], false, 0.5);
}

function shares(values: readonly number[], { low, width, bins }: { low: number; width: number; bins: number }) {
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) counts[Math.min(bins - 1, Math.floor((value - low) / width))]++;
  return counts.map((count) => Number((100 * count / values.length).toPrecision(6)));
}
