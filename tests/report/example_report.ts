// A small report with every kind of block, used by several tests.

import { type MachineFacts, record } from "lib/record/mod.ts";
import { cell, inline, parameter, Report } from "lib/report/mod.ts";
import { exampleFigures } from "./example_figures.ts";

export const machine: MachineFacts = {
  id: "3f9a2c17",
  name: "Example CPU, 2 cores, 24 GiB, linux x64",
  chip: "Example CPU",
  arch: "x64",
  physicalCores: 2,
  performanceCores: null,
  efficiencyCores: null,
  logicalCores: 2,
  memoryBytes: 24 * 2 ** 30,
  os: "Debian GNU/Linux 12",
  osBuild: "6.1",
  versions: { deno: "2.9.5" },
  power: "mains",
};
export const otherMachine: MachineFacts = {
  ...machine,
  id: "aa11bb22",
  name: "Apple M4, 10 cores, 32 GiB, darwin arm64",
};

const interval = { low: 0.9412, high: 0.9449, confidence: 0.95, method: "bootstrap percentile" };
const provenance = { source: "lib/evaluate", inputs: ["wordnet-20k"], rerun: "deno task report example" };

export const records = {
  parameters: record({
    id: "s.256.parameters",
    quantity: "parameters",
    value: 296000,
    unit: "count",
    claims: ["claim-1"],
  }),
  size: record({ id: "s.256.sizeMb", quantity: "sizeMb", value: 1.184, unit: "MB" }),
  bigSize: record({ id: "s.8192.sizeMb", quantity: "sizeMb", value: 37.816, unit: "MB" }),
  cosine: record({
    ...{
      id: "pca.cosine",
      quantity: "cosine",
      value: 0.94312,
      unit: "1",
      n: 5,
      machine: machine.id,
      interval,
      provenance,
    },
  }),
  memory: record({
    ...{ id: "s.8192.memory", quantity: "memoryMb", value: null, unit: "MB", machine: machine.id },
    note: "stopped by the memory watch",
  }),
  elsewhere: record({
    ...{
      id: "mac.time",
      quantity: "latencyMs",
      value: 0.0061,
      unit: "ms",
      n: 900,
      machine: otherMachine.id,
      provenance,
    },
  }),
  speedup: record({ id: "mac.speedup", quantity: "speedup", value: 1.82, unit: "x" }),
  holds: record({ id: "claim.holds", quantity: "holds", value: false, unit: "" }),
};

/** The example; `title` replaces its title. */
export function exampleReport({ title = "Example" }: { title?: string } = {}): Report {
  const report = new Report("example", {
    title,
    scale: "smoke",
    parameters: { widths: [256, 8192], optimizer: "adam" },
    machine,
    machines: [otherMachine],
  });
  report.finding`PCA keeps ${cell(records.cosine, { format: "full" })} with ${parameter(192)} values, *not* \`int8\`.`;
  report.heading("Sizes of 2 students");
  report.text`The small one has **${cell(records.parameters)} parameters**; see [the model](https://example.org/a1).

    In percent: ${cell(records.cosine, { format: "percent", digits: 2 })}; does the claim hold: ${
    cell(records.holds)
  }.`;
  report.table({
    id: "sizes",
    caption: inline`Sizes by width \`S\`.`,
    columns: [inline`Width \`S\``, "Name | kind", "Size", "Memory", "Quality"],
    rows: [
      [parameter(256), "small <b>", cell(records.size), null, cell(records.cosine)],
      [parameter(8192), "`large|r`", cell(records.bigSize), cell(records.memory), null],
    ],
  });
  report.heading("Elsewhere", 3);
  report.table({
    id: "elsewhere",
    caption: "Another machine.",
    columns: ["Time", "Speed-up"],
    rows: [[records.elsewhere, records.speedup]],
  });
  report.figure({
    id: "quality",
    caption: inline`Quality against width; ${cell(records.cosine, { format: "value" })} is the floor.`,
    alt: "Dots below a line for `PCA-192`.",
    figure: exampleFigures.qualityAgainstWidth(),
    records: [records.cosine],
  });
  report.list(["one", inline`two \`x2\``], { ordered: true });
  report.list(["a_b", "c * d"]);
  report.note`A note with <script>alert(x)</script> & more.`;
  report.warning`The memory was ${cell(records.memory)}.`;
  report.code("const answer = 42; // </script>", { language: "ts" });
  report.unanswered("claim-2", "hardware absent", "needs an `M4`");
  return report;
}
