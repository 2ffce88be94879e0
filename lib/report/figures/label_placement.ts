// Labels beside dots, without overlap: greedy over eight positions, and none at all where no position is free.

import { dejaVuWidth } from "./text_width.ts";

/** A box in pixels of the plot area, y downwards. */
export interface LabelBox {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const POSITIONS = [
  ...["middle right", "middle left", "top center", "bottom center"] as const,
  ...["bottom right", "top left", "top right", "bottom left"] as const,
];
const FONT_PX = 14;
const MARKER_RADIUS = 7;

/**
 * The plotly `textposition` of each label, or null for one that would overlap another label, a dot, the edge or `keepFree`.
 */
export function placeLabels(
  dots: readonly { x: number; y: number; text: string }[],
  { width, height, keepFree = [] }: { width: number; height: number; keepFree?: readonly LabelBox[] },
): (string | null)[] {
  const taken: LabelBox[] = [
    ...keepFree,
    ...dots.map(({ x, y }) => ({
      left: x - MARKER_RADIUS,
      right: x + MARKER_RADIUS,
      top: y - MARKER_RADIUS,
      bottom: y + MARKER_RADIUS,
    })),
  ];
  const own = keepFree.length; // index of the first dot's box
  return dots.map((dot, i) => {
    for (const position of POSITIONS) {
      const box = labelBox(dot, position);
      const inside = box.left >= 0 && box.right <= width && box.top >= 0 && box.bottom <= height;
      if (inside && taken.every((other, k) => k === own + i || !overlap(box, other))) {
        taken.push(box);
        return position;
      }
    }
    return null;
  });
}

function labelBox(dot: { x: number; y: number; text: string }, position: (typeof POSITIONS)[number]): LabelBox {
  const [width, height] = [dejaVuWidth(dot.text, FONT_PX), FONT_PX * 1.3];
  const gap = MARKER_RADIUS + 1;
  const [vertical, horizontal] = position.split(" ");
  // Plotly puts corner labels at the dot's corner, a little nearer than labels at its sides.
  const away = vertical === "middle" ? gap : MARKER_RADIUS * 0.7;
  const left = horizontal === "right" ? dot.x + away : horizontal === "left" ? dot.x - away - width : dot.x - width / 2;
  const top = vertical === "top" ? dot.y - gap - height : vertical === "bottom" ? dot.y + gap : dot.y - height / 2;
  return { left, right: left + width, top, bottom: top + height };
}

function overlap(a: LabelBox, b: LabelBox): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
