// How far seeds differ beside configurations: a dot for each seed, a bar for the mean.

import type { PlotlyFigure } from "../document.ts";
import { valueAxis } from "./axes.ts";
import { checkValues, palette, translucent } from "./figure.ts";
import { dejaVuWidth } from "./text_width.ts";
import type { DirectedAxis } from "./value_classes.ts";

/** What `seedSpread` draws. */
export interface SeedSpread {
  /** `values`: one for each seed that has finished. */
  configurations: { label: string; values: number[] }[];
  result: DirectedAxis;
}

/** More rows than this are left out: the best are shown. */
const MAX_ROWS = 25;
const ROW_PX = 26;

/**
 * A row for each configuration, the best mean on top.
 *
 * @throws {RangeError} when there is no configuration, one has no value, or a value cannot be drawn
 *
 * @example
 * ```ts
 * import { seedSpread } from "lib/report/figures/seed_spread.ts";
 * const figure = seedSpread({
 *   configurations: [{ label: "S = 256", values: [0.1, 0.12] }, { label: "S = 512", values: [0.09, 0.11] }],
 *   result: { title: "Loss", unit: "1", best: "low" },
 * });
 * console.log((figure.data[1].y as string[])[0]); // S = 512
 * ```
 */
export function seedSpread({ configurations, result }: SeedSpread): PlotlyFigure {
  if (configurations.length === 0) throw new RangeError("Cannot draw seeds: expected at least one configuration");
  configurations.forEach(({ label, values }) => {
    if (values.length === 0) throw new RangeError(`Cannot draw seeds: expected values of ${label}, got none`);
    checkValues(values, result, `seeds of ${label}`);
  });
  const sign = result.best === "low" ? 1 : -1;
  const sorted = configurations.map((one) => ({ ...one, mean: mean(one.values) }))
    .sort((a, b) => sign * (a.mean - b.mean)).slice(0, MAX_ROWS);
  const labels = sorted.map(({ label }) => label);
  const rows = sorted.flatMap(({ label, values }) => values.map((value) => ({ label, value })));
  return {
    data: [
      {
        hovertemplate: "%{y}: %{x:.4g}<extra>one seed</extra>",
        marker: { color: translucent(palette[0], 0.5), line: { color: palette[0], width: 0.8 }, size: 9 },
        mode: "markers",
        name: "seeds",
        type: "scatter",
        x: rows.map(({ value }) => value),
        y: rows.map(({ label }) => label),
      },
      {
        hovertemplate: "%{y}: %{x:.4g}<extra>mean</extra>",
        marker: { color: palette[1], line: { color: palette[1], width: 3 }, size: 16, symbol: "line-ns" },
        mode: "markers",
        name: "mean",
        type: "scatter",
        x: sorted.map((one) => one.mean),
        y: labels,
      },
    ],
    layout: {
      height: 130 + labels.length * ROW_PX,
      margin: { b: 64, l: 40 + Math.ceil(Math.max(...labels.map((label) => dejaVuWidth(label, 15)))), r: 24, t: 36 },
      xaxis: valueAxis(result, rows.map(({ value }) => value)),
      yaxis: {
        autorange: "reversed",
        categoryarray: labels,
        categoryorder: "array",
        title: { text: "Configuration" },
        type: "category",
      },
    },
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
