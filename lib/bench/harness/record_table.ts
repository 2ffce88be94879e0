// Records and comparisons as text, for a terminal.

import type { Placement } from "../../runtime/mod.ts";
import { alignedTable } from "../benchmark_table.ts";
import type { RecordComparison } from "./compare.ts";
import type { Measure } from "./measure.ts";
import type { BenchRecord } from "./record.ts";

const HEADER = [
  "provider",
  "batch",
  "median ms",
  "95% interval",
  "p90 ms",
  "p99 ms",
  "rows/s",
  "create ms",
  "first ms",
  "peak MiB",
  "verdict",
];
const SHORT = { absent: "absent", unsupported: "unsupported", failed: "failed", wrong: "wrong output" } as const;

/** A table of records of one subject, and below it what each of them has to say. */
export function recordTable(records: readonly BenchRecord[]): string {
  if (records.length === 0) return "nothing was measured";
  const [{ subject, machine, scenario }] = records;
  const rows = records.map(recordRow);
  const lines = [
    `${subject.name}, ${scenarioText(scenario)}, on ${machine.name}`,
    "",
    ...alignedTable([HEADER, HEADER.map(() => "-"), ...rows]),
    "",
    ...records.flatMap(remarks),
  ];
  return lines.join("\n").trimEnd();
}

function scenarioText(scenario: BenchRecord["scenario"]): string {
  return scenario.name === "server" ? `server at ${scenario.arrivalsPerSecond} arrivals/s` : scenario.name;
}

const digits = (value: number | null | undefined) => value === null || value === undefined ? "" : value.toPrecision(3);

/** A percentile, or why there is none. */
function percentile(measure: Measure, which: "p90" | "p99", perCall: boolean): string {
  if (!perCall) return "of means";
  return measure[which] === null ? "n too small" : digits(measure[which]);
}

function recordRow(record: BenchRecord): string[] {
  const { providerLabel, batchSize, outcome, verdict, runs, rowsPerSecond } = record;
  const measure = record.latency ?? record.measure;
  if (outcome !== "measured" || !measure) {
    return [providerLabel, String(batchSize), ...HEADER.slice(3).map(() => ""), SHORT[outcome as keyof typeof SHORT]];
  }
  const [first] = runs;
  const { interval } = measure;
  const perCall = runs.every(({ callsPerSample }) => callsPerSample === 1);
  return [
    providerLabel,
    String(batchSize),
    digits(measure.median),
    interval ? `${digits(interval.low)} to ${digits(interval.high)}` : "",
    percentile(measure, "p90", perCall),
    percentile(measure, "p99", perCall),
    rowsPerSecond === null ? "" : rowsPerSecond >= 100 ? rowsPerSecond.toFixed(0) : digits(rowsPerSecond),
    digits(first.createMs),
    digits(first.firstRunMs),
    ((record.monitor?.peakRssBytes ?? 0) / 2 ** 20).toFixed(0),
    verdict!,
  ];
}

function remarks(record: BenchRecord): string[] {
  const { providerLabel, batchSize, reasons, correctness, measure, outcome, monitor, placement } = record;
  const name = `${providerLabel} x ${batchSize}`;
  const lines = reasons.length > 0 ? [`${name}: ${reasons.join("; ")}`] : [];
  if (outcome !== "measured" || !measure) return lines;
  if (correctness) {
    const { relativeError, bound, reference } = correctness;
    lines.push(`${name}: outputs within ${relativeError.toPrecision(2)} (at most ${bound}) of ${reference}`);
  }
  const { mild, severe } = measure.outliers;
  lines.push(`${name}: ${measure.n} samples, ${mild} mild and ${severe} severe outliers; ${monitorText(monitor)}`);
  if (placement !== null) lines.push(`${name}: nodes ran on ${placementText(placement)}`);
  return lines;
}

/** How many nodes each provider ran, and which operators another one than was asked for. */
function placementText(placement: Placement | string): string {
  if (typeof placement === "string") return `unknown providers (${placement})`;
  return Object.entries(placement.counts).map(([where, count]) => {
    const operators = placement.nodes.filter(({ provider }) => provider === where).map(({ operator }) => operator);
    return where === placement.provider
      ? `${where}: ${count}`
      : `${where}: ${count} (${[...new Set(operators)].join(", ")})`;
  }).join("; ");
}

function monitorText(monitor: BenchRecord["monitor"]): string {
  if (!monitor || monitor.fastestMs === null) return "no window of 100";
  const use = monitor.acceleratorUse === null ? monitor.accelerator : `${(monitor.acceleratorUse * 100).toFixed(0)}%`;
  return `windows of ${monitor.windowCalls}: ${digits(monitor.fastestMs)} to ${
    digits(monitor.slowestMs)
  } ms; accelerator: ${use}`;
}

/** Comparisons, one a line. */
export function comparisonTable(pairs: readonly RecordComparison[]): string {
  const header = ["A", "B", "batch", "A ms", "B ms", "A / B", "95% interval"];
  const rows = pairs.flatMap(({ a, b, comparison }) =>
    comparison
      ? [[
        a.providerLabel,
        b.providerLabel,
        String(a.batchSize),
        digits(a.measure!.median),
        digits(b.measure!.median),
        comparison.ratio.toFixed(3),
        `${comparison.low.toFixed(3)} to ${comparison.high.toFixed(3)}`,
      ]]
      : []
  );
  const refused = pairs.flatMap(({ a, b, reasons }) =>
    reasons.length > 0
      ? [
        `Cannot compare ${a.providerLabel} x ${a.batchSize} with ${b.providerLabel} x ${b.batchSize}: ${
          reasons.join("; ")
        }`,
      ]
      : []
  );
  const methods = [...new Set(pairs.flatMap(({ comparison }) => comparison?.method ?? []))];
  const table = rows.length === 0 ? [] : [...alignedTable([header, header.map(() => "-"), ...rows]), "", ...methods];
  return [...table, ...refused].join("\n");
}
