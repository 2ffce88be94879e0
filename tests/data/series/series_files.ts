// CSV files for tests, in a folder that is removed.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dateOf, loadSeries, type Provenance, type Series, type SeriesOptions } from "lib/data/mod.ts";

/** Of what tests make up, which no other code would read. */
export const TEST_PROVENANCE: Provenance = { origin: "made by a test", terms: "none needed" };

/** Calls `use` with a function that writes a file and gives its path. */
export async function withFiles(
  use: (write: (name: string, content: string | Uint8Array) => string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-series-"));
  try {
    await use((name, content) => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The series of a CSV text. */
export async function seriesOf(content: string | Uint8Array, options: SeriesOptions = {}): Promise<Series> {
  let series: Series | undefined;
  await withFiles(async (write) => {
    series = await loadSeries(write("mine.csv", content), { provenance: TEST_PROVENANCE, ...options });
  });
  return series!;
}

/** Monday, 3 January 2000. */
export const FIRST_DAY = 10_959;

/** A table of business days with `value(i)` in each column. */
export function businessDays(count: number, columns: Record<string, (i: number) => number | string>): string {
  const rows = Array.from({ length: count }, (_, i) => {
    const day = FIRST_DAY + 7 * Math.floor(i / 5) + i % 5;
    return [dateOf(day), ...Object.values(columns).map((value) => value(i))].join(",");
  });
  return [["date", ...Object.keys(columns)].join(","), ...rows, ""].join("\n");
}
