// SVG text as PNG bytes, with the fonts that the text was measured with.

import { fontFiles } from "./font_metrics.ts";

/** How a PNG is made. */
export interface PngOptions {
  /** Device pixels per CSS pixel; 2 is sharp on a dense display. */
  scale?: number;
}

/**
 * An SVG as PNG.
 *
 * @throws {RangeError} when the scale is not in (0, 8]
 *
 * @example
 * ```ts
 * import { renderPng } from "lib/report/mod.ts";
 * const png = await renderPng('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"></svg>');
 * console.log(String.fromCharCode(...png.subarray(1, 4))); // PNG
 * ```
 */
export async function renderPng(svg: string, { scale = 2 }: PngOptions = {}): Promise<Uint8Array> {
  if (!(scale > 0 && scale <= 8)) throw new RangeError(`Cannot render PNG: expected scale in (0, 8], got ${scale}`);
  const { Resvg } = await import("@resvg/resvg-js");
  const { regular, bold } = fontFiles();
  // resvg drops text whose font it lacks and takes a quoted reference for a missing one, both silently.
  const image = new Resvg(svg.replace(/url\(['"](#[^'"]+)['"]\)/g, "url($1)"), {
    fitTo: { mode: "zoom", value: scale },
    font: { fontFiles: [regular, bold], loadSystemFonts: false, defaultFontFamily: "DejaVu Sans" },
  });
  return new Uint8Array(image.render().asPng());
}
