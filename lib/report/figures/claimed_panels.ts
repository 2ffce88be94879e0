// Many claims of several quantities: a small log-log panel each, with the line where claimed and found agree.

import type { PlotlyFigure } from "../document.ts";
import { padded } from "./axes.ts";
import { unitLabel } from "../format.ts";
import { checkValues, referenceColor, translucent } from "./figure.ts";
import { errorBar, seriesStyle } from "./marks.ts";

/** One claim and what was found for it, in the panel's unit. */
export interface PanelPoint {
  /** Shown when pointed at. */
  label: string;
  /** One of `groups`. */
  group: string;
  claimed: number;
  found: number;
  low?: number | null;
  high?: number | null;
}

/** One quantity. */
export interface ClaimPanel {
  title: string;
  unit: string;
  points: PanelPoint[];
}

/** What `claimedPanels` draws. */
export interface ClaimedPanels {
  panels: ClaimPanel[];
  /** Groups in the order of the legend; each keeps its colour and marker in every panel. */
  groups: readonly string[];
  /** Half-width of the grey band around the identity line as a factor. Default 2. */
  band?: number;
}

const [COLUMNS, PANEL_HEIGHT, GAP_X, GAP_Y] = [3, 300, 0.09, 0.2];

/**
 * Claimed (x) against found (y) values, a panel for each quantity, on logarithmic axes of one range. Dots on the line confirm the claim; the
 * band holds what is within a factor of `band`. Values of 0 and below have no place on such axes and are refused.
 *
 * @throws {RangeError} when there is no panel, a panel has no point, a group is not in the list, or a value is not above 0
 *
 * @example
 * ```ts
 * import { claimedPanels } from "lib/report/mod.ts";
 * const points = [{ label: "256", group: "recomputed", claimed: 545000, found: 296000 }];
 * const figure = claimedPanels({ panels: [{ title: "Parameters", unit: "count", points }], groups: ["recomputed"] });
 * console.log(figure.data.length); // 3
 * ```
 */
export function claimedPanels({ panels, groups, band = 2 }: ClaimedPanels): PlotlyFigure {
  if (panels.length === 0) throw new RangeError("Cannot draw claims: expected at least one panel");
  const rows = Math.ceil(panels.length / COLUMNS);
  const named = new Set<string>();
  const drawn = panels.map((panel, i) => onePanel(panel, { index: i, rows, groups, band, named }));
  return {
    data: drawn.flatMap(({ data }) => data),
    layout: {
      ...Object.assign({}, ...drawn.map(({ axes }) => axes)),
      annotations: drawn.map(({ annotation }) => annotation),
      height: rows * PANEL_HEIGHT + 60,
      meta: { keepSize: true },
      legend: { y: 1 + 50 / (rows * PANEL_HEIGHT) },
      width: 900,
    },
  };
}

interface PanelContext {
  index: number;
  rows: number;
  groups: readonly string[];
  band: number;
  /** What the legend names already. */
  named: Set<string>;
}

type Spec = Record<string, unknown>;

function onePanel(panel: ClaimPanel, context: PanelContext): { data: Spec[]; axes: Spec; annotation: Spec } {
  const { title, unit, points } = panel;
  const { index, rows, groups } = context;
  if (points.length === 0) throw new RangeError(`Cannot draw claims: expected at least one point in panel "${title}"`);
  const stranger = points.find(({ group }) => !groups.includes(group));
  if (stranger) {
    throw new RangeError(`Cannot draw claims: expected group ${groups.join(", ")}, got "${stranger.group}"`);
  }
  const values = points.flatMap(({ claimed, found, low, high }) => [claimed, found, low ?? found, high ?? found]);
  checkValues(values, { title, unit, log: true }, `claims of ${title}`);
  const range = padded(values, true, 0.06);
  const suffix = index === 0 ? "" : String(index + 1);
  const [x, y] = domains(index, rows);
  const axis = { range: range.map(Math.log10), type: "log", ...decadeTicks(range), tickfont: { size: 12 } };
  const onAxes = { xaxis: `x${suffix}`, yaxis: `y${suffix}` };
  const titled = (text: string) => ({ title: { text, font: { size: 14 }, standoff: 6 } });
  return {
    data: [
      ...reference(range, context).map((trace) => ({ ...trace, ...onAxes })),
      ...groups.flatMap((group, i) => groupTrace(group, panel, { index: i, named: context.named })).map((trace) => ({
        ...trace,
        ...onAxes,
      })),
    ],
    axes: {
      [`xaxis${suffix}`]: { ...axis, ...titled("claimed"), domain: x, anchor: `y${suffix}` },
      [`yaxis${suffix}`]: { ...axis, ...titled(index % COLUMNS === 0 ? "found" : ""), domain: y, anchor: `x${suffix}` },
    },
    annotation: {
      font: { size: 15 },
      text: `<b>${title}</b>${unitText(unit)}`,
      x: x[0],
      xanchor: "left",
      xref: "paper",
      y: y[1],
      yanchor: "bottom",
      yref: "paper",
    },
  };
}

