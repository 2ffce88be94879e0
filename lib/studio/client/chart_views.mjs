// The charts of a study's page: what of the state they show, and what pointers do to them.

import { curvesChart, parallelArea, parallelChart, plotArea, scatterChart } from "./charts.mjs";
import { isFiltered } from "./filters.mjs";
import { escapeText, formatMeasured, formatParameters } from "./format.mjs";
import { paretoFront } from "./pareto.mjs";
import { makeScale } from "./scales.mjs";

const NEAR_PX = 24;
/** From so many lines on, each is drawn fainter. */
const MANY_LINES = 500;
/** The most lines of trials that are not among the best, and of those that are filtered out: more take seconds to paint. */
const MOST_LINES = 1000;
const MOST_DIM = 300;
/** The most trials that are drawn as the best ones. */
const MOST_BEST = 100;

/** The size of a chart in `box`: as wide as there is room. */
function chartSize(box, { ratio = 0.5, least = 280, most = 420, width = box.clientWidth } = {}) {
  return { width, height: Math.round(Math.min(most, Math.max(least, width * ratio))) };
}

/** What can stand on an axis of the scatter chart, with the better direction where there is one. */
function scatterAxes({ objectives, parameters }) {
  const named = objectives.map(({ metric }) => metric);
  const costs = [["parameterCount", "Parameters"], ["seconds", "Time (s)"]].filter(([id]) => !named.includes(id));
  return [
    ...objectives.map(({ metric, direction }, i) => ({
      id: `value:${i}`,
      label: metric,
      direction,
      value: (trial) => trial.values[i] ?? null,
    })),
    ...costs.map(([id, label]) => ({ id, label, direction: "minimize", value: (trial) => trial[id] })),
    ...parameters.map(({ name }) => ({
      id: `parameter:${name}`,
      label: name,
      direction: null,
      value: (trial) => trial.parameters[name] ?? null,
    })),
  ];
}

/** @param {HTMLElement} figure @param {any} state @param {any} tip */
export function scatterView(figure, state, tip) {
  const box = figure.querySelector(".plot");
  const [selectX, selectY] = figure.querySelectorAll("select");
  const choices = scatterAxes(state.data);
  const { objectives } = state.data;
  for (
    const [select, chosen] of [[selectX, objectives.length > 1 ? "value:1" : "parameterCount"], [selectY, "value:0"]]
  ) {
    select.innerHTML = choices.map(({ id, label }) => `<option value="${escapeText(id)}">${escapeText(label)}</option>`)
      .join("");
    select.value = choices.some(({ id }) => id === chosen) ? chosen : choices.at(-1).id;
    select.addEventListener("change", () => state.redraw());
  }
  let points = [];
  const draw = () => {
    const [xAxis, yAxis] = [selectX, selectY].map((select) => choices.find(({ id }) => id === select.value));
    const size = chartSize(box), area = plotArea(size);
    const shown = state.trials().filter((trial) => xAxis.value(trial) !== null && yAxis.value(trial) !== null);
    const x = makeScale(shown.map(xAxis.value), [area.left + 12, area.right - 12], {
      ticks: size.width < 500 ? 3 : 6,
      exact: !xAxis.direction,
    });
    const y = makeScale(shown.map(yAxis.value), [area.bottom - 10, area.top + 10], { exact: !yAxis.direction });
    const chosen = new Set(state.selected());
    points = shown.flatMap((trial) => {
      const [px, py] = [x.position(xAxis.value(trial)), y.position(yAxis.value(trial))];
      if (px === null || py === null) return [];
      return [{
        trial,
        px,
        py,
        x: xAxis.value(trial),
        y: yAxis.value(trial),
        kind: chosen.has(trial) ? trial.state : "dim",
      }];
    });
    const compared = points.filter(({ kind }) => kind === "finished");
    const both = xAxis.direction && yAxis.direction && xAxis !== yAxis;
    const front = both ? paretoFront(compared, { x: xAxis.direction, y: yAxis.direction }) : [];
    const title = ({ label, direction }) =>
      direction ? `${label} (${direction === "minimize" ? "less" : "more"} is better)` : label;
    const label = `${points.length} trials: ${yAxis.label} against ${xAxis.label}` +
      (both ? `; ${front.length} on the Pareto front` : "");
    box.innerHTML = points.length === 0
      ? '<p class="empty">No trial has a value yet.</p>'
      : scatterChart({ points, front, x, y, xTitle: title(xAxis), yTitle: title(yAxis), label }, size);
    figure.querySelector(".legend .front").hidden = !both;
  };
  hover(box, tip, (at) => nearest(points.filter(({ kind }) => kind !== "dim"), at), state);
  return draw;
}

