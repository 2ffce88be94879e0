// The guard of the test split: whoever reads it must say for which report, once, and the report prints the log. Choosing by
// validation scores and looking at test scores once is what keeps the latter honest.

import type { Dataset } from "../data/mod.ts";

/** What has a test split: a dataset, or texts. */
export type SplitData = Pick<Dataset, "name" | "hash" | "splits">;

/** One opening of a test split, for the report. */
export interface TestOpening {
  readonly report: string;
  readonly dataset: string;
  readonly hash: string;
  readonly rows: number;
}

const log: TestOpening[] = [];

/**
 * Opens a dataset's test split for a report: once per report and dataset in a process.
 *
 * @returns the row indices of the test split
 * @throws {RangeError} at the second call, or when the report has no name
 *
 * @example
 * ```ts
 * import { randomDataset } from "lib/data/mod.ts";
 * import { openings, openTestSplit } from "lib/evaluate/mod.ts";
 * const dataset = randomDataset({ rows: 100, width: 8, seed: 2 });
 * const test = openTestSplit(dataset, { report: "example" });
 * console.log(test.length, openings().at(-1)?.report); // 10 example
 * ```
 */
export function openTestSplit(dataset: SplitData, { report }: { report: string }): Uint32Array {
  if (!report) throw new RangeError("Cannot open the test split: expected the name of a report, got none");
  if (log.some((opening) => opening.report === report && opening.hash === dataset.hash)) {
    throw new RangeError(
      `Cannot open the test split of ${dataset.name}: expected one opening per report, got a second one for "${report}"; ` +
        "keep the first one's result, or restart the kernel to run the report from its beginning",
    );
  }
  const indices = dataset.splits.test.slice();
  log.push({ report, dataset: dataset.name, hash: dataset.hash, rows: indices.length });
  return indices;
}

/** All openings in this process, in order. */
export function openings(): readonly TestOpening[] {
  return log.slice();
}

/** Refuses test rows while no report has opened the test split of `dataset`. */
export function checkTestSplitOpen(dataset: SplitData, rows: Uint32Array): void {
  if (log.some((opening) => opening.hash === dataset.hash)) return;
  const test = new Set(dataset.splits.test);
  const closed = rows.find((row) => test.has(row));
  if (closed !== undefined) {
    throw new RangeError(
      `Cannot evaluate on ${dataset.name}: expected rows outside the test split, which openTestSplit has not opened, got row ${closed}`,
    );
  }
}