function unitText(unit: string): string {
  const label = unitLabel(unit);
  return label === "" ? "" : ` (${label})`;
}

function domains(index: number, rows: number): [[number, number], [number, number]] {
  const width = (1 - GAP_X * (COLUMNS - 1)) / COLUMNS;
  const gap = GAP_Y / Math.max(1, rows - 1 + GAP_Y) * (rows > 1 ? 1.1 : 0);
  const height = (1 - gap * (rows - 1)) / rows;
  const [column, row] = [index % COLUMNS, Math.floor(index / COLUMNS)];
  const left = column * (width + GAP_X);
  const top = 1 - row * (height + gap);
  return [[left, left + width], [top - height, top - (row === 0 ? 0.02 : 0)]];
}

function decadeTicks([low, high]: [number, number]): Spec {
  const [first, last] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
  const stride = Math.max(1, Math.ceil((last - first + 1) / 5));
  const exponents = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i)
    .filter((exponent) => exponent % stride === 0);
  const text = (exponent: number) =>
    exponent >= -2 && exponent <= 3
      ? String(Number(`1e${exponent}`)).replace("1000", "1,000")
      : `10<sup>${String(exponent).replace("-", "\u2212")}</sup>`;
  return {
    tickmode: "array",
    ticktext: exponents.map(text),
    tickvals: exponents.map((exponent) => Number(`1e${exponent}`)),
  };
}

function reference([low, high]: [number, number], { band, named }: PanelContext): Spec[] {
  const first = !named.has("as claimed");
  named.add("as claimed");
  const common = { hoverinfo: "skip", mode: "lines", showlegend: first, type: "scatter" };
  return [{
    ...common,
    fill: "toself",
    fillcolor: translucent(referenceColor, 0.13),
    legendrank: 1002,
    line: { width: 0 },
    name: `within ${band}\u00D7`,
    x: [low, high, high, low],
    y: [low * band, high * band, high / band, low / band],
  }, {
    ...common,
    legendrank: 1001,
    line: { color: referenceColor, dash: "dash", width: 1.5 },
    name: "as claimed",
    x: [low, high],
    y: [low, high],
  }];
}

function groupTrace(
  group: string,
  { points }: ClaimPanel,
  { index, named }: { index: number; named: Set<string> },
): Spec[] {
  const own = points.filter((point) => point.group === group);
  if (own.length === 0) return [];
  const { color, symbol } = seriesStyle(index);
  const bounded = own.some(({ low, high }) => low != null && high != null);
  const showlegend = !named.has(group);
  named.add(group);
  const spread = own.map(({ claimed, found, low, high }) => ({ x: claimed, y: found, low, high }));
  return [{
    ...(bounded && { error_y: errorBar(spread, color) }),
    customdata: own.map(({ label }) => label),
    hovertemplate: "%{customdata}: claimed %{x:.4g}, found %{y:.4g}",
    legendgroup: group,
    legendrank: index,
    marker: { color: translucent(color, 0.75), size: 8, symbol, line: { color, width: 1 } },
    mode: "markers",
    name: group,
    showlegend,
    type: "scatter",
    x: own.map(({ claimed }) => claimed),
    y: own.map(({ found }) => found),
  }];
}
