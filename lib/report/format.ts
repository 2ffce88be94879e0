// Numbers as readers see them: as many digits as the interval justifies, thousands separated, units behind a
// non-breaking space, a true minus sign, powers of ten where a plain number would be a row of zeros.

import type { ResultRecord } from "../record/mod.ts";
import type { ParameterValue, RecordStyle } from "./document.ts";

const NBSP = "\u00A0";
const MINUS = "\u2212";
const TIMES = "\u00D7";

/** A record's parts, ready to be put together by a renderer. */
export interface FormattedRecord {
  /** "0.943", "yes", "296,000", "94.3%"; "not measured" for a null value. */
  value: string;
  /** "[0.941, 0.945]", or "" when there is no interval to show. */
  interval: string;
  /** What follows the interval, spacing included: " ms"; "" for counts, ratios, percent and "×". */
  unit: string;
  /** "n = 5", or "" when the format does not show it. */
  samples: string;
  missing: boolean;
  numeric: boolean;
}

/**
 * A record as text. Significant digits: `digits` if given; else so many that the interval's half-width keeps one digit; else all
 * digits of an integer and three significant ones of any other number.
 *
 * @throws {RangeError} when a record whose unit is not "1" is asked for in percent
 *
 * @example
 * ```ts
 * import { formatRecord } from "lib/report/mod.ts";
 * import { record } from "lib/record/mod.ts";
 * const interval = { low: 0.9412, high: 0.9449, confidence: 0.95, method: "bootstrap over seeds" };
 * console.log(formatRecord(record({ id: "c", quantity: "cosine", value: 0.94312, unit: "1", n: 5, interval })));
 * // 0.943 [0.941, 0.945]
 * ```
 */
export function formatRecord(record: ResultRecord, style: RecordStyle = {}): string {
  return joinParts(formatParts(record, style));
}

/** Puts the parts of a record together: value, interval, unit, samples. */
export function joinParts({ value, interval, unit, samples }: FormattedRecord): string {
  return `${value}${interval && ` ${interval}`}${unit}${samples && ` (${samples})`}`;
}

/** The parts of a formatted record; `formatRecord` puts them together. */
export function formatParts(
  record: ResultRecord,
  { digits, format = "auto", omitUnit = false }: RecordStyle & { omitUnit?: boolean } = {},
): FormattedRecord {
  const base = { interval: "", unit: "", samples: "", missing: false, numeric: false };
  if (record.value === null) return { ...base, value: "not measured", missing: true };
  if (typeof record.value === "boolean") return { ...base, value: record.value ? "yes" : "no" };
  const samples = format === "full" ? `n${NBSP}=${NBSP}${groupThousands(String(record.n))}` : "";
  if (typeof record.value === "string") {
    return { ...base, value: record.value, unit: omitUnit ? "" : unitSuffix(record.unit), samples };
  }
  const percent = format === "percent";
  if (percent && record.unit !== "1") {
    throw new RangeError(`Cannot show ${record.id} in percent: expected unit "1", got "${record.unit}"`);
  }
  const factor = percent ? 100 : 1;
  const interval = record.interval && format !== "value"
    ? { low: record.interval.low * factor, high: record.interval.high * factor }
    : null;
  // The digits come from the interval even where it is not shown.
  const halfWidth = record.interval ? ((record.interval.high - record.interval.low) / 2) * factor : 0;
  const suffix = percent ? "%" : unitSuffix(record.unit);
  // A sign such as % or × belongs to every number; a unit with a space stands once, at the end.
  const sign = omitUnit || suffix.startsWith(NBSP) ? "" : suffix;
  const number = formatNumbers(record.value * factor, { halfWidth, digits, interval, sign });
  return { ...number, unit: omitUnit || sign ? "" : suffix, samples, missing: false, numeric: true };
}

/** A parameter as text: dimensions up to four digits stand without a separator (8192), larger numbers with one (20,000). */
export function formatParameter(value: ParameterValue): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  if (!Number.isInteger(value)) return trueMinus(String(value).replace(/e([+-]?)(\d+)$/, powerOfTen));
  const text = String(Math.abs(value));
  return `${value < 0 ? MINUS : ""}${text.length > 4 ? groupThousands(text) : text}`;
}

/** A unit as it stands in a column head or an axis title, without parentheses: "" for counts and ratios. */
export function unitLabel(unit: string): string {
  if (unit === "count" || unit === "1" || unit === "") return "";
  if (unit === "x") return TIMES;
  return unit.replace(/^us$/, "\u00B5s");
}

function unitSuffix(unit: string): string {
  const label = unitLabel(unit);
  return label === "" || label === TIMES || label === "%" ? label : NBSP + label;
}

function formatNumbers(
  value: number,
  { halfWidth, digits, interval, sign }: {
    halfWidth: number;
    digits: number | undefined;
    interval: { low: number; high: number } | null;
    sign: string;
  },
): { value: string; interval: string } {
  const magnitude = Math.max(Math.abs(value), interval ? Math.max(Math.abs(interval.low), Math.abs(interval.high)) : 0);
  const exponent = magnitude === 0 ? 0 : Math.floor(Math.log10(magnitude));
  const scientific = exponent < -4 || exponent >= 15;
  const scale = scientific ? 10 ** -exponent : 1;
  const decimals = decimalsOf(value * scale, halfWidth * scale, digits);
  const show = (number: number) => fixed(number * scale, decimals) + sign;
  const power = scientific ? `${NBSP}${TIMES}${NBSP}10${superscript(exponent)}` : "";
  if (!interval) return { value: show(value) + power, interval: "" };
  return { value: show(value), interval: `[${show(interval.low)}, ${show(interval.high)}]${power}` };
}

/** Decimal places; negative ones round to tens, hundreds and so on. */
function decimalsOf(value: number, halfWidth: number, digits: number | undefined): number {
  const leading = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  if (digits !== undefined) return digits - 1 - leading;
  // More than six significant digits would be noise to a reader even where an interval is that narrow.
  if (halfWidth > 0) return Math.min(halfWidthDecimals(halfWidth), Math.max(0, 5 - leading));
  if (Number.isInteger(value)) return 0;
  return Math.max(0, 2 - leading);
}

/** One digit of the half-width, two when it starts with 1.0 to 1.4: rounding 0.14 to 0.1 would lose too much. */
function halfWidthDecimals(halfWidth: number): number {
  const exponent = Math.floor(Math.log10(halfWidth));
  return halfWidth / 10 ** exponent < 1.5 ? 1 - exponent : -exponent;
}

function fixed(value: number, decimals: number): string {
  const places = Math.min(20, Math.max(0, decimals));
  const step = 10 ** Math.max(0, -decimals);
  const text = (Math.round(Math.abs(value) / step) * step).toFixed(0);
  const absolute = decimals <= 0 ? text : Math.abs(value).toFixed(places);
  const [whole, fraction] = absolute.split(".");
  const sign = value < 0 && /[1-9]/.test(absolute) ? MINUS : "";
  return `${sign}${groupThousands(whole)}${fraction ? `.${fraction}` : ""}`;
}

function groupThousands(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

function powerOfTen(_: string, sign: string, digits: string): string {
  return `${NBSP}${TIMES}${NBSP}10${superscript(Number(`${sign}${digits}`))}`;
}

function superscript(exponent: number): string {
  const raised = [...String(Math.abs(exponent))].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("");
  return `${exponent < 0 ? "⁻" : ""}${raised}`;
}

function trueMinus(text: string): string {
  return text.replace(/^-/, MINUS);
}
