// What every drawn figure must hold: labels that can be read.

import assert from "node:assert/strict";
import { JSDOM } from "jsdom";
import { type Box, clientBox } from "lib/report/static/geometry.ts";

/** At least six labels, none of them clipped or under another. */
export function assertReadableLabels(svg: string): void {
  const { document } = new JSDOM(svg, { contentType: "image/svg+xml" }).window;
  const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!.map(Number);
  const texts = [...document.querySelectorAll("text")].filter((text) => text.textContent!.trim() !== "");
  assert.ok(texts.length >= 6, `${texts.length} texts`);
  const boxes = texts.map((text) => ({ text: text.textContent!, box: clientBox(text) }));
  for (const { text, box } of boxes) {
    assert.ok(box.left >= 0 && box.top >= 0 && box.right <= width && box.bottom <= height, `"${text}" is clipped`);
  }
  boxes.forEach((a, i) => {
    for (const b of boxes.slice(i + 1)) assert.ok(!overlap(a.box, b.box), `"${a.text}" overlaps "${b.text}"`);
  });
}

function overlap(a: Box, b: Box): boolean {
  // The boxes are as high as a line: a pixel of leading may touch.
  return a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3;
}
