// Bounding boxes of SVG elements, which jsdom does not compute: plotly.js places legends, ticks and titles by them.

import { dejaVuSans } from "./font_metrics.ts";

/** A box in CSS pixels. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** An affine map: x' = a x + c y + e, y' = b x + d y + f. */
type Matrix = [a: number, b: number, c: number, d: number, e: number, f: number];
const IDENTITY: Matrix = [1, 0, 0, 1, 0, 0];

/** The box of an element in the coordinates of its outermost svg, transforms applied; an empty element gives a point. */
export function clientBox(element: Element): Box {
  let matrix = IDENTITY;
  for (let node: Element | null = element.parentElement; node; node = node.parentElement) {
    matrix = multiply(ownTransform(node), matrix);
  }
  return mapBox(boxWithTransform(element), matrix) ?? { left: 0, top: 0, right: 0, bottom: 0 };
}

/** The box of an element in its own coordinates, its own transform not applied (SVG's getBBox). */
export function ownBox(element: Element): Box {
  return contentBox(element) ?? { left: 0, top: 0, right: 0, bottom: 0 };
}

/** Width of all text in an element in CSS pixels. */
export function textLength(element: Element): number {
  const size = fontSize(element);
  let sum = 0;
  for (const node of Array.from(element.childNodes)) {
    if (node.nodeType === 3) sum += metrics(element).width(node.textContent ?? "") * size;
    else if (node.nodeType === 1) sum += textLength(node as Element);
  }
  return sum;
}

function boxWithTransform(element: Element): Box | null {
  return mapBox(contentBox(element), ownTransform(element));
}

function contentBox(element: Element): Box | null {
  switch (element.localName) {
    case "text":
      return textBox(element);
    case "tspan":
      return lineBox(element, number(element, "x"), number(element, "y"));
    case "rect":
    case "image": {
      const [left, top] = [number(element, "x"), number(element, "y")];
      return { left, top, right: left + number(element, "width"), bottom: top + number(element, "height") };
    }
    case "circle": {
      const [x, y, r] = [number(element, "cx"), number(element, "cy"), number(element, "r")];
      return { left: x - r, top: y - r, right: x + r, bottom: y + r };
    }
    case "path":
      return pathBox(element.getAttribute("d") ?? "");
    case "defs":
    case "clipPath":
    case "title":
    case "style":
      return null;
    default:
      return union(Array.from(element.children).map(boxWithTransform));
  }
}

function textBox(element: Element): Box | null {
  const lines = Array.from(element.children).filter((child) => child.classList.contains("line"));
  const [x, y] = [number(element, "x"), number(element, "y")];
  if (lines.length === 0) return lineBox(element, x, y);
  return union(lines.map((line) => {
    const lineX = line.hasAttribute("x") ? number(line, "x") : x;
    const lineY = line.hasAttribute("y") ? number(line, "y") : y;
    return lineBox(line, lineX, lineY + emLength(line.getAttribute("dy"), fontSize(line)));
  }));
}

function lineBox(element: Element, x: number, y: number): Box | null {
  if ((element.textContent ?? "") === "") return null;
  const width = textLength(element);
  const size = fontSize(element);
  const anchor = inherited(element, "text-anchor") ?? "start";
  const left = anchor === "middle" ? x - width / 2 : anchor === "end" ? x - width : x;
  const { ascent, descent } = metrics(element);
  return { left, top: y - ascent * size, right: left + width, bottom: y + descent * size };
}

/** The box of the points of a path with absolute commands, which is what plotly.js writes; curves by their control points. */
function pathBox(data: string): Box | null {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  let [x, y] = [0, 0];
  for (const [, command, tail] of data.matchAll(/([MLHVCSQTAZmlhvcsqtaz])([^MLHVCSQTAZmlhvcsqtaz]*)/g)) {
    const values = (tail.match(/-?\d*\.?\d+(?:e[+-]?\d+)?/gi) ?? []).map(Number);
    const relative = command === command.toLowerCase();
    for (const [px, py] of commandPoints(command.toUpperCase(), values, relative ? [x, y] : [0, 0], [x, y])) {
      [x, y] = [px, py];
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x);
      box.top = Math.min(box.top, y);
      box.bottom = Math.max(box.bottom, y);
    }
  }
  return Number.isFinite(box.left) ? box : null;
}

