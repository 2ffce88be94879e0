// The charts as SVG text: pure functions of data and size. Marks of one kind are one path, so that ten thousand trials are
// a handful of elements; what differs in meaning differs in form too, not in colour alone. Colours come from the stylesheet.

import { escapeText } from "./format.mjs";

const round = (value) => Math.round(value * 10) / 10;

/** A dot for each point: strokes without length and with round ends. */
function dots(points, className) {
  if (points.length === 0) return "";
  return `<path class="dots ${className}" d="${points.map(([x, y]) => `M${round(x)} ${round(y)}h0`).join("")}"/>`;
}

function crosses(points, className) {
  if (points.length === 0) return "";
  const d = points.map(([x, y]) => `M${round(x - 3)} ${round(y - 3)}l6 6m0 -6l-6 6`).join("");
  return `<path class="crosses ${className}" d="${d}"/>`;
}

function line(points, className) {
  if (points.length < 2) return "";
  return `<path class="line ${className}" d="M${points.map(([x, y]) => `${round(x)} ${round(y)}`).join("L")}"/>`;
}

/** From so many lines on they are split into bundles. */
const MOST_IN_ONE_PATH = 400;
const BUNDLES = 150;

/**
 * Several broken lines as one path; null breaks a line. One path paints every point once: of thousands of lines, bundles let
 * the places through which many go be darker.
 */
function lines(paths, className) {
  const size = paths.length > MOST_IN_ONE_PATH ? Math.ceil(paths.length / BUNDLES) : Math.max(1, paths.length);
  let body = "";
  for (let i = 0; i < paths.length; i += size) body += bundle(paths.slice(i, i + size), className);
  return body;
}

function bundle(paths, className) {
  const parts = paths.map((points) => {
    let text = "", open = false;
    for (const point of points) {
      if (point !== null) text += `${open ? "L" : "M"}${round(point[0])} ${round(point[1])}`;
      open = point !== null;
    }
    return text;
  });
  return parts.every((part) => part === "") ? "" : `<path class="line ${className}" d="${parts.join("")}"/>`;
}

function text(x, y, content, className = "", anchor = "middle") {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" class="${className}">${
    escapeText(content)
  }</text>`;
}

function svg({ width, height, label }, body) {
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${
    escapeText(label)
  }">${body}</svg>`;
}

/** Left and bottom axis with their ticks, the grid and titles. */
function frame({ left, right, top, bottom }, { x, y, xTitle, yTitle }) {
  let body = "";
  for (const { at, text: label } of apart(y.ticks, 15)) {
    body += `<path class="grid" d="M${left} ${round(at)}H${right}"/>${text(left - 8, at + 4, label, "tick", "end")}`;
  }
  let last = -Infinity;
  for (const { at, text: label } of x.ticks) {
    const half = label.length * 3.6;
    body += `<path class="mark" d="M${round(at)} ${bottom}v5"/>`;
    if (at - half < last + 6) continue;
    last = at + half;
    body += text(Math.min(at, right - half + 8), bottom + 20, label, "tick");
  }
  body += `<path class="axis" d="M${left} ${top}V${bottom}H${right}"/>`;
  return body + text((left + right) / 2, bottom + 40, xTitle, "title") + text(4, top - 10, yTitle, "title", "start");
}

/** Ticks whose texts do not touch. */
function apart(ticks, least) {
  const kept = [];
  for (const tick of ticks) if (kept.every(({ at }) => Math.abs(at - tick.at) >= least)) kept.push(tick);
  return kept;
}

/** The place of the plot in a chart: the left edge leaves room for the ticks of y. */
export function plotArea({ width, height }) {
  return { left: 62, right: width - 14, top: 26, bottom: height - 48 };
}

/**
 * Quality against another number of the trials, with the Pareto front as a stepped line.
 * @param {{ points: { px: number, py: number, kind: string }[], front: { px: number, py: number }[], x: any, y: any,
 *   xTitle: string, yTitle: string, label: string }} data `kind`: finished, pruned, running, dim
 * @param {{ width: number, height: number }} size
 */
