// Which trials are looked at: ranges and choices on axes (by brush or by form), a state, and words.

import { formatNumber, formatParameters, formatValue } from "./format.mjs";

/**
 * @typedef {{ low: number, high: number } | { values: any[] }} AxisFilter
 * @typedef {{ axes: Map<string, AxisFilter>, state: string, words: string }} Filters
 */

/** @returns {Filters} */
export function noFilters() {
  return { axes: new Map(), state: "", words: "" };
}

/**
 * The axes of a study: its parameters, then its objectives. An axis with one value tells nothing and is left out.
 * @param {{ objectives: { metric: string, direction: string }[], parameters: { name: string }[] }} study
 * @param {any[]} trials
 */
export function studyAxes({ objectives, parameters }, trials) {
  const axes = [
    ...parameters.map(({ name }) => ({ id: name, label: name, value: (trial) => trial.parameters[name] ?? null })),
    ...objectives.map(({ metric, direction }, i) => (
      { id: `value:${i}`, label: metric, direction, value: (trial) => trial.values[i] ?? null }
    )),
  ];
  return axes.filter(({ value, direction }) => {
    if (direction) return true;
    const first = trials.length > 0 ? JSON.stringify(value(trials[0])) : "";
    return trials.some((trial) => JSON.stringify(value(trial)) !== first);
  });
}

/** @param {Filters} filters @returns {boolean} */
export function isFiltered({ axes, state, words }) {
  return axes.size > 0 || state !== "" || words.trim() !== "";
}

/**
 * A test of trials.
 * @param {Filters} filters
 * @param {{ id: string, value: (trial: any) => any }[]} axes
 * @returns {(trial: any) => boolean}
 */
export function filterTest({ axes: chosen, state, words }, axes) {
  const tests = axes.filter(({ id }) => chosen.has(id)).map(({ id, value }) => {
    const filter = chosen.get(id);
    if ("values" in filter) {
      const texts = new Set(filter.values.map((item) => JSON.stringify(item)));
      return (trial) => texts.has(JSON.stringify(value(trial)));
    }
    return (trial) => {
      const at = value(trial);
      return typeof at === "number" && at >= filter.low && at <= filter.high;
    };
  });
  const wanted = words.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return (trial) =>
    (state === "" || trial.state === state) && tests.every((test) => test(trial)) &&
    (wanted.length === 0 || matchesWords(trial, wanted));
}

/** A word may be a trial's number, the start of its key, or part of `name value`, `name=value` or its message. */
function matchesWords(trial, words) {
  const text = `${formatParameters(trial.parameters)} ${trial.state} ${trial.message ?? ""}`.toLowerCase();
  return words.every((word) => {
    const [name, value] = word.split("=");
    if (value !== undefined) {
      return Object.entries(trial.parameters).some(([key, own]) =>
        key.toLowerCase() === name && formatValue(own).toLowerCase() === value
      );
    }
    return word === `#${trial.number}` || text.includes(word) || (word.length >= 4 && trial.key.startsWith(word));
  });
}

/** @param {string} label @param {AxisFilter} filter @returns {string} `studentDim 256 to 512` */
export function filterText(label, filter) {
  if ("values" in filter) return `${label} ${filter.values.map(formatValue).join(" or ") || "none"}`;
  const [low, high] = [filter.low, filter.high];
  if (low === -Infinity) return `${label} up to ${formatNumber(high)}`;
  if (high === Infinity) return `${label} from ${formatNumber(low)}`;
  return `${label} ${formatNumber(low)} to ${formatNumber(high)}`;
}
