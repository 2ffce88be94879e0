// From rows to the steps of a series: what happens to days without a row and to rows without a value is chosen, counted and said.

import { calendarOf, dateOf, daysBetween, isDue, type SeriesCalendar } from "./calendar.ts";
import { integers } from "./growing.ts";
import type { SeriesRows } from "./read_rows.ts";

/**
 * What becomes of missing days. "skip": a step leads from one observed day to the next, as exchanges count trading days; "carryForward": every
 * day of the calendar is a step, and one without a value repeats the last; "refuse": there must be none.
 */
export type MissingDays = "skip" | "carryForward" | "refuse";

/** What a file had and what was made of it. */
export interface SeriesReport {
  /** Rows of the file. */
  readonly rows: number;
  /** Steps of the series. */
  readonly observations: number;
  readonly firstDate: string;
  readonly lastDate: string;
  /** Days that should have a row. Holidays are business days here: no file says which days they are. */
  readonly calendar: SeriesCalendar;
  /** Days of the calendar between the first and the last that have no row. */
  readonly missingDays: number;
  /** Rows of which a value is empty. */
  readonly emptyValues: number;
  /** The most days of the calendar in a row without a value, and the last day before them; null where there is none. */
  readonly longestGap: { readonly days: number; readonly after: string } | null;
  readonly handling: MissingDays;
  /** Steps that repeat the value before; 0 unless carried forward. */
  readonly filled: number;
  /** Steps before the newest that were asked for. */
  readonly leftOut: number;
}

const HANDLING: Record<MissingDays, string> = {
  skip: "days without a value are skipped: a step leads from one observed day to the next",
  carryForward: "days without a value repeat the last value before them",
  refuse: "every day has a value",
};

/** What became of missing days, as a sentence without numbers for a report. */
export function handlingSentence({ handling }: Pick<SeriesReport, "handling">): string {
  return HANDLING[handling];
}

/** The steps of a series. */
export interface Observations {
  /** Days since 1970-01-01, rising; shape [n]. */
  readonly days: Int32Array<ArrayBuffer>;
  /** One array a column, finite; shape [n]. */
  readonly values: readonly Float64Array<ArrayBuffer>[];
  /** The row of the file that each step was read from. */
  readonly rows: Int32Array<ArrayBuffer>;
  readonly report: SeriesReport;
}

/** A gap that is longer is rather a hole in the file than a holiday. */
export const DEFAULT_LONGEST_GAP = 10;

/**
 * The steps of the rows of a file.
 *
 * @param options.longestGap the most days of the calendar that may be missing in a row; of the whole file, like what the report counts
 * @param options.newest steps that are kept
 * @throws {RangeError} with the line of the file for a gap that is longer, for any when they are refused, and for fewer than 2 steps
 */
export function observationsOf(
  rows: SeriesRows,
  { missing, longestGap, newest, label }: {
    missing: MissingDays;
    longestGap: number;
    newest: number;
    label: string;
  },
): Observations {
  const complete = completeRows(rows);
  if (complete.length < 2) {
    throw new RangeError(`Cannot read ${label}: expected at least 2 rows with a value, got ${complete.length}`);
  }
  const calendar = calendarOf(rows.days);
  const gap = longestGapOf(rows, complete, calendar);
  const emptyValues = rows.days.length - complete.length;
  const refused = missing === "refuse" && (gap.days > 0 || emptyValues > 0);
  if (gap.days > longestGap || refused) {
    const allowed = missing === "refuse"
      ? `a value for every day (${calendar})`
      : `at most ${longestGap} missing ${calendar} in a row`;
    throw new RangeError(
      `Cannot read ${label}: line ${rows.firstLine + gap.nextRow}: expected ${allowed}, got ${gap.days} missing after ${
        dateOf(gap.after)
      }`,
    );
  }
  const all = missing === "carryForward"
    ? filledSteps(rows.days, complete, calendar)
    : { rows: complete, days: daysAt(rows, complete) };
  const leftOut = Math.max(0, all.rows.length - newest);
  const steps = { rows: all.rows.subarray(leftOut), days: all.days.subarray(leftOut) };
  return {
    days: steps.days,
    rows: steps.rows,
    values: rows.values.map((column) => Float64Array.from(steps.rows, (row) => column[row])),
    report: {
      rows: rows.days.length,
      observations: steps.rows.length,
      firstDate: dateOf(steps.days[0]),
      lastDate: dateOf(steps.days[steps.days.length - 1]),
      calendar,
      missingDays: countMissing(rows.days, calendar),
      emptyValues,
      longestGap: gap.days > 0 ? { days: gap.days, after: dateOf(gap.after) } : null,
      handling: missing,
      filled: all.rows.length - complete.length,
      leftOut,
    },
  };
}

/** Rows of which every chosen column has a value. */
function completeRows({ days, values }: SeriesRows): Int32Array<ArrayBuffer> {
  const complete = integers();
  for (let row = 0; row < days.length; row++) {
    if (values.every((column) => !Number.isNaN(column[row]))) complete.push(row);
  }
  return complete.values();
}

function daysAt({ days }: SeriesRows, rows: Int32Array): Int32Array<ArrayBuffer> {
  return Int32Array.from(rows, (row) => days[row]);
}

/** Of rows, not of values: an empty value is counted as such. */
function countMissing(days: Int32Array, calendar: SeriesCalendar): number {
  let missing = 0;
  for (let i = 1; i < days.length; i++) missing += daysBetween(days[i - 1], days[i], calendar);
  return missing;
}

function longestGapOf({ days }: SeriesRows, complete: Int32Array, calendar: SeriesCalendar) {
  const longest = { days: 0, after: days[complete[0]], nextRow: complete[0] };
  for (let i = 1; i < complete.length; i++) {
    const missing = daysBetween(days[complete[i - 1]], days[complete[i]], calendar);
    if (missing > longest.days) {
      Object.assign(longest, { days: missing, after: days[complete[i - 1]], nextRow: complete[i] });
    }
  }
  return longest;
}

/** Every day of the calendar from the first complete row to the last, and observed days outside the calendar. */
function filledSteps(days: Int32Array, complete: Int32Array, calendar: SeriesCalendar) {
  const [filledRows, filledDays] = [integers(), integers()];
  complete.forEach((row, i) => {
    const next = i + 1 < complete.length ? days[complete[i + 1]] : days[row] + 1;
    for (let day = days[row]; day < next; day++) {
      if (day !== days[row] && !isDue(day, calendar)) continue;
      filledRows.push(row);
      filledDays.push(day);
    }
  });
  return { rows: filledRows.values(), days: filledDays.values() };
}
