// Importance of parameters: the share of the variance of the result that each accounts for.

import type { PlotlyFigure } from "../document.ts";
import { barsWithInterval } from "./bars_with_interval.ts";
import { referenceColor, translucent } from "./figure.ts";

/** What `importanceBars` draws. */
export interface ImportanceBars {
  /** Shares, 0 to 1. */
  parameters: { name: string; share: number }[];
  /** What parameters account for together only, beyond each alone: a grey bar below the others. */
  interactions: number;
}

/**
 * A bar for each parameter, the most important on top.
 *
 * @throws {RangeError} when there is no parameter, or a share is not between 0 and 1
 *
 * @example
 * ```ts
 * import { importanceBars } from "lib/report/figures/importance_bars.ts";
 * const figure = importanceBars({ parameters: [{ name: "learningRate", share: 0.8 }], interactions: 0.2 });
 * console.log((figure.data[0].x as number[]).join()); // 80,20
 * ```
 */
export function importanceBars({ parameters, interactions }: ImportanceBars): PlotlyFigure {
  if (parameters.length === 0) throw new RangeError("Cannot draw importance: expected at least one parameter");
  for (const share of [...parameters.map((one) => one.share), interactions]) {
    if (!(share >= 0 && share <= 1 + 1e-9)) {
      throw new RangeError(`Cannot draw importance: expected shares from 0 to 1, got ${share}`);
    }
  }
  const bars = [...parameters].sort((a, b) => b.share - a.share).map(({ name, share }) => ({
    label: name,
    value: 100 * share,
  }));
  const figure = barsWithInterval({
    bars: [...bars, { label: "interactions", value: 100 * interactions }],
    value: { title: "Share of the variance of the result", unit: "%" },
    label: { title: "Parameter", unit: "" },
  });
  const [trace] = figure.data as [{ marker: { color: string; line: { color: string } } }];
  const grey = (color: string, last: string) => [...bars.map(() => color), last];
  const marker = {
    color: grey(trace.marker.color, translucent(referenceColor, 0.45)),
    line: { color: grey(trace.marker.line.color, referenceColor), width: 1 },
  };
  return { ...figure, data: [{ ...trace, hovertemplate: "%{y}: %{x:.3g}%<extra></extra>", marker }] };
}
