// One bar per row, with its interval: comparisons among things that have names rather than sizes.

import type { PlotlyFigure } from "../document.ts";
import { type Axis, axisTitle, checkValues, translucent } from "./figure.ts";
import { padded, tickFormats } from "./axes.ts";
import { seriesStyle } from "./marks.ts";

/** One bar. */
export interface Bar {
  label: string;
  /** Bars of one group share a colour and a legend entry; leave it out when there is one group. */
  group?: string;
  value: number;
  low?: number | null;
  high?: number | null;
}

/** What `barsWithInterval` draws. */
export interface BarsWithInterval {
  bars: Bar[];
  /** The axis of the values (horizontal); it starts at 0 and is not logarithmic, since a bar's length is its message. */
  value: Axis;
  /** The axis of the names. */
  label: Axis;
}

const ROW_PX = 34;

/**
 * Horizontal bars, first row on top, so that long names stay readable.
 *
 * @throws {RangeError} when there is no bar, the axis is logarithmic, or a value cannot be drawn
 *
 * @example
 * ```ts
 * import { barsWithInterval } from "lib/report/figures/bars_with_interval.ts";
 * const figure = barsWithInterval({
 *   bars: [{ label: "PCA", value: 0.902, low: 0.899, high: 0.905 }],
 *   value: { title: "recall@10", unit: "1" },
 *   label: { title: "Method", unit: "" },
 * });
 * console.log(figure.data.length); // 1
 * ```
 */
export function barsWithInterval({ bars, value, label }: BarsWithInterval): PlotlyFigure {
  if (bars.length === 0) throw new RangeError("Cannot draw bars: expected at least one bar");
  if (value.log) throw new RangeError("Cannot draw bars on a logarithmic axis: use lineWithInterval");
  const ends = bars.flatMap((bar) => [bar.value, bar.low ?? bar.value, bar.high ?? bar.value]);
  checkValues(ends, value, "bars");
  const groups = [...new Set(bars.map(({ group }) => group ?? ""))];
  const labels = [...new Set(bars.map((bar) => bar.label))];
  const [low, high] = padded([0, ...ends], false, 0.04);
  return {
    data: groups.map((group, i) => barTrace(group, bars.filter((bar) => (bar.group ?? "") === group), i)),
    layout: {
      bargap: 0.35,
      barmode: "group",
      height: 130 + labels.length * ROW_PX * Math.max(1, groups.length * 0.75),
      legend: { traceorder: "normal" },
      showlegend: groups.length > 1,
      xaxis: {
        range: [Math.min(...ends) < 0 ? low : 0, high],
        tickformatstops: tickFormats,
        title: { text: axisTitle(value) },
      },
      yaxis: {
        autorange: "reversed",
        categoryarray: labels,
        categoryorder: "array",
        showgrid: false,
        title: { text: axisTitle(label) },
        type: "category",
      },
    },
  };
}

function barTrace(group: string, bars: readonly Bar[], index: number): Record<string, unknown> {
  const { color } = seriesStyle(index);
  return {
    customdata: bars.map(({ low, high }) => [low ?? null, high ?? null]),
    error_x: {
      array: bars.map(({ value, high }) => (high ?? value) - value),
      arrayminus: bars.map(({ value, low }) => value - (low ?? value)),
      symmetric: false,
      thickness: 1.8,
      type: "data",
      visible: bars.some(({ low, high }) => low != null && high != null),
      width: 5,
    },
    hovertemplate: "%{y}: %{x:.4g} [%{customdata[0]:.4g}, %{customdata[1]:.4g}]",
    // Light enough for the ends of the intervals to be seen on the bar.
    marker: { color: translucent(color, 0.6), line: { color, width: 1 } },
    name: group,
    orientation: "h",
    type: "bar",
    x: bars.map(({ value }) => value),
    y: bars.map(({ label }) => label),
  };
}
