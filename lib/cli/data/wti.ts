// deno task data wti: the daily price of West Texas Intermediate crude oil, taken out of the wheel of the Python package "arch".

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { dateOf, parseSeriesManifest, readSeriesRows, type SeriesManifest } from "../../data/mod.ts";
import { sha256Hex, writeFileAtomic } from "../../process/mod.ts";
import { CommandError } from "../command.ts";
import type { Terminal } from "../terminal.ts";
import { extract } from "../unzip.ts";

/** How the series is built. */
export interface WtiOptions {
  /** The package's wheel, for any platform: `pip download --no-deps arch`. */
  wheel: string;
  /** Compares with what is in the folder and writes nothing. */
  check: boolean;
  terminal: Terminal;
  /** Day of the download, YYYY-MM-DD. */
  today?: string;
}

const ENTRY = "arch/data/wti/wti.csv.gz";
const FILE = "prices.csv";

/** Builds or checks data/wti in `folder`: the package's table with its dates in the order year, month, day, and its values as they are written. */
export async function buildWti(folder: string, { wheel, check, terminal, today = now() }: WtiOptions): Promise<void> {
  if (!existsSync(wheel)) throw new CommandError(`Cannot read the wheel: expected a file, got none at ${wheel}`);
  const temporary = mkdtempSync(join(tmpdir(), "latent-lab-wti-"));
  try {
    const packed = join(temporary, "wti.csv.gz");
    await extract(wheel, ENTRY, packed).catch((error) => {
      throw new CommandError((error as Error).message);
    });
    const bytes = new TextEncoder().encode(pricesOf(gunzipSync(readFileSync(packed)).toString("utf8")));
    if (check) return compare(join(folder, FILE), bytes, terminal);
    writeFileSync(join(temporary, FILE), bytes);
    const manifest = await manifestOf(join(temporary, FILE), {
      bytes,
      wheel: basename(wheel),
      packedSha256: sha256Hex(readFileSync(packed)),
      today,
    });
    mkdirSync(folder, { recursive: true });
    await writeFileAtomic(join(folder, FILE), bytes);
    await writeFileAtomic(join(folder, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    terminal.line(
      `Written to ${folder}: ${manifest.rows} days from ${manifest.firstDate} to ${manifest.lastDate}; loadSeries("wti") reads it`,
    );
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

const now = () => new Date().toISOString().slice(0, 10);

/** `1/2/1986,25.56` is `1986-01-02,25.56`; a day without a price keeps FRED's point. */
function pricesOf(table: string): string {
  const [header, ...lines] = table.trimEnd().split(/\r?\n/);
  if (header !== "Date,DCOILWTICO") {
    throw new CommandError(`Cannot build wti: expected the columns Date,DCOILWTICO in ${ENTRY}, got ${header}`);
  }
  const rows = lines.map((line, i) => {
    const [, month, day, year, value] = /^(\d{1,2})\/(\d{1,2})\/(\d{4}),(\.|-?\d+(?:\.\d+)?)$/.exec(line) ?? [];
    if (value !== undefined) return `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")},${value}`;
    throw new CommandError(`Cannot build wti: expected MONTH/DAY/YEAR,PRICE in line ${i + 2} of ${ENTRY}, got ${line}`);
  });
  return ["date,price", ...rows, ""].join("\n");
}

function compare(path: string, bytes: Uint8Array, terminal: Terminal): void {
  if (!existsSync(path) || !readFileSync(path).equals(bytes)) {
    throw new CommandError(`Cannot confirm ${path}: it does not hold the prices of the wheel's ${ENTRY}`);
  }
  terminal.line(`${path} holds the prices of the wheel's ${ENTRY}`);
}

/** `arch-7.2.0-cp311-...whl` is version 7.2.0. */
function versionOf(wheel: string): string {
  const [, version] = /^arch-([^-]+)-/.exec(wheel) ?? [];
  if (version !== undefined) return version;
  throw new CommandError(`Cannot read the wheel: expected a file named arch-VERSION-...whl, got ${wheel}`);
}

async function manifestOf(
  path: string,
  { bytes, wheel, packedSha256, today }: { bytes: Uint8Array; wheel: string; packedSha256: string; today: string },
): Promise<SeriesManifest> {
  const { days, values, columns } = await readSeriesRows(path);
  const emptyValues = values[0].reduce((count, value) => count + (Number.isNaN(value) ? 1 : 0), 0);
  return parseSeriesManifest({
    schemaVersion: 1,
    kind: "series",
    name: "wti",
    title: "Crude oil prices: West Texas Intermediate, Cushing, Oklahoma, spot, daily",
    origin: [{
      name: "U.S. Energy Information Administration",
      version: "Spot prices, daily",
      obtainedFrom: "FRED, Federal Reserve Bank of St. Louis, series DCOILWTICO",
      licence: "public domain; the EIA asks to be named as the source",
      url: "https://fred.stlouisfed.org/series/DCOILWTICO",
    }, {
      name: "arch, a package for Python",
      version: versionOf(wheel),
      obtainedFrom: `PyPI, ${ENTRY}`,
      licence: "NCSA",
      url: "https://pypi.org/project/arch/",
      retrieved: today,
      sha256: { [ENTRY]: packedSha256 },
    }],
    licence: {
      name: "public domain (a work of the government of the United States)",
      notice:
        "Source: U.S. Energy Information Administration, retrieved from FRED, Federal Reserve Bank of St. Louis (DCOILWTICO).",
    },
    unit: "US dollars per barrel",
    file: FILE,
    dateColumn: "date",
    columns,
    rows: days.length,
    emptyValues,
    firstDate: dateOf(days[0]),
    lastDate: dateOf(days[days.length - 1]),
    files: { [FILE]: { bytes: bytes.byteLength, sha256: sha256Hex(bytes) } },
    build: { command: "pip download --no-deps arch; deno task data wti --wheel arch-VERSION-...whl" },
  }, "data/wti/manifest.json");
}
