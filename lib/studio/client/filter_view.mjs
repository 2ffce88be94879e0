// The form of filters, which does by keyboard what the brush does by pointer, and the filters that are set, each with a button
// that removes it.

import { escapeText, formatValue } from "./format.mjs";
import { filterText, isFiltered, noFilters } from "./filters.mjs";

const MOST_CHOICES = 24;

/** @param {HTMLElement} section @param {any} state */
export function filterView(section, state) {
  const form = section.querySelector("form"),
    fields = section.querySelector(".axes"),
    chips = section.querySelector(".chips");
  const words = form.elements.namedItem("words"), states = form.elements.namedItem("state");
  form.addEventListener("submit", (event) => event.preventDefault());
  words.addEventListener("input", () => state.filter({ words: words.value }));
  states.addEventListener("change", () => state.filter({ state: states.value }));
  fields.addEventListener("change", (event) => readField(event.target.closest("fieldset"), state));
  chips.addEventListener("click", (event) => {
    const id = event.target.closest("button")?.dataset.axis;
    if (id === undefined) return;
    if (id === "") [words.value, states.value] = ["", ""];
    if (id === "") state.filter(noFilters());
    else state.filterAxis(id, null);
    words.focus();
  });
  let made = "";
  return () => {
    const axes = state.axes().map((axis) => ({ ...axis, choices: choicesOf(axis, state.trials()) }));
    const key = JSON.stringify(axes.map(({ id, choices }) => [id, choices]));
    // While the study runs, new values of a numeric axis do not rebuild the form under the reader's hands.
    if (key !== made) fields.innerHTML = axes.map(fieldHtml).join("");
    made = key;
    showFilters(fields, axes, state.filters());
    chips.innerHTML = chipsHtml(axes, state.filters());
    section.querySelector("output").textContent = isFiltered(state.filters())
      ? `${state.selected().length} of ${state.trials().length} trials`
      : `${state.trials().length} trials`;
  };
}

/** The values of an axis that are names; null for numbers. */
function choicesOf({ value }, trials) {
  const present = trials.map(value).filter((item) => item !== null);
  if (present.every((item) => typeof item === "number")) return null;
  const values = new Map(present.map((item) => [JSON.stringify(item), item]));
  return [...values.values()].slice(0, MOST_CHOICES);
}

function fieldHtml({ id, label, choices }) {
  const body = choices === null
    ? ["low", "high"].map((end) =>
      `<label>${end === "low" ? "from" : "to"} <input type="number" step="any" data-end="${end}"></label>`
    ).join(" ")
    : choices.map((value) =>
      `<label><input type="checkbox" value="${escapeText(JSON.stringify(value))}"> ${
        escapeText(formatValue(value))
      }</label>`
    ).join(" ");
  return `<fieldset data-axis="${escapeText(id)}"><legend>${escapeText(label)}</legend>${body}</fieldset>`;
}

function readField(fieldset, state) {
  if (!fieldset) return;
  const id = fieldset.dataset.axis;
  const boxes = [...fieldset.querySelectorAll("input[type=checkbox]")];
  if (boxes.length > 0) {
    const values = boxes.filter(({ checked }) => checked).map(({ value }) => JSON.parse(value));
    return state.filterAxis(id, values.length === 0 ? null : { values });
  }
  const [low, high] = [...fieldset.querySelectorAll("input")].map(({ value }) => value === "" ? NaN : Number(value));
  if (Number.isNaN(low) && Number.isNaN(high)) return state.filterAxis(id, null);
  state.filterAxis(id, { low: Number.isNaN(low) ? -Infinity : low, high: Number.isNaN(high) ? Infinity : high });
}

/** The form says what a brush has set. */
function showFilters(fields, axes, filters) {
  for (const { id } of axes) {
    const fieldset = [...fields.children].find((child) => child.dataset.axis === id);
    const filter = filters.axes.get(id);
    const chosen = new Set((filter?.values ?? []).map((value) => JSON.stringify(value)));
    for (const input of fieldset.querySelectorAll("input")) {
      if (input.type === "checkbox") input.checked = chosen.has(input.value);
      else if (input !== document.activeElement) {
        const end = filter?.[input.dataset.end];
        input.value = Number.isFinite(end) ? String(Number(end.toPrecision(4))) : "";
      }
    }
  }
}

function chipsHtml(axes, filters) {
  const set = axes.filter(({ id }) => filters.axes.has(id));
  const chips = set.map(({ id, label }) => {
    const text = escapeText(filterText(label, filters.axes.get(id)));
    return `<button type="button" data-axis="${escapeText(id)}" aria-label="Remove filter ${text}">${text}</button>`;
  });
  return isFiltered(filters) ? [...chips, '<button type="button" data-axis="">Clear all</button>'].join("") : "";
}
