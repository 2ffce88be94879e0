// What was claimed against what was found: log-log, with the line where the two agree.

import type { PlotlyFigure } from "../document.ts";
import { logTicks, padded } from "./axes.ts";
import { type Axis, axisTitle, checkValues, referenceColor, translucent } from "./figure.ts";
import { type LabelBox, placeLabels } from "./label_placement.ts";
import { errorBar, seriesStyle } from "./marks.ts";

/** One claim and what was found for it, in the same unit. */
export interface ClaimPoint {
  /** Short: it stands beside the dot where there is room. */
  label: string;
  /** Dots of one group share colour and marker. */
  group: string;
  claimed: number;
  measured: number;
  low?: number | null;
  high?: number | null;
}

/** What `claimedAgainstMeasured` draws. */
export interface ClaimedAgainstMeasured {
  points: ClaimPoint[];
  /** The claimed quantity (x). */
  claimed: Axis;
  /** The measured or recomputed quantity (y), in the same unit. */
  measured: Axis;
  /** Half-width of the grey band around the identity line as a factor: 2 means "within twice". */
  band?: number;
}

const SIZE = { width: 700, height: 600 };
const PLOT = { width: 590, height: 450 };

/**
 * Claimed (x) against measured (y) values on logarithmic axes of the same range. Dots on the line confirm the claim; the band holds what is
 * within a factor of `band`.
 *
 * @throws {RangeError} when there is no point, a value is not above 0, or the units differ
 *
 * @example
 * ```ts
 * import { claimedAgainstMeasured } from "lib/report/figures/claimed_against_measured.ts";
 * const figure = claimedAgainstMeasured({
 *   points: [{ label: "256", group: "bottleneck", claimed: 545000, measured: 296000 }],
 *   claimed: { title: "Claimed parameters", unit: "count" },
 *   measured: { title: "Recomputed parameters", unit: "count" },
 * });
 * console.log(figure.data.length); // 3
 * ```
 */
export function claimedAgainstMeasured(
  { points, claimed, measured, band = 2 }: ClaimedAgainstMeasured,
): PlotlyFigure {
  if (points.length === 0) throw new RangeError("Cannot draw claims: expected at least one point");
  if (claimed.unit !== measured.unit) {
    throw new RangeError(`Cannot draw claims: expected one unit, got "${claimed.unit}" and "${measured.unit}"`);
  }
  const values = points.flatMap((point) => [
    point.claimed,
    point.measured,
    point.low ?? point.measured,
    point.high ?? point.measured,
  ]);
  checkValues(values, { ...claimed, log: true }, "claims");
  const [low, high] = padded(values, true, 0.08);
  const axis = { range: [Math.log10(low), Math.log10(high)], type: "log", ...logTicks(low, high) };
  const groups = [...new Set(points.map(({ group }) => group))];
  const positions = labelPositions(points, [low, high]);
  return {
    data: [
      bandAround([low, high], band),
      identityLine([low, high]),
      ...groups.map((group, i) => groupTrace(group, points, { positions, index: i })),
    ],
    layout: {
      ...SIZE,
      xaxis: { ...axis, title: { text: axisTitle(claimed) } },
      yaxis: { ...axis, title: { text: axisTitle(measured) } },
    },
  };
}

function identityLine([low, high]: [number, number]): Record<string, unknown> {
  return {
    hoverinfo: "skip",
    legendrank: 1001,
    line: { color: referenceColor, dash: "dash", width: 1.8 },
    mode: "lines",
    name: "as claimed",
    type: "scatter",
    x: [low, high],
    y: [low, high],
  };
}

function bandAround([low, high]: [number, number], factor: number): Record<string, unknown> {
  return {
    fill: "toself",
    fillcolor: translucent(referenceColor, 0.13),
    hoverinfo: "skip",
    legendrank: 1002,
    line: { width: 0 },
    mode: "lines",
    name: `within ${factor}×`,
    type: "scatter",
    x: [low, high, high, low],
    y: [low * factor, high * factor, high / factor, low / factor],
  };
}

function groupTrace(
  group: string,
  points: readonly ClaimPoint[],
  { positions, index }: { positions: readonly (string | null)[]; index: number },
): Record<string, unknown> {
  const { color, symbol } = seriesStyle(index);
  const own = points.flatMap((point, i) => (point.group === group ? [{ ...point, position: positions[i] }] : []));
  const bounded = own.some(({ low, high }) => low != null && high != null);
  return {
    ...(bounded &&
      { error_y: errorBar(own.map((point) => ({ ...point, x: point.claimed, y: point.measured })), color) }),
    customdata: own.map(({ label }) => label),
    hovertemplate: "%{customdata}: claimed %{x:.4g}, found %{y:.4g}",
    marker: { color, size: 10, symbol },
    meta: { narrowMode: "markers" },
    mode: "markers+text",
    name: group,
    text: own.map(({ label, position }) => (position === null ? "" : label)),
    textfont: { size: 14 },
    textposition: own.map(({ position }) => position ?? "middle right"),
    type: "scatter",
    x: own.map(({ claimed }) => claimed),
    y: own.map(({ measured }) => measured),
  };
}

function labelPositions(points: readonly ClaimPoint[], [low, high]: [number, number]): (string | null)[] {
  const fraction = (value: number) => Math.log(value / low) / Math.log(high / low);
  const at = (point: ClaimPoint) => ({
    x: fraction(point.claimed) * PLOT.width,
    y: (1 - fraction(point.measured)) * PLOT.height,
  });
  // The identity line is kept free of labels by boxes along it.
  const line: LabelBox[] = Array.from({ length: 60 }, (_, i) => {
    const [x, y] = [(i / 59) * PLOT.width, (1 - i / 59) * PLOT.height];
    return { left: x - 4, right: x + 4, top: y - 4, bottom: y + 4 };
  });
  return placeLabels(points.map((point) => ({ ...at(point), text: point.label })), { ...PLOT, keepFree: line });
}
