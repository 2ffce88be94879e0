// What all figures share: the template, the palette, axis titles with units, and the refusal of what cannot be drawn
// without WebGL.

import type { PlotlyFigure } from "../document.ts";
import { unitLabel } from "../format.ts";

/**
 * Okabe and Ito's palette, which readers with any form of colour blindness can tell apart (jfly.uni-koeln.de/color), without its
 * black (ours is the ink) and its yellow (too light on white).
 */
export const palette = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"] as const;

/** The palette on a dark page: the same hues, lighter, in the same order. */
const darkPalette = ["#4CA3DD", "#F0803C", "#2FC79A", "#E39CC4", "#F2B632", "#9AD2F5"];

/** From the worst (pale) to the best (deep): one hue whose lightness changes evenly, for values behind lines and cells. */
export const sequential = ["#C9D8E8", "#A6C2DD", "#7FA9D0", "#558FC2", "#2F74B0", "#145690", "#08366B"] as const;

/** On a dark page the best is the brightest. */
const darkSequential = ["#263442", "#2F4A63", "#3B658A", "#4A82B3", "#66A1D9", "#97C4F0", "#D3E8FF"];

/** Behind labels that stand on lines; dark on a dark page. */
export const veil = "rgba(255,255,255,0.7)";

/** Marker shapes, so that series differ in print without colour too. */
export const symbols = ["circle", "square", "diamond", "triangle-up", "cross", "triangle-down"] as const;

/** A grey that can be seen on white and on the dark page alike: reference lines and their labels. */
export const referenceColor = "#767676";

const fontFamily = "DejaVu Sans, Verdana, sans-serif";

/** An axis: title and unit ("1" and "count" are not written), logarithmic or not. */
export interface Axis {
  title: string;
  unit: string;
  log?: boolean;
}

/** The title of an axis with its unit: "Time per vector (ms)". */
export function axisTitle({ title, unit }: Axis): string {
  const label = unitLabel(unit);
  return label === "" ? title : `${title} (${label})`;
}

/** The look of a figure on a light or a dark page. Specs hold data; fonts, lines and backgrounds come from here. */
export function template(mode: "light" | "dark" = "light"): Record<string, unknown> {
  const light = mode === "light";
  const [ink, line, grid, paper] = light
    ? ["#222222", "#555555", "#e4e4e4", "#ffffff"]
    : ["#e3e6ea", "#9aa3ad", "#333a42", "#15181c"];
  const axis = {
    automargin: true,
    gridcolor: grid,
    linecolor: line,
    showline: true,
    tickcolor: line,
    ticklen: 5,
    ticks: "outside",
    tickfont: { size: 15 },
    title: { standoff: 12, font: { size: 17 } },
    zeroline: false,
  };
  const errorBars = { color: ink };
  return {
    data: { bar: [{ error_x: errorBars, error_y: errorBars }] },
    layout: {
      annotationdefaults: { font: { color: ink, size: 15 }, showarrow: false },
      colorway: [...palette],
      font: { color: ink, family: fontFamily, size: 15 },
      hoverlabel: { font: { family: fontFamily, size: 13 } },
      hovermode: "closest",
      legend: {
        bgcolor: "rgba(0,0,0,0)",
        font: { size: 15 },
        orientation: "h",
        x: 0,
        xanchor: "left",
        y: 1.02,
        yanchor: "bottom",
      },
      margin: { b: 64, l: 76, r: 24, t: 28 },
      paper_bgcolor: paper,
      plot_bgcolor: paper,
      xaxis: axis,
      yaxis: axis,
    },
  };
}

/** The figure with the light template, unless it has one of its own. The figure itself is not changed. */
export function withTemplate(figure: PlotlyFigure): PlotlyFigure {
  if (figure.layout.template !== undefined) return figure;
  return { data: figure.data, layout: { ...figure.layout, template: template("light") } };
}

// WebGL traces never finish or throw in jsdom; heat maps and images need a canvas, which is not installed.
const REFUSED = /gl$|3d$|^(surface|cone|streamtube|volume|isosurface|splom|parcoords|heatmap|histogram2d|image)$|map/;

/**
 * Refuses what static rendering cannot draw.
 *
 * @throws {TypeError} when the figure has no data or layout
 * @throws {RangeError} when a trace needs WebGL, 3D, map tiles or a canvas
 */
export function checkFigure(figure: PlotlyFigure, action: string): void {
  if (!Array.isArray(figure?.data) || typeof figure.layout !== "object" || figure.layout === null) {
    throw new TypeError(`Cannot ${action}: expected a figure { data: [...], layout: {...} }`);
  }
  figure.data.forEach(({ type }, i) => {
    if (typeof type === "string" && REFUSED.test(type)) {
      throw new RangeError(
        `Cannot ${action}: expected traces that can be drawn as SVG, got data[${i}].type "${type}"; ` +
          "use scatter, bar, box, violin, histogram or contour",
      );
    }
  });
}

/** The size of a figure in CSS pixels: as given, else as its layout says, else 760 x 440. */
export function figureSize(
  { layout }: PlotlyFigure,
  { width, height }: { width?: number; height?: number } = {},
): { width: number; height: number } {
  const own = layout as { width?: number; height?: number };
  return { width: width ?? own.width ?? 760, height: height ?? own.height ?? 440 };
}

/** A palette colour as rgba, for bands and dots behind lines. */
export function translucent(color: string, opacity: number): string {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  return `rgba(${r},${g},${b},${opacity})`;
}

/** What replaces the colours of a spec on a dark page: hexadecimal ones and the start of translucent ones. */
export function darkColors(): [light: string, dark: string][] {
  const pairs = [...palette, referenceColor, "#888888"].map((light, i): [string, string] => [
    light,
    darkPalette[i] ?? "#A8AEB5",
  ]);
  pairs.push(...sequential.map((light, i): [string, string] => [light, darkSequential[i]]));
  const start = (color: string) => translucent(color, 0).replace(/0\)$/, "");
  return [
    [veil, "rgba(21,24,28,0.7)"],
    ...pairs,
    ...pairs.map(([light, dark]): [string, string] => [start(light), start(dark)]),
  ];
}

/** Refuses numbers that an axis cannot show, with the place where they stand. */
export function checkValues(values: readonly number[], axis: Axis, where: string): void {
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) {
      throw new RangeError(`Cannot draw ${where}[${i}]: expected a finite number, got ${value}`);
    }
    if (axis.log && value <= 0) {
      throw new RangeError(`Cannot draw ${where}[${i}] on a logarithmic axis: expected a number above 0, got ${value}`);
    }
  });
}
