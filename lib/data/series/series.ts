// Series in time: numbers at rising dates, with their provenance, read from data/ or from a CSV file of one's own.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, extname, join, relative, resolve } from "node:path";
import { canonicalJson, projectPath, projectRoot, sha256Hex } from "../../process/mod.ts";
import {
  DEFAULT_LONGEST_GAP,
  type MissingDays,
  type Observations,
  observationsOf,
  type SeriesReport,
} from "./observations.ts";
import { type Provenance, provenanceOf } from "./provenance.ts";
import { readSeriesRows, type SeriesRows } from "./read_rows.ts";
import { isOfKind } from "../checked_manifest.ts";
import { parseSeriesManifest, type SeriesManifest } from "./series_manifest.ts";

/** How a file is read. Plain JSON. */
export interface SeriesOptions {
  /** Column of the dates; default the first, or what the manifest says. */
  readonly dateColumn?: string;
  /** Columns of the values, the one that is forecast first; may be left out where there is one, or for a series of `data/`. */
  readonly columns?: readonly string[];
  /** Default "skip". */
  readonly missing?: MissingDays;
  /** The most days of the calendar that may be missing in a row; default 10. */
  readonly longestGap?: number;
  /** Keep the newest so many steps; default all. At least 2. */
  readonly newest?: number;
  /** Of a CSV file that has no `FILE.csv.provenance.json` beside it. */
  readonly provenance?: Provenance;
}

/** What finds a series again, in another process too. Plain JSON. */
export interface SeriesSource {
  /** Name of a series under `data/`, or the absolute path of a CSV file. */
  readonly series: string;
  readonly options: SeriesOptions;
}

/** A series in memory. */
export interface Series {
  readonly name: string;
  /** SHA-256 over the file's hash and how it is read: the identity that results refer to. */
  readonly hash: string;
  readonly provenance: Provenance;
  /** Days since 1970-01-01 of each step, rising; shape [n]. */
  readonly days: Int32Array;
  /** One array a column, the one that is forecast first; shape [n], finite, in the unit of the file. */
  readonly columns: ReadonlyMap<string, Float64Array>;
  readonly report: SeriesReport;
  /** The CSV file, and where its rows are, for {@link windowLoader}. */
  readonly file: SeriesFile;
  readonly source: SeriesSource;
  /** Null for a file of one's own. */
  readonly manifest: SeriesManifest | null;
}

/** Where the steps of a series stand in its file. */
export interface SeriesFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Byte where the line of each step begins, and where it ends; shape [n]. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** Which fields of a line are the columns, counted from 0. */
  readonly fieldIndices: readonly number[];
}

/**
 * Loads a series and checks it: hash and contents against the manifest for one of `data/`, provenance for a file of one's own, and every line:
 * dates that rise, numbers, no gap that is too long. The file is read once, a chunk at a time; what stays in memory are 20 bytes a step and 8 a value.
 *
 * @param nameOrFile name of a folder under `data/` ("wti"), or the path of a CSV file with a line of column names
 * @throws {TypeError} when origin or terms are missing, or the file is no text
 * @throws {RangeError} with the line that is wrong, when the hash differs, or when there is no such series
 *
 * @example
 * ```ts
 * import { loadSeries } from "lib/data/mod.ts";
 * const wti = await loadSeries("wti");
 * console.log(wti.columns.get("price")?.length === wti.days.length, wti.provenance.unit); // true US dollars per barrel
 * ```
 */
export async function loadSeries(nameOrFile: string, options: SeriesOptions = {}): Promise<Series> {
  const { missing = "skip", longestGap = DEFAULT_LONGEST_GAP, newest = Number.MAX_SAFE_INTEGER } = options;
  checkOptions(nameOrFile, { longestGap: [longestGap, 0], newest: [newest, 2] });
  const found = await find(nameOrFile, options);
  const { manifest, path, label } = found;
  const choice = { dateColumn: found.dateColumn, columns: found.columns };
  const rows = await readSeriesRows(path, choice).catch((error) => {
    throw labelled(error, path, label);
  });
  if (manifest) checkFacts(rows, manifest, label);
  const observations = observationsOf(rows, { missing, longestGap, newest, label });
  const { provenance, ...reading } = options;
  const kept = observations.report.leftOut > 0 ? { newest } : {};
  return {
    name: found.name,
    hash: sha256Hex(
      canonicalJson({ file: rows.facts.sha256, ...choice, columns: rows.columns, missing, longestGap, ...kept }),
    ),
    provenance: found.provenance,
    days: observations.days,
    columns: new Map(rows.columns.map((name, i) => [name, observations.values[i]])),
    report: observations.report,
    file: fileOf(path, rows, observations),
    source: { series: found.source, options: provenance === undefined ? reading : options },
    manifest,
  };
}

