// The split of a series in time: training first, then validation, then test. A window belongs to a part only with all its days.

import type { SplitName } from "../manifest.ts";
import { dateOf, dayOf } from "./calendar.ts";

/** Where the parts of a series begin: shares of its steps, or dates. Plain JSON. */
export type TimeSplit =
  | { readonly validation: number; readonly test: number }
  | { readonly validationFrom: string; readonly testFrom: string };

/** Steps `start` to `end - 1` of a series. */
export interface Segment {
  readonly start: number;
  readonly end: number;
}

/** One segment a split, in the order of time, that together are the whole series. */
export type Segments = Readonly<Record<SplitName, Segment>>;

/** Of the steps. */
export const DEFAULT_SPLIT: TimeSplit = { validation: 0.15, test: 0.15 };

/**
 * Cuts a series into its parts.
 *
 * @throws {RangeError} when shares are not positive or leave nothing to train on, or dates are not rising dates within the series
 */
export function segmentsOf(days: Int32Array, split: TimeSplit, label: string): Segments {
  const n = days.length;
  const [validation, test] = "validationFrom" in split
    ? boundariesByDate(days, split, label)
    : boundariesByShare(n, split, label);
  return {
    train: { start: 0, end: validation },
    validation: { start: validation, end: test },
    test: { start: test, end: n },
  };
}

function boundariesByShare(
  n: number,
  { validation, test }: { validation: number; test: number },
  label: string,
): number[] {
  if (!(validation > 0 && test > 0 && validation + test < 1)) {
    throw new RangeError(
      `Cannot split ${label}: expected positive shares of validation and test below 1 together, got ${validation} and ${test}`,
    );
  }
  return [Math.floor(n * (1 - validation - test) + 1e-9), Math.floor(n * (1 - test) + 1e-9)];
}

function boundariesByDate(
  days: Int32Array,
  { validationFrom, testFrom }: { validationFrom: string; testFrom: string },
  label: string,
): number[] {
  const [validation, test] = [dayOf(validationFrom), dayOf(testFrom)];
  const [first, last] = [days[0], days[days.length - 1]];
  if (validation === null || test === null || !(first < validation && validation < test && test <= last)) {
    throw new RangeError(
      `Cannot split ${label}: expected dates YYYY-MM-DD that rise between ${dateOf(first)} and ${dateOf(last)}, ` +
        `got validationFrom ${validationFrom} and testFrom ${testFrom}`,
    );
  }
  return [validation, test].map((day) => days.findIndex((value) => value >= day));
}

/**
 * First steps of the windows that lie wholly in a segment, ascending.
 *
 * @throws {RangeError} when the segment is shorter than a window
 */
export function windowStartsIn(
  { start, end }: Segment,
  { length, stride, label }: { length: number; stride: number; label: string },
): Uint32Array {
  const count = Math.floor((end - start - length) / stride) + 1;
  if (count < 1) {
    throw new RangeError(
      `Cannot make windows of ${label}: expected at least ${length} steps (context and horizon) in each part, got ${
        end - start
      }`,
    );
  }
  return Uint32Array.from({ length: count }, (_, i) => start + i * stride);
}
