// A figure as SVG text: drawn by plotly.js in jsdom, then cleaned so that it shows well on a code host.

import type { PlotlyFigure } from "../document.ts";
import { checkFigure, figureSize, withTemplate } from "../figures/figure.ts";
import { openPlotlyWindow, type PlotlyWindow } from "./plotly_window.ts";

/** Size of a static image in CSS pixels; by default that of the figure's layout, else 760 x 440. */
export interface SvgOptions {
  width?: number;
  height?: number;
}

let opened: Promise<PlotlyWindow> | undefined;
// One figure at a time: the ids of a figure come from a generator that starts over with each.
let queue: Promise<unknown> = Promise.resolve();

/**
 * A figure as SVG with an opaque background, no scripts and no network; the same figure gives the same bytes. The first call starts
 * plotly.js in jsdom (about 1.5 s and 250 MB), later ones take 50 to 150 ms.
 *
 * @throws {RangeError} when a trace needs WebGL or 3D, which cannot be drawn here, or the size is out of range
 *
 * @example
 * ```ts
 * import { closeRenderer, renderSvg } from "lib/report/mod.ts";
 * const svg = await renderSvg({ data: [{ type: "scatter", x: [1, 2], y: [3, 4] }], layout: {} });
 * console.log(svg.startsWith("<svg")); // true
 * await closeRenderer();
 * ```
 */
export async function renderSvg(figure: PlotlyFigure, options: SvgOptions = {}): Promise<string> {
  checkFigure(figure, "render a figure");
  const size = figureSize(figure, options);
  for (const [name, pixels] of Object.entries(size)) {
    if (!(pixels >= 100 && pixels <= 4000)) {
      throw new RangeError(`Cannot render a figure: expected ${name} from 100 to 4000 CSS pixels, got ${pixels}`);
    }
  }
  const turn = queue.then(async () => draw(await window(), withTemplate(structuredClone(figure)), size));
  queue = turn.catch(() => {});
  return await turn;
}

/** Ends the window that renders figures and frees its memory; the next figure starts a new one. */
export async function closeRenderer(): Promise<void> {
  await queue;
  const closing = opened;
  opened = undefined;
  (await closing)?.close();
}

function window(): Promise<PlotlyWindow> {
  opened ??= openPlotlyWindow();
  return opened;
}

async function draw(
  { plotly, document, resetRandom }: PlotlyWindow,
  figure: PlotlyFigure,
  size: { width: number; height: number },
): Promise<string> {
  resetRandom();
  const root = document.createElement("div");
  document.body.append(root);
  try {
    const layout = { ...figure.layout, ...size, autosize: false };
    await plotly.newPlot(root, figure.data, layout, { staticPlot: true, displayModeBar: false });
    return cleanSvg(plotly.Snapshot.toSVG(root, "svg", 1));
  } finally {
    plotly.purge(root);
    root.remove();
  }
}

/** Ids in order of appearance, unquoted references, no empty groups, coordinates with at most two decimals. */
export function cleanSvg(svg: string): string {
  let text = svg.replace(/url\((?:&quot;|['"])(#[^'")&]+)(?:&quot;|['"])\)/g, "url($1)");
  const ids = [...new Set([...text.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]))];
  const renamed = new Map(ids.map((id, i) => [id, `f${i}`]));
  text = text.replace(/(\sid="|url\(#|href="#)([^")]+)/g, (_, start, id) => start + (renamed.get(id) ?? id));
  // Plotly leaves many empty layers behind.
  for (let before = ""; before !== text;) {
    before = text;
    text = text.replace(/<g(?:\s[^>]*)?\/>/g, "").replace(/<g(?:\s[^>]*[^>/])?><\/g>/g, "");
  }
  text = text.replace(/(\sd|\stransform|\sx|\sy)="([^"]*)"/g, (_, name, value) => `${name}="${shorten(value)}"`);
  return `${text.replace(/^<svg class="main-svg"/, "<svg").replace(/>(?=<g |<path |<text )/g, ">\n")}\n`;
}

function shorten(numbers: string): string {
  return numbers.replace(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(2)) + 0));
}
