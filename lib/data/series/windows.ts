// Windows over a series as a dataset: a row is what was known at one day (context) and what came after it (target). Parts follow each other in
// time, no window reaches into another part, and normalisation is fitted on the training part; shuffling happens inside it only, in `batches`.

import { canonicalJson, sha256Hex } from "../../process/mod.ts";
import type { Dataset } from "../dataset.ts";
import { parseManifest, splitIndices } from "../manifest.ts";
import { dateOf } from "./calendar.ts";
import {
  centerOf,
  fitNormalization,
  type Normalization,
  type NormalizationKind,
  writeWindow,
} from "./normalization.ts";
import { loadSeries, type Series, type SeriesSource, targetOf } from "./series.ts";
import { DEFAULT_SPLIT, type Segments, segmentsOf, type TimeSplit, windowStartsIn } from "./time_split.ts";

/** How windows are cut. Plain JSON. */
export interface WindowOptions {
  /** Steps that are known. */
  readonly context: number;
  /** Steps that are forecast. */
  readonly horizon: number;
  /** Steps from one window to the next; default 1. */
  readonly stride?: number;
  /** Default: the last 15% of the steps are the test part, the 15% before them validation. */
  readonly split?: TimeSplit;
  /** Default "standard". */
  readonly normalization?: NormalizationKind;
}

/** Windows over a series. Rows are in the order of time; row i starts at step `starts[i]`. */
export interface SeriesWindows {
  /**
   * Columns `context` [n, context, columns of the series] and `target` [n, horizon] (of the first column), both normalised; the text column
   * `origin` is the date of a window's last known day.
   */
  readonly dataset: Dataset;
  readonly series: Series;
  readonly options: Required<WindowOptions>;
  readonly segments: Segments;
  /** First step of each window; shape [n]. */
  readonly starts: Uint32Array;
  readonly normalization: Normalization;
}

const PREFIX = "windows:";
const MOST_VALUES = 2 ** 29; // 2 GiB of float32

/**
 * Cuts a series into windows and makes a dataset of them, which `trainingData` and studies take: its name finds it again in another process.
 *
 * @throws {RangeError} when a size is not a positive integer, a part is shorter than a window, values do not vary in the training part, or the
 *   windows would take more than 2 GiB
 *
 * @example
 * ```ts
 * import { loadSeries, windowsOf } from "lib/data/mod.ts";
 * const { dataset } = windowsOf(await loadSeries("wti"), { context: 32, horizon: 5 });
 * const [n] = dataset.columns.context.shape;
 * console.log(dataset.columns.context.shape.slice(1), dataset.columns.target.shape.join() === `${n},5`); // [32, 1] true
 * console.log(dataset.texts.origin[0] < dataset.texts.origin[n - 1]); // true: in the order of time
 * ```
 */
export function windowsOf(series: Series, options: WindowOptions): SeriesWindows {
  const complete: Required<WindowOptions> = { stride: 1, split: DEFAULT_SPLIT, normalization: "standard", ...options };
  const { context, horizon, stride, split, normalization: kind } = complete;
  checkSizes({ context, horizon, stride }, series);
  const segments = segmentsOf(series.days, split, series.name);
  const parts = (["train", "validation", "test"] as const).map((name) =>
    windowStartsIn(segments[name], { length: context + horizon, stride, label: `${series.name}: ${name}` })
  );
  const starts = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => {
    starts.set(part, at);
    return at + part.length;
  }, 0);
  if (starts.length * (context * series.columns.size + horizon) > MOST_VALUES) {
    throw new RangeError(
      `Cannot make windows of ${series.name}: expected at most ${MOST_VALUES} values, got ${starts.length} windows of ` +
        `${context} x ${series.columns.size} + ${horizon}; a larger stride makes fewer`,
    );
  }
  const normalization = fitNormalization(kind, series.columns, { ...segments.train, windowStarts: parts[0], context });
  const counts = parts.map(({ length }) => length);
  const dataset = datasetOf(series, complete, { starts, counts, normalization });
  return { dataset, series, options: complete, segments, starts, normalization };
}

/**
 * The values that were forecast, in the unit of the series.
 *
 * @param rows of the dataset
 * @returns shape [rows, horizon]
 * @throws {RangeError} when a row does not exist
 */
export function targetValues(windows: SeriesWindows, rows: Uint32Array): Float64Array {
  const { series, options: { context, horizon } } = windows;
  const values = targetOf(series);
  const targets = new Float64Array(rows.length * horizon);
  rows.forEach((row, i) => {
    const first = startOf(windows, row) + context;
    targets.set(values.subarray(first, first + horizon), i * horizon);
  });
  return targets;
}

/**
 * Normalised forecasts in the unit of the series.
 *
 * @param forecasts shape [rows, horizon], as a model gives them
 * @returns the same shape
 * @throws {TypeError} when the shape is another
 */
