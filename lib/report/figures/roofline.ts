// The roofline (Williams, Waterman & Patterson 2009): the arithmetic rate that a machine can reach at an arithmetic intensity, with
// measurements under it.

import type { PlotlyFigure } from "../document.ts";
import { valueAxis } from "./axes.ts";
import { checkValues, palette, referenceColor, symbols } from "./figure.ts";
import { placeLabels } from "./label_placement.ts";

/** A machine's limits. */
export interface Roof {
  name: string;
  bandwidthGbPerSecond: number;
  peakGflops: number;
  /** The group of points that was measured in the same run, in whose colour its line is drawn; null where it is published (dashed). */
  group: string | null;
}

/** A measurement. */
export interface RooflinePoint {
  /** Stands beside the dot where there is room. */
  label: string;
  /** Points of one group share colour and marker. */
  group: string;
  /** Operations a byte, above 0. */
  intensity: number;
  gflops: number;
}

/** What `roofline` draws. */
export interface Roofline {
  roofs: Roof[];
  points: RooflinePoint[];
}

const HEIGHT = 560;
const PLOT = { width: 640, height: 400 };
/** Intensity beyond the ridge of every roof. */
const RIGHT = 1.6;

/**
 * Roofs as lines, measurements as dots, both axes logarithmic.
 *
 * @throws {RangeError} when there is no roof or no point, or a value is not positive
 *
 * @example
 * ```ts
 * import { roofline } from "lib/report/figures/roofline.ts";
 * const figure = roofline({
 *   roofs: [{ name: "this machine", bandwidthGbPerSecond: 20, peakGflops: 100, group: "cpu" }],
 *   points: [{ label: "matmul 1000", group: "cpu", intensity: 167, gflops: 95 }],
 * });
 * console.log(figure.data.length); // 2
 * ```
 */
export function roofline({ roofs, points }: Roofline): PlotlyFigure {
  if (roofs.length === 0 || points.length === 0) {
    throw new RangeError("Cannot draw a roofline: expected at least one roof and one measurement");
  }
  const axes = {
    x: { title: "Arithmetic intensity", unit: "FLOP/byte", log: true },
    y: { title: "Arithmetic rate", unit: "GFLOPS", log: true },
  };
  checkValues(points.map(({ intensity }) => intensity), axes.x, "intensity");
  checkValues(points.map(({ gflops }) => gflops), axes.y, "gflops");
  checkValues(
    roofs.flatMap(({ bandwidthGbPerSecond, peakGflops }) => [bandwidthGbPerSecond, peakGflops]),
    axes.y,
    "roof",
  );
  const intensities = points.map(({ intensity }) => intensity);
  const left = Math.min(...intensities) / RIGHT;
  const right = RIGHT * Math.max(...intensities, ...roofs.map(ridge));
  const xaxis = valueAxis(axes.x, [left, right], { air: 0 });
  const rates = [...points.map(({ gflops }) => gflops), ...roofs.flatMap((roof) => [roof.peakGflops, at(roof, left)])];
  const yaxis = valueAxis(axes.y, rates);
  const groups = [...new Set(points.map(({ group }) => group))];
  const positions = labelPositions(points, roofs, { x: xaxis.range, y: yaxis.range } as Ranges);
  return {
    data: [
      ...roofs.map((roof, i) =>
        roofTrace(roof, { left, right, dash: DASHES[i % DASHES.length], color: colorOf(groups, roof.group) })
      ),
      ...groups.map((group, i) => pointTrace(group, i, points, positions)),
    ],
    layout: { height: HEIGHT, xaxis, yaxis },
  };
}

interface Ranges {
  x: [number, number];
  y: [number, number];
}

const DASHES = ["dash", "dot", "dashdot", "longdash", "longdashdot"];

const colorOf = (groups: readonly string[], group: string | null) =>
  group === null ? referenceColor : palette[Math.max(0, groups.indexOf(group)) % palette.length];

/** Intensity from which on arithmetic limits, not memory. */
const ridge = ({ bandwidthGbPerSecond, peakGflops }: Roof) => peakGflops / bandwidthGbPerSecond;

/** The rate under the roof. */
const at = ({ bandwidthGbPerSecond, peakGflops }: Roof, intensity: number) =>
  Math.min(peakGflops, bandwidthGbPerSecond * intensity);

function roofTrace(
  roof: Roof,
  { left, right, dash, color }: { left: number; right: number; dash: string; color: string },
): Record<string, unknown> {
  const x = [left, ridge(roof), right].filter((value) => value >= left).sort((a, b) => a - b);
  const { name, group } = roof;
  return {
    hovertemplate: `${name}<br>%{x:.4g}: %{y:.4g}`,
    line: group === null ? { color, dash, width: 1.6 } : { color, width: 2.5 },
    mode: "lines",
    name,
    type: "scatter",
    x,
    y: x.map((intensity) => at(roof, intensity)),
  };
}

function pointTrace(
  group: string,
  index: number,
  points: readonly RooflinePoint[],
  positions: readonly (string | null)[],
): Record<string, unknown> {
  const own = points.map((point, i) => ({ ...point, position: positions[i] })).filter((point) => point.group === group);
  return {
    customdata: own.map(({ label }) => label),
    hovertemplate: "%{customdata}<br>%{x:.4g}: %{y:.4g}",
    marker: { color: palette[index % palette.length], size: 9, symbol: symbols[index % symbols.length] },
    meta: { narrowMode: "markers" },
    mode: "markers+text",
    name: group,
    text: own.map(({ label, position }) => (position === null ? "" : label)),
    textfont: { size: 13 },
    textposition: own.map(({ position }) => position ?? "middle right"),
    type: "scatter",
    x: own.map(({ intensity }) => intensity),
    y: own.map(({ gflops }) => gflops),
  };
}

/** Labels keep off the roofs, which are cut into short pieces. */
function labelPositions(points: readonly RooflinePoint[], roofs: readonly Roof[], { x, y }: Ranges) {
  const pixel = (intensity: number, gflops: number) => ({
    x: (Math.log10(intensity) - x[0]) / (x[1] - x[0]) * PLOT.width,
    y: (1 - (Math.log10(gflops) - y[0]) / (y[1] - y[0])) * PLOT.height,
  });
  const pieces = 160;
  const keepFree = roofs.flatMap((roof) =>
    Array.from({ length: pieces }, (_, i) => {
      const intensity = 10 ** (x[0] + (i + 0.5) / pieces * (x[1] - x[0]));
      const middle = pixel(intensity, at(roof, intensity));
      return { left: middle.x - 2, right: middle.x + 2, top: middle.y - 2, bottom: middle.y + 2 };
    })
  );
  const dots = points.map(({ intensity, gflops, label }) => ({ ...pixel(intensity, gflops), text: label }));
  return placeLabels(dots, { ...PLOT, keepFree });
}
