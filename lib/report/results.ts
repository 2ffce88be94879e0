// results.json: a report's records and what they were made with, small enough to commit.

import { parseResults, type ResultsFile } from "../record/mod.ts";
import type { ReportDocument } from "./document.ts";

/** The most that a results.json may take: it is committed with every report. */
export const MAX_RESULTS_BYTES = 1_000_000;

/**
 * The content of a document's results.json.
 *
 * @throws {TypeError | RangeError} naming the path of a field that the record schema refuses
 */
export function resultsFile(document: ReportDocument): ResultsFile {
  const { name, title, scale, parameters, machines, identity, records, unanswered } = document;
  return parseResults({
    schemaVersion: 1,
    report: name,
    title,
    scale,
    parameters,
    machines,
    identity,
    records,
    unanswered,
  });
}

/**
 * The text of a document's results.json: one record per line, so that a changed number is one changed line.
 *
 * @throws {RangeError} when it would be larger than 1 MB, or as `resultsFile`
 *
 * @example
 * ```ts
 * import { Report, resultsJson } from "lib/report/mod.ts";
 * const report = new Report("demo", { title: "Demo", scale: "smoke" });
 * console.log(JSON.parse(resultsJson(report.document)).report); // demo
 * ```
 */
export function resultsJson(document: ReportDocument): string {
  const fields = Object.entries(resultsFile(document)).map(([key, value]) => {
    const lines = Array.isArray(value) && value.length > 0
      ? `[\n${value.map((item) => `    ${JSON.stringify(item)}`).join(",\n")}\n  ]`
      : JSON.stringify(value);
    return `  ${JSON.stringify(key)}: ${lines}`;
  });
  const text = `{\n${fields.join(",\n")}\n}\n`;
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MAX_RESULTS_BYTES) {
    throw new RangeError(
      `Cannot write results.json of ${document.name}: expected at most ${MAX_RESULTS_BYTES} bytes, got ${bytes} ` +
        `with ${document.records.length} records; summarize samples and keep them in samples.ndjson.gz`,
    );
  }
  return text;
}
