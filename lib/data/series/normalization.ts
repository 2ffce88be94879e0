// Normalisation of windows, fitted on the training part of a series only: what comes later must not leak into what a model is given.

/**
 * How values are brought to the size of one. "standard": less the mean, over the standard deviation of the training values. "anchored": less the
 * last known value of the window, over the size (root mean square) that such differences have in training windows; a forecaster then says how far a
 * value moves, and levels that training never saw are no stranger than others.
 */
export type NormalizationKind = "standard" | "anchored";

/** A fitted normalisation, one mean and scale a column. Plain JSON. */
export interface Normalization {
  readonly kind: NormalizationKind;
  /** Subtracted; zeros when anchored. */
  readonly means: readonly number[];
  /** Divided by; positive. */
  readonly scales: readonly number[];
}

/** The part of a series that is fitted on. */
export interface FittedPart {
  /** Observations `start` to `end - 1`. */
  readonly start: number;
  readonly end: number;
  /** First observation of each training window, and the length of their context. */
  readonly windowStarts: Uint32Array;
  readonly context: number;
}

/**
 * Fits on the training part.
 *
 * @param columns one array a column, all observations
 * @throws {RangeError} when a column does not vary there
 */
export function fitNormalization(
  kind: NormalizationKind,
  columns: ReadonlyMap<string, Float64Array>,
  part: FittedPart,
): Normalization {
  const fitted = [...columns].map(([name, values]) => {
    const one = kind === "standard" ? standard(values, part) : anchored(values, part);
    if (one.scale > 0) return one;
    throw new RangeError(
      `Cannot normalise "${name}": expected values that vary in the training part, got ${one.mean} only`,
    );
  });
  return { kind, means: fitted.map(({ mean }) => mean), scales: fitted.map(({ scale }) => scale) };
}

/** In two passes, with the divisor n. */
function standard(values: Float64Array, { start, end }: FittedPart): { mean: number; scale: number } {
  const part = values.subarray(start, end);
  const mean = part.reduce((sum, value) => sum + value, 0) / part.length;
  const variance = part.reduce((sum, value) => sum + (value - mean) ** 2, 0) / part.length;
  return { mean, scale: variance > 1e-24 * mean ** 2 ? Math.sqrt(variance) : 0 };
}

function anchored(values: Float64Array, { windowStarts, context }: FittedPart): { mean: number; scale: number } {
  let squares = 0;
  for (const first of windowStarts) {
    const anchor = values[first + context - 1];
    for (let i = first; i < first + context; i++) squares += (values[i] - anchor) ** 2;
  }
  return { mean: 0, scale: Math.sqrt(squares / (windowStarts.length * context)) };
}

/** What is subtracted from the values of a column in a window whose last known value is `anchor`. */
export function centerOf({ kind, means }: Normalization, column: number, anchor: number): number {
  return kind === "anchored" ? anchor : means[column];
}

/** What a window's values are written to and from. */
export interface WindowTarget {
  /** Row-major [context, columns], from `contextAt`. */
  readonly context: Float32Array;
  readonly contextAt: number;
  /** [horizon], from `targetAt`: the first column. */
  readonly target: Float32Array;
  readonly targetAt: number;
}

/**
 * Writes one window, normalised in double precision and rounded once, so that whoever has the same values writes the same bits.
 *
 * @param window one array a column of `context + horizon` values, in units of the series
 */
export function writeWindow(
  window: readonly Float64Array[],
  { context, normalization }: { context: number; normalization: Normalization },
  into: WindowTarget,
): void {
  const channels = window.length;
  window.forEach((values, channel) => {
    const center = centerOf(normalization, channel, values[context - 1]);
    const scale = normalization.scales[channel];
    for (let i = 0; i < context; i++) {
      into.context[into.contextAt + i * channels + channel] = (values[i] - center) / scale;
    }
    if (channel > 0) return;
    for (let i = context; i < values.length; i++) {
      into.target[into.targetAt + i - context] = (values[i] - center) / scale;
    }
  });
}