function commandPoints(
  command: string,
  values: number[],
  [originX, originY]: [number, number],
  [x, y]: [number, number],
): [number, number][] {
  if (command === "H") return values.map((value) => [originX + value, y]);
  if (command === "V") return values.map((value) => [x, originY + value]);
  if (command === "A") {
    const ends: [number, number][] = [];
    for (let i = 6; i < values.length; i += 7) ends.push([originX + values[i - 1], originY + values[i]]);
    return ends;
  }
  const points: [number, number][] = [];
  for (let i = 1; i < values.length; i += 2) points.push([originX + values[i - 1], originY + values[i]]);
  return points;
}

function metrics(element: Element) {
  const weight = inherited(element, "font-weight") ?? "normal";
  const fonts = dejaVuSans();
  return weight === "bold" || Number(weight) >= 600 ? fonts.bold : fonts.regular;
}

function fontSize(element: Element): number {
  for (let node: Element | null = element; node; node = node.parentElement) {
    const value = property(node, "font-size");
    if (value === null) continue;
    const size = parseFloat(value);
    if (value.endsWith("%")) return (size / 100) * (node.parentElement ? fontSize(node.parentElement) : 12);
    if (value.endsWith("em")) return size * (node.parentElement ? fontSize(node.parentElement) : 12);
    if (Number.isFinite(size)) return size;
  }
  return 12;
}

function inherited(element: Element, name: string): string | null {
  for (let node: Element | null = element; node; node = node.parentElement) {
    const value = property(node, name);
    if (value !== null) return value;
  }
  return null;
}

function property(element: Element, name: string): string | null {
  const style = element.getAttribute("style");
  const match = style && new RegExp(`(?:^|;)\\s*${name}\\s*:\\s*([^;]+)`).exec(style);
  return match ? match[1].trim() : element.getAttribute(name);
}

function number(element: Element, name: string): number {
  const value = parseFloat(element.getAttribute(name) ?? "0");
  return Number.isFinite(value) ? value : 0;
}

function emLength(value: string | null, size: number): number {
  if (!value) return 0;
  return parseFloat(value) * (value.trim().endsWith("em") ? size : 1);
}

function ownTransform(element: Element): Matrix {
  const text = element.getAttribute("transform");
  if (!text) return IDENTITY;
  let matrix = IDENTITY;
  for (const [, name, list] of text.matchAll(/(\w+)\s*\(([^)]*)\)/g)) {
    const [a = 0, b, c] = list.split(/[\s,]+/).filter((item) => item !== "").map(Number);
    if (name === "translate") matrix = multiply(matrix, [1, 0, 0, 1, a, b ?? 0]);
    else if (name === "scale") matrix = multiply(matrix, [a, 0, 0, b ?? a, 0, 0]);
    else if (name === "rotate") matrix = multiply(matrix, rotation(a, b ?? 0, c ?? 0));
  }
  return matrix;
}

function rotation(degrees: number, x: number, y: number): Matrix {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return [cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y];
}

function multiply(m: Matrix, n: Matrix): Matrix {
  return [
    m[0] * n[0] + m[2] * n[1],
    m[1] * n[0] + m[3] * n[1],
    m[0] * n[2] + m[2] * n[3],
    m[1] * n[2] + m[3] * n[3],
    m[0] * n[4] + m[2] * n[5] + m[4],
    m[1] * n[4] + m[3] * n[5] + m[5],
  ];
}

function mapBox(box: Box | null, [a, b, c, d, e, f]: Matrix): Box | null {
  if (!box) return null;
  const corners = [[box.left, box.top], [box.right, box.top], [box.left, box.bottom], [box.right, box.bottom]];
  const xs = corners.map(([x, y]) => a * x + c * y + e);
  const ys = corners.map(([x, y]) => b * x + d * y + f);
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

function union(boxes: (Box | null)[]): Box | null {
  const present = boxes.filter((box) => box !== null);
  if (present.length === 0) return null;
  return {
    left: Math.min(...present.map((box) => box.left)),
    top: Math.min(...present.map((box) => box.top)),
    right: Math.max(...present.map((box) => box.right)),
    bottom: Math.max(...present.map((box) => box.bottom)),
  };
}