export function inUnits(windows: SeriesWindows, rows: Uint32Array, forecasts: ArrayLike<number>): Float64Array {
  const { series, options: { context, horizon }, normalization } = windows;
  if (forecasts.length !== rows.length * horizon) {
    throw new TypeError(
      `Cannot scale forecasts: expected [${rows.length}, ${horizon}], got ${forecasts.length} values`,
    );
  }
  const values = targetOf(series);
  const scaled = new Float64Array(forecasts.length);
  rows.forEach((row, i) => {
    const center = centerOf(normalization, 0, values[startOf(windows, row) + context - 1]);
    for (let k = i * horizon; k < (i + 1) * horizon; k++) scaled[k] = center + forecasts[k] * normalization.scales[0];
  });
  return scaled;
}

function startOf({ starts }: SeriesWindows, row: number): number {
  if (row < starts.length) return starts[row];
  throw new RangeError(`Cannot read windows: expected rows below ${starts.length}, got ${row}`);
}

function checkSizes(sizes: Record<string, number>, { name }: Series): void {
  for (const [size, value] of Object.entries(sizes)) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new RangeError(`Cannot make windows of ${name}: expected ${size} to be an integer from 1, got ${value}`);
  }
}

interface Cut {
  starts: Uint32Array;
  /** Windows of train, validation and test. */
  counts: readonly number[];
  normalization: Normalization;
}

function datasetOf(series: Series, options: Required<WindowOptions>, { starts, counts, normalization }: Cut): Dataset {
  const { context, horizon } = options;
  const shapes = { context: [starts.length, context, series.columns.size], target: [starts.length, horizon] };
  const [contexts, targets] = [shapes.context, shapes.target].map((shape) =>
    new Float32Array(shape.reduce((product, dim) => product * dim, 1))
  );
  const columns = [...series.columns.values()];
  starts.forEach((start, row) => {
    const window = columns.map((values) => values.subarray(start, start + context + horizon));
    const into = {
      context: contexts,
      contextAt: row * context * columns.length,
      target: targets,
      targetAt: row * horizon,
    };
    writeWindow(window, { context, normalization }, into);
  });
  const manifest = manifestOf(series, options, { shapes, counts });
  return {
    name: manifest.name,
    hash: hashOf(series.hash, options),
    columns: {
      context: { dtype: "float32", shape: shapes.context, data: contexts },
      target: { dtype: "float32", shape: shapes.target, data: targets },
    },
    texts: { origin: Array.from(starts, (start) => dateOf(series.days[start + context - 1])) },
    splits: splitIndices(manifest),
    manifest,
    source: sourceOf(series.source, options),
  };
}

function hashOf(seriesHash: string, options: Required<WindowOptions>): string {
  return sha256Hex(canonicalJson({ windows: 1, series: seriesHash, ...options }));
}

function manifestOf(
  series: Series,
  { context, horizon }: Required<WindowOptions>,
  { shapes, counts: [train, validation, test] }: { shapes: Record<string, number[]>; counts: readonly number[] },
) {
  const { provenance, file } = series;
  const name = file.path.split(/[\\/]/).at(-1)!;
  return parseManifest({
    schemaVersion: 1,
    name: `${series.name}-windows-${context}-${horizon}`,
    title: `Windows of ${context} and ${horizon} steps over ${series.name}`,
    synthetic: false,
    origin: [{
      name: provenance.origin,
      version: provenance.retrieved ?? "as read",
      obtainedFrom: name,
      licence: provenance.terms,
      sha256: { [name]: file.sha256 },
    }],
    licence: { name: provenance.terms },
    model: null,
    count: shapes.context[0],
    width: context,
    dtype: "F32",
    columns: Object.fromEntries(
      Object.entries(shapes).map(([column, shape]) => [column, { file: "series.csv", tensor: column, shape }]),
    ),
    texts: null,
    splits: {
      train: { start: 0, end: train },
      validation: { start: train, end: train + validation },
      test: { start: train + validation, end: train + validation + test },
    },
    files: { "series.csv": { bytes: file.bytes, sha256: file.sha256 } },
    build: { command: "windowsOf of lib/data", seed: 0, versions: {} },
  }, `windows of ${series.name}`);
}

/** What `loadDataset` takes to make the same windows again. */
function sourceOf({ series, options }: SeriesSource, windows: Required<WindowOptions>): string {
  return PREFIX + canonicalJson({ series, options: { ...options }, windows: { ...windows } } as never);
}

/** Whether `loadDataset` should cut windows rather than read a folder. */
export function isWindowsSource(source: string): boolean {
  return source.startsWith(PREFIX);
}

/**
 * The windows that a dataset's source names.
 *
 * @throws {RangeError} when the series is not on this machine, or is another
 */
export async function windowsBySource(source: string): Promise<SeriesWindows> {
  const { series, options, windows } = JSON.parse(source.slice(PREFIX.length)) as SeriesSource & {
    windows: WindowOptions;
  };
  return windowsOf(await loadSeries(series, options), windows);
}

/** The hash of the windows that a source names, without cutting them. */
export async function windowsHash(source: string): Promise<string> {
  const { series, options, windows } = JSON.parse(source.slice(PREFIX.length)) as SeriesSource & {
    windows: Required<WindowOptions>;
  };
  return hashOf((await loadSeries(series, options)).hash, windows);
}
