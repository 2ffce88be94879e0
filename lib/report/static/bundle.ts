// A figure as a MIME bundle for a notebook cell: interactive where plotly is known, an image and text elsewhere.

import type { FigureBlock } from "../document.ts";
import { renderPng } from "./png.ts";
import { renderSvg } from "./svg.ts";

/** `application/vnd.plotly.v1+json`, `image/png` (base64) and `text/plain` of a figure. */
export async function figureBundle(block: FigureBlock, markdown: string): Promise<Record<string, unknown>> {
  const png = await renderPng(await renderSvg(block.figure, { width: block.width, height: block.height }));
  const caption = markdown.split("\n").at(-1) ?? "";
  return {
    "application/vnd.plotly.v1+json": {
      data: block.figure.data,
      layout: { ...block.figure.layout, width: block.width, height: block.height },
    },
    "image/png": base64(png),
    "text/plain": `${caption.replace(/\*\*/g, "")}\n${block.alt}`,
  };
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return btoa(text);
}
