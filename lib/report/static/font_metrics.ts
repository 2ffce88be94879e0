// Widths of text, read from the font files themselves, since jsdom lays nothing out. Kerning is left out: DejaVu Sans
// uses little, and a box that is a pixel too wide does no harm.

import { readFileSync } from "node:fs";
import { projectPath } from "../../process/mod.ts";

/** Where the fonts of static figures lie (npm dejavu-fonts-ttf). */
export function fontFiles(): { regular: string; bold: string } {
  const folder = projectPath("node_modules", "dejavu-fonts-ttf", "ttf");
  return { regular: `${folder}/DejaVuSans.ttf`, bold: `${folder}/DejaVuSans-Bold.ttf` };
}

/** Advance widths and vertical extent of one font, in units of the font size (em). */
export interface FontMetrics {
  /** Width of `text` in em. */
  width(text: string): number;
  ascent: number;
  descent: number;
}

/**
 * Reads the metrics of a TrueType font (tables head, hhea, hmtx and cmap; cmap subtable formats 4 and 12).
 *
 * @throws {RangeError} when a table is missing
 */
export function parseFont(bytes: Uint8Array): FontMetrics {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const table = (tag: string): number => {
    for (let i = 0; i < view.getUint16(4); i++) {
      const entry = 12 + 16 * i;
      if (String.fromCharCode(...bytes.subarray(entry, entry + 4)) === tag) return view.getUint32(entry + 8);
    }
    throw new RangeError(`Cannot read font: expected a table "${tag}", got none`);
  };
  const unitsPerEm = view.getUint16(table("head") + 18);
  const hhea = table("hhea");
  const advances = view.getUint16(hhea + 34);
  const hmtx = table("hmtx");
  const glyphOf = readCmap(view, table("cmap"));
  const advance = (codePoint: number) =>
    view.getUint16(hmtx + 4 * Math.min(glyphOf(codePoint), advances - 1)) / unitsPerEm;
  const cache = new Map<number, number>();
  return {
    ascent: view.getInt16(hhea + 4) / unitsPerEm,
    descent: -view.getInt16(hhea + 6) / unitsPerEm,
    width(text) {
      let sum = 0;
      for (const character of text) {
        const codePoint = character.codePointAt(0)!;
        let width = cache.get(codePoint);
        if (width === undefined) cache.set(codePoint, width = advance(codePoint));
        sum += width;
      }
      return sum;
    },
  };
}

function readCmap(view: DataView, cmap: number): (codePoint: number) => number {
  let format4 = 0;
  for (let i = 0; i < view.getUint16(cmap + 2); i++) {
    const offset = cmap + view.getUint32(cmap + 8 + 8 * i);
    const format = view.getUint16(offset);
    if (format === 12) return (codePoint) => glyphFormat12(view, offset, codePoint);
    if (format === 4) format4 = offset;
  }
  if (format4 === 0) throw new RangeError("Cannot read font: expected a cmap subtable of format 4 or 12, got neither");
  return (codePoint) => glyphFormat4(view, format4, codePoint);
}

function glyphFormat12(view: DataView, offset: number, codePoint: number): number {
  const groups = view.getUint32(offset + 12);
  for (let i = 0; i < groups; i++) {
    const group = offset + 16 + 12 * i;
    if (codePoint < view.getUint32(group)) return 0;
    if (codePoint <= view.getUint32(group + 4)) return view.getUint32(group + 8) + codePoint - view.getUint32(group);
  }
  return 0;
}

function glyphFormat4(view: DataView, offset: number, codePoint: number): number {
  const doubled = view.getUint16(offset + 6);
  for (let i = 0; i < doubled; i += 2) {
    if (codePoint > view.getUint16(offset + 14 + i)) continue;
    const start = view.getUint16(offset + 16 + doubled + i);
    if (codePoint < start) return 0;
    const delta = view.getUint16(offset + 16 + 2 * doubled + i);
    const rangeAt = offset + 16 + 3 * doubled + i;
    const range = view.getUint16(rangeAt);
    if (range === 0) return (codePoint + delta) & 0xffff;
    const glyph = view.getUint16(rangeAt + range + 2 * (codePoint - start));
    return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
  }
  return 0;
}

let loaded: { regular: FontMetrics; bold: FontMetrics } | undefined;

/** The metrics of DejaVu Sans, regular and bold, read once. */
export function dejaVuSans(): { regular: FontMetrics; bold: FontMetrics } {
  const files = fontFiles();
  loaded ??= { regular: parseFont(readFileSync(files.regular)), bold: parseFont(readFileSync(files.bold)) };
  return loaded;
}