export function scatterChart({ points, front, x, y, xTitle, yTitle, label }, size) {
  const of = (kind) => points.filter((point) => point.kind === kind).map(({ px, py }) => [px, py]);
  const steps = front.flatMap(({ px, py }, i) => i === 0 ? [[px, py]] : [[px, front[i - 1].py], [px, py]]);
  return svg(
    { ...size, label },
    frame(plotArea(size), { x, y, xTitle, yTitle }) + dots(of("dim"), "dim") + crosses(of("pruned"), "pruned") +
      dots(of("finished"), "finished") + dots(of("running"), "running") + line(steps, "front") +
      dots(front.map(({ px, py }) => [px, py]), "front"),
  );
}

/**
 * One line a trial through parallel axes.
 * @param {{ axes: { id: string, label: string, scale: any, at: number, brush: [number, number] | null }[],
 *   trials: { places: (number | null)[], kind: string }[], label: string }} data
 *   `kind`: best, other, open (without a value yet), dim
 * @param {{ width: number, height: number }} size
 */
export function parallelChart({ axes, trials, label }, size) {
  const { top, bottom } = parallelArea(size);
  let body = "";
  for (const kind of ["dim", "open", "other", "best"]) {
    const chosen = trials.filter((trial) => trial.kind === kind);
    body += lines(chosen.map(({ places }) => places.map((y, i) => y === null ? null : [axes[i].at, y])), kind);
  }
  axes.forEach(({ id, label, scale, at, brush }, i) => {
    body += `<path class="axis" d="M${round(at)} ${top}V${bottom}"/>`;
    // Labels stand at the side where there is room: the last axis has its lines at the left.
    const last = i === axes.length - 1;
    for (const tick of apart(scale.ticks, 15)) {
      body += text(at + (last ? 7 : -7), tick.at + 4, tick.text, "tick halo", last ? "start" : "end");
    }
    // Titles of neighbours stand at two heights, so that long names have the space of two axes.
    body += text(at, i % 2 === 0 ? top - 28 : top - 11, label, "title", i === 0 ? "start" : last ? "end" : "middle");
    if (brush) {
      body += `<rect class="brush" x="${round(at - 9)}" y="${round(brush[0])}" width="18" height="${
        round(brush[1] - brush[0])
      }"/>`;
    }
    body += `<rect class="handle" data-axis="${escapeText(id)}" x="${round(at - 16)}" y="${
      top - 6
    }" width="32" height="${bottom - top + 12}"/>`;
  });
  return svg({ ...size, label }, body);
}

/** The height that the axes of `parallelChart` span. */
export function parallelArea({ height }) {
  return { top: 48, bottom: height - 16 };
}

/**
 * Learning curves.
 * @param {{ curves: { points: [number, number][], kind: string }[], x: any, y: any, yTitle: string, label: string }} data
 *   `points` in pixels; `kind`: finished, pruned, running, failed, best; one and two for studies that are compared
 * @param {{ width: number, height: number }} size
 */
export function curvesChart({ curves, x, y, yTitle, label }, size) {
  const of = (kind) => curves.filter((curve) => curve.kind === kind).map(({ points }) => points);
  const ends = (kind) => of(kind).filter((points) => points.length > 0).map((points) => points.at(-1));
  const single = (kind) => of(kind).filter((points) => points.length === 1).map(([point]) => point);
  let body = frame(plotArea(size), { x, y, xTitle: "Epoch", yTitle });
  for (const kind of ["finished", "failed", "pruned", "running", "one", "two", "best"]) {
    body += lines(of(kind), kind) + dots(single(kind), kind);
  }
  return svg(
    { ...size, label },
    body + crosses(ends("pruned"), "pruned") + crosses(ends("failed"), "failed") + dots(ends("running"), "running"),
  );
}
