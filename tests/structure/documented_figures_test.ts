// Measured figures in the documents are those of the records: what stands below `<!-- figures: FILE -->` is made here from that file.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import type { AaStudy, LmBenchmark, LoraBenchmark } from "lib/bench/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { median, samplesForPercentile } from "lib/statistics/mod.ts";

type Rows = readonly (readonly string[])[];

const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(2);
const digits = (value: number) => (value < 1000 ? value.toPrecision(3) : String(Number(value.toPrecision(3))));
const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
const count = ({ share, n }: { share: number; n: number }) => `${Math.round(share * n)} of ${n}`;
const range = ({ low, high }: { low: number; high: number }) => `[${low.toFixed(2)}, ${high.toFixed(2)}]`;

const languageModel = ({ sides }: LmBenchmark): Rows => [
  ["weights", "GB held", "load s", "GB at most", "prompt tokens/s", "tokens/s", "time / peer's", "of the roofline"],
  ...sides.filter(({ role }) => role !== "control").map((side) => [
    side.name,
    gigabytes(side.weightBytes),
    (median(side.loadMs) / 1000).toFixed(1),
    gigabytes(side.peakRssBytes),
    digits(side.prompt.tokensPerSecond),
    `${digits(side.generation.tokensPerSecond)} (${side.generation.verdict})`,
    side.generation.comparison
      ? `${side.generation.comparison.ratio.toFixed(2)} ${range(side.generation.comparison)}`
      : "",
    side.roofline ? percent(side.roofline.value) : "",
  ]),
];

const adapters = ({ sides, time, verdict }: LoraBenchmark): Rows => [
  ["side", "updates/s", "tokens/s", "GB at most", "time / peft's"],
  ...sides.map(({ name, version, iterationsPerSecond, tokensPerSecond, peakRssBytes }) => [
    version ?? name,
    digits(iterationsPerSecond.value),
    digits(tokensPerSecond.value),
    gigabytes(peakRssBytes),
    name === "ours" && time ? `${time.ratio.toFixed(2)} ${range(time)} (${verdict})` : "",
  ]),
];

const TABLES: Readonly<Record<string, (record: never) => Rows>> = {
  "reports/benchmarks/aa.json": ({ bySubject, containing, found, medianHalfWidth }: AaStudy) => [
    ["subject", "intervals that contain 1", "median half-width"],
    ...bySubject.map((one) => [one.subject, `${one.containing} of ${one.trials}`, percent(one.medianHalfWidth)]),
    ["all", count(containing), percent(medianHalfWidth)],
    ...(found ? [["a copy made 10% slower was found", count(found), ""]] : []),
  ],
  "reports/benchmarks/lm.json": languageModel,
  "reports/benchmarks/lm-webgpu.json": languageModel,
  "reports/benchmarks/lora.json": adapters,
  "reports/benchmarks/lora-webgpu.json": adapters,
};

/** What a page says of how a record was made. */
const SETTINGS: Readonly<Record<string, (record: never) => string[]>> = {
  "reports/benchmarks/aa.json": ({ machine }: AaStudy) => [`${machine.physicalCores} cores of an ${machine.chip}`],
  "reports/benchmarks/lm.json": ({ machine, promptTokens }: LmBenchmark) => [
    `a prompt of ${promptTokens} tokens, on ${machine.physicalCores} cores of an ${machine.chip}`,
  ],
  "reports/benchmarks/lm-webgpu.json": ({ gpu, promptTokens }: LmBenchmark) => [
    `a prompt of ${promptTokens} tokens through WebGPU on an ${gpu!.name}`,
  ],
  "reports/benchmarks/lora.json": ({ machine, work: { tokens, lora } }: LoraBenchmark) => [
    `one row of ${tokens} tokens, rank ${lora.rank}`,
    `the last ${lora.lastLayers} layers) on ${machine.physicalCores} cores of an ${machine.chip}`,
  ],
  "reports/benchmarks/lora-webgpu.json": ({ gpu, work: { tokens } }: LoraBenchmark) => [
    `${tokens} tokens through WebGPU on an ${gpu!.name}`,
  ],
};

/** Tables below a mark, by the file that the mark names. */
function markedTables(text: string): { file: string; rows: Rows }[] {
  return [...text.matchAll(/<!-- figures: (\S+) -->\n\n((?:\|.*\n)+)/g)].map(([, file, table]) => {
    const rows = table.trimEnd().split("\n").map((line) => line.slice(1, -1).split("|").map((cell) => cell.trim()));
    return { file, rows: rows.filter((_, i) => i !== 1) };
  });
}

const pages = readdirSync(projectPath("docs")).filter((name) => name.endsWith(".md"));
const marked = pages.flatMap((page) =>
  markedTables(readFileSync(projectPath("docs", page), "utf8")).map((table) => ({ page, ...table }))
);

Deno.test("each record of figures for the documents stands in one of them", () => {
  assert.deepEqual(marked.map(({ file }) => file).sort(), Object.keys(TABLES).sort());
});

for (const { page, file, rows } of marked) {
  Deno.test(`docs/${page} has the figures of ${file}`, () => {
    const record = JSON.parse(readFileSync(projectPath(file), "utf8")) as never;
    const made = TABLES[file](record);
    assert.deepEqual(rows, made, made.map((row) => `| ${row.join(" | ")} |`).join("\n"));
    const text = readFileSync(projectPath("docs", page), "utf8").replace(/\s+/g, " ");
    for (const phrase of SETTINGS[file](record)) assert.ok(text.includes(phrase), phrase);
  });
}

Deno.test("docs/benchmarks.md names the numbers of calls that support percentiles", () => {
  const text = readFileSync(projectPath("docs", "benchmarks.md"), "utf8");
  const [, p90, p99] = /(\d+) for `p90`, (\d+) for `p99`/.exec(text)!;
  assert.deepEqual([p90, p99].map(Number), [0.9, 0.99].map(samplesForPercentile));
});
