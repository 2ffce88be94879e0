// Results files for tests of the audit: one machine, a few records.

import { type MachineFacts, parseResults, record, type RecordFields, type Unanswered } from "lib/record/mod.ts";
import type { ResultsSource } from "lib/claims/audit/mod.ts";

export const epyc: MachineFacts = {
  id: "epyc",
  name: "AMD EPYC, 2 cores",
  chip: "AMD EPYC",
  arch: "x64",
  physicalCores: 2,
  performanceCores: null,
  efficiencyCores: null,
  logicalCores: 2,
  memoryBytes: 24e9,
  os: "Linux",
  osBuild: "",
  versions: {},
  power: "mains",
};
/** The machine of the documents on LN and MLX. */
export const m4Pro: MachineFacts = { ...epyc, id: "m4pro", name: "Apple M4 Pro", chip: "Apple M4 Pro", arch: "arm64" };

export interface ExampleResults {
  report?: string;
  machine?: MachineFacts;
  unanswered?: Unanswered[];
}

/** A results file with these records, each measured on `machine` unless it says otherwise. */
export function results(
  records: readonly Partial<RecordFields>[],
  { report = "01-example", machine = epyc, unanswered = [] }: ExampleResults = {},
): ResultsSource {
  const folder = machine === epyc ? "reports" : `reports/machines/${machine.id}`;
  return {
    path: `${folder}/${report}/results.json`,
    results: parseResults({
      schemaVersion: 1,
      report,
      title: report,
      scale: "quick",
      parameters: {},
      machines: [machine],
      identity: null,
      records: records.map((fields, i) =>
        record({ id: `r${i}`, quantity: "q", value: 1, unit: "", machine: machine.id, ...fields })
      ),
      unanswered,
    }),
  };
}