function nearest(points, [x, y]) {
  let best = null, least = NEAR_PX ** 2;
  for (const point of points) {
    const distance = (point.px - x) ** 2 + (point.py - y) ** 2;
    if (distance < least) [best, least] = [point, distance];
  }
  return best;
}

/** A card at the trial under the pointer, and its page on a click. */
function hover(box, tip, find, state) {
  const place = (event) => {
    const corner = box.firstElementChild?.getBoundingClientRect();
    return corner && [event.clientX - corner.left, event.clientY - corner.top];
  };
  box.addEventListener("pointermove", (event) => {
    const at = place(event);
    const found = at && find(at);
    box.classList.toggle("over", Boolean(found));
    if (found) tip.show(trialCard(found.trial, state.data), event);
    else tip.hide();
  });
  box.addEventListener("pointerleave", () => tip.hide());
  box.addEventListener("click", (event) => {
    const at = place(event);
    const found = at && find(at);
    const link = found && state.data.linkTo(found.trial);
    if (link) location.href = link;
  });
}

function trialCard(trial, { objectives }) {
  const values = objectives.map(({ metric }, i) => `${metric} ${formatMeasured(trial.values[i])}`).join(", ");
  return `<strong>Trial ${trial.number}</strong> ${escapeText(trial.state)}<br>${
    escapeText(values)
  }<br><span class="unit">${escapeText(formatParameters(trial.parameters))}</span>`;
}

/** An even choice of at most `most` items. */
function evenly(items, most) {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.floor(i * items.length / most)]);
}

/** The best trials by the first objective: a fifth of those chosen, but not more than can be followed by eye. */
function bestOf(trials, { direction }) {
  const sign = direction === "maximize" ? -1 : 1;
  const ranked = trials.filter(({ values, state }) => state === "finished" && typeof values[0] === "number")
    .sort((a, b) => sign * (a.values[0] - b.values[0]));
  return new Set(ranked.slice(0, Math.min(MOST_BEST, Math.ceil(ranked.length / 5))));
}

/** @param {HTMLElement} figure @param {any} state */
export function parallelView(figure, state) {
  const box = figure.querySelector(".plot");
  let axes = [];
  const draw = () => {
    const shown = state.axes();
    const width = Math.max(box.clientWidth, shown.length * 76);
    const size = chartSize(box, { ratio: 0.4, least: 300, width }), { top, bottom } = parallelArea(size);
    const trials = state.trials(), chosen = new Set(state.selected());
    const best = bestOf(state.selected(), state.data.objectives[0]);
    const kindOf = (trial) =>
      !chosen.has(trial) ? "dim" : best.has(trial) ? "best" : trial.values[0] === null ? "open" : "other";
    const [first, last] = [46, width - 46];
    axes = shown.map((axis, i) => {
      const scale = makeScale(trials.map(axis.value), [bottom - 8, top + 8], { exact: !axis.direction });
      const at = shown.length === 1 ? width / 2 : first + i * (last - first) / (shown.length - 1);
      return { ...axis, scale, at, brush: brushOf(state.filters().axes.get(axis.id), scale, [top, bottom]) };
    });
    const started = trials.filter(({ state }) => state !== "waiting");
    const others = started.filter((trial) => !best.has(trial));
    const kept = [
      ...evenly(others.filter((trial) => !chosen.has(trial)), MOST_DIM),
      ...evenly(others.filter((trial) => chosen.has(trial)), MOST_LINES),
      ...best,
    ];
    const drawn = kept.map((trial) => ({
      places: axes.map(({ scale, value }) => scale.position(value(trial))),
      kind: kindOf(trial),
    }));
    figure.querySelector(".legend .best").textContent = `best ${best.size}`;
    box.classList.toggle("many", drawn.length > MANY_LINES);
    const all = state.selected().filter(({ state }) => state !== "waiting").length,
      lines = drawn.filter(({ kind }) => kind !== "dim").length;
    figure.querySelector(".count").textContent = lines < all
      ? `${lines} of ${all} trials are drawn: the best and an even choice.`
      : "";
    const label = `${chosen.size} of ${trials.length} trials through ${shown.map((axis) => axis.label).join(", ")}`;
    box.innerHTML = parallelChart({ axes, trials: drawn, label }, size);
  };
  brushing(box, () => axes, state);
  return draw;
}

