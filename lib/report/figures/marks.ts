// The traces that figures are made of.

import { palette, referenceColor, symbols, translucent } from "./figure.ts";

type Trace = Record<string, unknown>;

/** A point with an optional interval. */
export interface IntervalPoint {
  x: number;
  y: number;
  low?: number | null;
  high?: number | null;
}

/** Colour and marker of series `index`: six colours, which come again with other markers. */
export function seriesStyle(index: number): { color: string; symbol: string } {
  const again = Math.floor(index / palette.length);
  return { color: palette[index % palette.length], symbol: symbols[(index + again) % symbols.length] };
}

/** The band between the lower and upper ends of the intervals; nothing when fewer than two points have one. */
export function bandTrace(name: string, points: readonly IntervalPoint[], color: string): Trace[] {
  const bounded = points.filter((point) => point.low != null && point.high != null);
  if (bounded.length < 2) return [];
  return [{
    fill: "toself",
    fillcolor: translucent(color, 0.18),
    hoverinfo: "skip",
    legendgroup: name,
    line: { width: 0 },
    mode: "lines",
    name: `${name}, interval`,
    showlegend: false,
    type: "scatter",
    x: [...bounded.map(({ x }) => x), ...bounded.map(({ x }) => x).reverse()],
    y: [...bounded.map(({ high }) => high), ...bounded.map(({ low }) => low).reverse()],
  }];
}

/** Markers with error bars, for points that no line should join. */
export function pointTrace(name: string, points: readonly IntervalPoint[], index: number): Trace {
  const line = lineTrace(name, points, index);
  const { color } = seriesStyle(index);
  const bounded = points.some((point) => point.low != null && point.high != null);
  // Large enough to be told apart behind the ends of a short error bar.
  const marker = { ...line.marker as Trace, size: 12 };
  return { ...line, ...(bounded && { error_y: errorBar(points, color) }), marker, mode: "markers" };
}

/** A line through the points with markers; a single point with an interval gets an error bar in place of a band. */
export function lineTrace(name: string, points: readonly IntervalPoint[], index: number): Trace {
  const { color, symbol } = seriesStyle(index);
  const bounded = points.filter((point) => point.low != null && point.high != null);
  const errors = bounded.length === 1 && points.length === 1 ? { error_y: errorBar(bounded, color) } : {};
  return {
    ...errors,
    customdata: points.map(({ low, high }) => [low ?? null, high ?? null]),
    hovertemplate: bounded.length === points.length
      ? "%{x}: %{y:.4g} [%{customdata[0]:.4g}, %{customdata[1]:.4g}]"
      : "%{x}: %{y:.4g}",
    legendgroup: name,
    line: { color, width: 2.5 },
    marker: { color, size: 9, symbol },
    mode: points.length > 40 ? "lines" : "lines+markers",
    name,
    type: "scatter",
    x: points.map(({ x }) => x),
    y: points.map(({ y }) => y),
  };
}

/** Asymmetric error bars from the ends of intervals. */
export function errorBar(points: readonly IntervalPoint[], color: string): Trace {
  return {
    array: points.map(({ y, high }) => (high ?? y) - y),
    arrayminus: points.map(({ y, low }) => y - (low ?? y)),
    color,
    symmetric: false,
    thickness: 1.8,
    type: "data",
    width: 5,
  };
}

// Every reference line has its own dashes, so that a legend can name them where there is no room for labels.
const dashes = ["dash", "dot", "dashdot", "longdash"];

/** Horizontal reference lines over [from, to], to be labelled at their ends; on narrow pages they join the legend. */
export function referenceLines(
  lines: readonly { name: string; value: number }[],
  [from, to]: [number, number],
): Trace[] {
  return lines.map(({ name, value }, i) => ({
    hovertemplate: `${name}: %{y:.4g}<extra></extra>`,
    line: { color: referenceColor, dash: dashes[i % dashes.length], width: 1.8 },
    meta: { narrowLegend: true },
    mode: "lines",
    name,
    showlegend: false,
    type: "scatter",
    x: [from, to],
    y: [value, value],
  }));
}

/** Positions at least `gap` apart, in the order of `wanted` and as near to it as that allows, none moved more than needed. */
export function spread(wanted: readonly number[], gap: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  // Groups of touching labels are centred on the mean of what their members wanted.
  const groups: { members: number[]; centre: number }[] = [];
  for (const i of order) {
    let group = { members: [i], centre: wanted[i] };
    for (let last = groups.at(-1); last && touches(last, group, gap); last = groups.at(-1)) {
      groups.pop();
      const members = [...last.members, ...group.members];
      group = { members, centre: members.reduce((sum, member) => sum + wanted[member], 0) / members.length };
    }
    groups.push(group);
  }
  const placed = [...wanted];
  for (const { members, centre } of groups) {
    members.forEach((member, k) => placed[member] = centre + (k - (members.length - 1) / 2) * gap);
  }
  return placed;
}

function touches(
  below: { members: number[]; centre: number },
  above: { members: number[]; centre: number },
  gap: number,
): boolean {
  return above.centre - below.centre < ((below.members.length + above.members.length) / 2) * gap;
}