function checkOptions(label: string, options: Readonly<Record<string, [value: number, least: number]>>): void {
  for (const [name, [value, least]] of Object.entries(options)) {
    if (Number.isInteger(value) && value >= least) continue;
    throw new RangeError(`Cannot load ${label}: expected ${name} to be an integer from ${least}, got ${value}`);
  }
}

/** The column that is forecast: the first. */
export function targetOf({ columns }: Series): Float64Array {
  return columns.values().next().value!;
}

interface Found {
  name: string;
  /** What `loadSeries` takes in another process. */
  source: string;
  path: string;
  /** How messages name the file. */
  label: string;
  provenance: Provenance;
  manifest: SeriesManifest | null;
  dateColumn?: string;
  columns?: readonly string[];
}

async function find(nameOrFile: string, options: SeriesOptions): Promise<Found> {
  if (/^[a-z0-9][a-z0-9-]*$/.test(nameOrFile)) return await findNamed(nameOrFile, options);
  const path = resolve(nameOrFile);
  const label = shown(path);
  if (extname(path).toLowerCase() !== ".csv") {
    throw new RangeError(
      `Cannot load a series: expected the name of one under data/ or a .csv file, got "${nameOrFile}"`,
    );
  }
  if (!existsSync(path)) throw new RangeError(`Cannot load a series: there is no file ${label}`);
  const provenance = await provenanceOf(path, options.provenance, label);
  const name = basename(path, extname(path)).toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "") ||
    "series";
  const { dateColumn, columns } = options;
  return { name, source: path, path, label, provenance, manifest: null, dateColumn, columns };
}

async function findNamed(name: string, options: SeriesOptions): Promise<Found> {
  const folder = projectPath("data", name);
  const label = shown(join(folder, "manifest.json"));
  const content = await readFile(join(folder, "manifest.json"), "utf8").catch(() => null);
  if (content === null) {
    throw new RangeError(`Cannot load a series: expected a folder data/${name} with a manifest.json, got none`);
  }
  const json = JSON.parse(content);
  if (!isOfKind(json, "series")) {
    throw new RangeError(`Cannot load a series: data/${name} is a dataset of vectors, which loadDataset reads`);
  }
  const manifest = parseSeriesManifest(json, label);
  if (manifest.name !== name) {
    throw new RangeError(`Cannot read ${label}: name: expected ${name}, got ${manifest.name}`);
  }
  const path = join(folder, manifest.file);
  const { retrieved } = manifest.origin[0];
  return {
    name,
    source: name,
    path,
    label: shown(path),
    manifest,
    provenance: {
      origin: manifest.origin.map((origin) => `${origin.name}, ${origin.obtainedFrom}`).join("; "),
      terms: `${manifest.licence.name}: ${manifest.licence.notice}`,
      unit: manifest.unit,
      ...(retrieved !== undefined && { retrieved }),
    },
    dateColumn: options.dateColumn ?? manifest.dateColumn,
    columns: options.columns ?? manifest.columns,
  };
}

function checkFacts({ facts, days }: SeriesRows, manifest: SeriesManifest, label: string): void {
  const rebuild = `rebuild it with: ${manifest.build.command}`;
  const expected = manifest.files[manifest.file];
  if (facts.sha256 !== expected.sha256) {
    throw new RangeError(`Cannot read ${label}: expected SHA-256 ${expected.sha256}, got ${facts.sha256}; ${rebuild}`);
  }
  if (days.length !== manifest.rows) {
    throw new RangeError(`Cannot read ${label}: expected ${manifest.rows} rows, got ${days.length}; ${rebuild}`);
  }
}

function fileOf(path: string, { facts, offsets, fieldIndices }: SeriesRows, { rows }: Observations): SeriesFile {
  const end = (row: number) => row + 1 < offsets.length ? offsets[row + 1] : facts.bytes;
  return {
    path,
    bytes: facts.bytes,
    sha256: facts.sha256,
    starts: Float64Array.from(rows, (row) => offsets[row]),
    ends: Float64Array.from(rows, end),
    fieldIndices,
  };
}

/** The reader names files by their path; inside the project they are shown from its root. */
function labelled(error: unknown, path: string, label: string): unknown {
  if (!(error instanceof RangeError || error instanceof TypeError)) return error;
  const message = error.message.replaceAll(path, label);
  return error instanceof TypeError ? new TypeError(message) : new RangeError(message);
}

function shown(path: string): string {
  const inside = relative(projectRoot(), path);
  return inside.startsWith("..") ? path : inside;
}