/** Where a filter lies on its axis, in pixels. */
function brushOf(filter, scale, [top, bottom]) {
  if (filter === undefined) return null;
  if ("values" in filter) {
    const places = filter.values.map(scale.position).filter((place) => place !== null);
    return places.length === 0 ? null : [Math.min(...places) - 9, Math.max(...places) + 9];
  }
  const place = (value, end) =>
    Number.isFinite(value) ? Math.min(bottom, Math.max(top, scale.position(value) ?? end)) : end;
  return [place(filter.high, top), place(filter.low, bottom)];
}

/** Dragging along an axis keeps the trials that cross it there; a click on the axis lets all through again. */
function brushing(box, axes, state) {
  let drag = null;
  const heightOf = (event) => event.clientY - box.firstElementChild.getBoundingClientRect().top;
  box.addEventListener("pointerdown", (event) => {
    const id = event.target.dataset?.axis;
    if (!id) return;
    event.preventDefault();
    box.setPointerCapture(event.pointerId);
    drag = { id, from: heightOf(event), moved: false };
  });
  box.addEventListener("pointermove", (event) => {
    const axis = drag && axes().find(({ id }) => id === drag.id);
    if (!axis) return;
    const [top, bottom] = [drag.from, heightOf(event)].sort((a, b) => a - b);
    drag.moved ||= bottom - top > 4;
    if (drag.moved) state.filterAxis(axis.id, rangeOf(axis.scale, top, bottom));
  });
  const end = () => {
    if (drag && !drag.moved) state.filterAxis(drag.id, null);
    drag = null;
  };
  box.addEventListener("pointerup", end);
  box.addEventListener("pointercancel", () => (drag = null));
}

function rangeOf(scale, top, bottom) {
  if (scale.kind !== "category") return { low: scale.invert(bottom), high: scale.invert(top) };
  const within = (value) => scale.position(value) >= top && scale.position(value) <= bottom;
  return { values: scale.categories.filter(within) };
}

/** @param {HTMLElement} figure @param {any} state @param {any} tip */
export function curvesView(figure, state, tip) {
  const box = figure.querySelector(".plot");
  let drawn = [];
  const draw = () => {
    const size = chartSize(box);
    const best = state.data.bestOf(state.selected());
    const shown = state.selected().filter(({ key }) => (state.curves.get(key) ?? []).length > 0);
    const { x, y } = curveScales(shown.flatMap(({ key }) => state.curves.get(key)), size);
    drawn = shown.map((trial) => ({
      trial,
      kind: trial === best ? "best" : ["pruned", "failed", "running"].includes(trial.state) ? trial.state : "finished",
      points: state.curves.get(trial.key).map(([epoch, value]) => [x.position(epoch), y.position(value)]).filter((
        [, py],
      ) => py !== null),
    }));
    const metric = state.data.objectives[0].metric;
    const count = drawn.length < state.selected().length || isFiltered(state.filters())
      ? `${drawn.length} of ${state.trials().length}`
      : `${drawn.length}`;
    figure.querySelector(".count").textContent = `${count} curves.`;
    box.innerHTML = drawn.length === 0 ? '<p class="empty">No trial has finished an epoch yet.</p>' : curvesChart({
      curves: drawn,
      x,
      y,
      yTitle: state.data.curveTitle,
      label: `${count} learning curves: ${metric} against epochs`,
    }, size);
  };
  const find = (at) => nearest(drawn.flatMap(({ trial, points }) => points.map(([px, py]) => ({ trial, px, py }))), at);
  hover(box, tip, find, state);
  return draw;
}

/** The scales of learning curves. */
function curveScales(points, size) {
  const area = plotArea(size);
  return {
    x: makeScale([1, ...points.map(([epoch]) => epoch)], [area.left + 6, area.right - 10], {
      log: false,
      ticks: size.width < 500 ? 4 : 8,
    }),
    y: makeScale(points.map(([, value]) => value), [area.bottom - 6, area.top + 6]),
  };
}

/** @param {HTMLElement} figure @param {[number, number][][][]} compared curves of two studies @param {string} metric */
export function comparisonView(figure, compared, metric) {
  const box = figure.querySelector(".plot");
  return () => {
    const size = chartSize(box);
    const { x, y } = curveScales(compared.flat(2), size);
    const place = ([epoch, value]) => [x.position(epoch), y.position(value)];
    const curves = compared.flatMap((study, i) =>
      study.map((points) => ({ points: points.map(place), kind: i === 0 ? "one" : "two" }))
    );
    box.innerHTML = curvesChart({
      curves,
      x,
      y,
      yTitle: metric,
      label: `${curves.length} learning curves of two studies`,
    }, size);
  };
}
