// How a value looks in a notebook: the rules of Deno's kernel, for headless runs.

import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import type { MediaBundle } from "./jupyter.ts";

/** The method by which an object says how it is shown; the same symbol as in Deno's kernel. */
export const DISPLAY = Symbol.for("Jupyter.display");

const PNG_MAGIC = [0x89, 0x50, 0x4e, 0x47];
const JPEG_MAGIC = [0xff, 0xd8, 0xff];

/** The bundle that shows `value`: its own, an image for PNG or JPEG bytes, a Vega-Lite chart, else its inspected text. */
export async function mediaOf(value: unknown): Promise<MediaBundle> {
  if (typeof value === "object" && value !== null) {
    const own = (value as { [DISPLAY]?: () => MediaBundle | Promise<MediaBundle> })[DISPLAY];
    if (typeof own === "function") return await own.call(value);
    if (value instanceof Uint8Array && imageType(value)) return imageBundle(value);
    const spec = (value as { toSpec?: () => { $schema?: unknown } }).toSpec;
    if (typeof spec === "function") {
      const chart = spec.call(value);
      if (String(chart?.$schema).includes("vega-lite")) return { "application/vnd.vegalite.v5+json": chart };
    }
  }
  return { "text/plain": typeof value === "string" ? inspect(value) : inspect(value, { depth: 4 }) };
}

/** An object that shows itself as `bundle`. */
export function displayable(bundle: MediaBundle): { [DISPLAY](): MediaBundle } {
  return { [DISPLAY]: () => bundle };
}

/**
 * The bundle of a PNG or JPEG, given as bytes or as the path of a file.
 *
 * @throws {TypeError} when the bytes are neither
 */
export function imageBundle(image: string | Uint8Array): MediaBundle {
  const bytes = typeof image === "string" ? readFileSync(image) : image;
  const type = imageType(bytes);
  if (!type) throw new TypeError("Cannot show image: expected PNG or JPEG, got other bytes");
  return { [type]: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64") };
}

function imageType(bytes: Uint8Array): string | null {
  const startsWith = (magic: number[]) => magic.every((byte, i) => bytes[i] === byte);
  if (startsWith(PNG_MAGIC)) return "image/png";
  return startsWith(JPEG_MAGIC) ? "image/jpeg" : null;
}
