// Values as coordinates: the line on which samplers spread a parameter's numbers, which is logarithmic where the axis says so.

import type { JsonValue } from "../../process/mod.ts";
import { type Domain, type NumberDomain, valueAt, valueCount } from "../parameters.ts";

/** The ends of the line: half a step beyond the first and the last value, so that each has its share. */
export function coordinateRange({ low, high, log, step }: NumberDomain): [low: number, high: number] {
  const half = step === null || low === high ? 0 : step / 2;
  if (!log) return [low - half, high + half];
  // A step may reach below zero, where there is no logarithm.
  return [Math.log(Math.max(low - half, low / 2)), Math.log(high + half)];
}

/** Where a value stands on the line. */
export function toCoordinate({ log }: NumberDomain, value: number): number {
  return log ? Math.log(value) : value;
}

/** The value that a coordinate stands for: the nearest step, or the number to about seven digits. */
export function fromCoordinate(domain: NumberDomain, coordinate: number): number {
  const { low, high, log, step } = domain;
  const value = log ? Math.exp(coordinate) : coordinate;
  if (step !== null) {
    const index = Math.round((value - low) / step);
    return valueAt(domain, Math.max(0, Math.min(valueCount(domain) - 1, index))) as number;
  }
  return Math.max(low, Math.min(high, rounded(domain, value))) + 0; // 0, not -0
}

/** The value at `unit` in [0, 1) of a domain, all equally likely (numbers along their line). */
export function fromUnit(domain: Domain, unit: number): JsonValue {
  if (domain.kind === "values") return valueAt(domain, Math.floor(unit * domain.texts.length));
  const [from, to] = coordinateRange(domain);
  return fromCoordinate(domain, from + unit * (to - from));
}

/** Digits enough to tell a million values apart, and few enough to read. */
function rounded({ low, high, log }: NumberDomain, value: number): number {
  if (log) return high / low > 1.01 ? Number(value.toPrecision(7)) : value;
  const decimals = 6 - Math.floor(Math.log10(high - low));
  return decimals >= 0 && decimals <= 100 ? Number(value.toFixed(decimals)) : value;
}
