// Scales and ticks of the charts: from values to pixels and back.

import { formatNumber, formatValue } from "./format.mjs";

/**
 * @typedef {{ position: (value: any) => number | null, invert: (at: number) => number, ticks: { at: number, text: string }[],
 *   kind: "linear" | "log" | "category", categories: any[] }} Scale
 */

/**
 * A scale over the values of a column. Numbers over more than a factor of 30 are drawn logarithmically, other values as categories.
 * @param {any[]} values without null
 * @param {[number, number]} range pixels of the lowest and the highest value
 * @param {{ log?: boolean, ticks?: number, exact?: boolean }} options `exact`: few values are ticks themselves, as of a parameter
 * @returns {Scale}
 */
export function makeScale(values, range, { log, ticks = 5, exact = false } = {}) {
  const present = values.filter((value) => value !== null && value !== undefined);
  if (present.some((value) => typeof value !== "number")) return categoryScale(present, range);
  const numbers = present.filter(Number.isFinite);
  let [low, high] = [Infinity, -Infinity];
  for (const value of numbers) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (numbers.length === 0) [low, high] = [0, 1];
  const isLog = low > 0 && (log ?? high / low >= 30);
  if (low === high) {
    [low, high] = isLog ? [low / 2, high * 2] : [low - (Math.abs(low) || 1) / 10, high + (Math.abs(high) || 1) / 10];
  }
  const forward = isLog ? Math.log : (value) => value;
  const [start, span] = [forward(low), forward(high) - forward(low)];
  const position = (value) =>
    typeof value === "number" && Number.isFinite(value) && !(isLog && value <= 0)
      ? range[0] + (forward(value) - start) / span * (range[1] - range[0])
      : null;
  const invert = (at) => {
    const value = start + (at - range[0]) / (range[1] - range[0]) * span;
    return isLog ? Math.exp(value) : value;
  };
  const distinct = [...new Set(numbers)];
  const few = exact && distinct.length <= 10;
  const marks = few ? distinct : isLog ? logTicks(low, high, ticks) : linearTicks(low, high, ticks);
  return {
    position,
    invert,
    kind: isLog ? "log" : "linear",
    categories: [],
    ticks: marks.map((value) => ({ at: position(value), text: few ? formatValue(value) : tickText(value) })),
  };
}

/** @returns {Scale} */
function categoryScale(values, range) {
  const byText = new Map(values.map((value) => [JSON.stringify(value), value]));
  const categories = [...byText.values()].sort((a, b) => String(a).localeCompare(String(b), "en", { numeric: true }));
  const places = new Map(categories.map((value, i) => [JSON.stringify(value), i]));
  const step = (range[1] - range[0]) / Math.max(1, categories.length);
  const at = (i) => range[0] + (i + 0.5) * step;
  const thin = Math.ceil(categories.length / 12);
  return {
    position: (value) => {
      const place = places.get(JSON.stringify(value));
      return place === undefined ? null : at(place);
    },
    invert: (pixel) => (pixel - range[0]) / step - 0.5,
    kind: "category",
    categories,
    ticks: categories.map((value, i) => ({ at: at(i), text: formatValue(value) })).filter((_, i) => i % thin === 0),
  };
}

function linearTicks(low, high, count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    found.push(Number((i * step).toPrecision(12)));
  }
  return found;
}

function logTicks(low, high, count) {
  const decades = Math.log10(high / low);
  if (decades < 0.4) return linearTicks(low, high, count).filter((value) => value > 0);
  const steps = decades > count * 0.7 ? [1] : decades > 1.2 ? [1, 3] : [1, 2, 5];
  const stride = Math.max(1, Math.ceil(decades / count));
  const found = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.log10(high); exponent++) {
    if (steps.length === 1 && exponent % stride !== 0) continue;
    for (const step of steps) {
      const value = Number(`${step}e${exponent}`);
      if (value >= low * 0.999 && value <= high * 1.001) found.push(value);
    }
  }
  return found;
}

function tickText(value) {
  const size = Math.abs(value);
  if (size >= 1e9) return `${formatNumber(value / 1e9)}B`;
  if (size >= 1e6) return `${formatNumber(value / 1e6)}M`;
  if (size >= 1e4) return `${formatNumber(value / 1e3)}k`;
  return size > 0 && size < 1e-3
    ? Number(value.toPrecision(6)).toExponential().replace("-", "\u2212")
    : formatNumber(value);
}
