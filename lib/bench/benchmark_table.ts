// A benchmark as text, for a terminal.

import { type Benchmark, cellName } from "./benchmark.ts";
import type { Cell, Side } from "./cell.ts";

const LEFT = ["subject", "batch", "threads"];
const RIGHT = ["ours / best peer", "95% interval", "best peer", "verdict"];

/** A table of all cells with a column for every side, the overall ratio, controls, overheads, and what is missing, in Markdown. */
export function benchmarkTable(benchmark: Benchmark): string {
  const { cells, machine, controls, overheads, skipped } = benchmark;
  const names = [...new Set(cells.flatMap(({ sides }) => sides.map(({ name }) => name)))];
  const header = [...LEFT, ...names.map((name) => `${name} ms`), ...RIGHT];
  const lines = alignedTable([header, header.map(() => "-"), ...cells.map((cell) => cellRow(cell, names))]);
  lines.push("", machine.name, ...versions(cells));
  const elsewhere = cells.filter((cell) => cell.machine.id !== machine.id).length;
  if (elsewhere > 0) lines.push(`${elsewhere} of these cells were measured on another machine and do not count.`);
  lines.push(...overall(benchmark));
  lines.push(...controls.map((cell) => `Control, ours against itself at ${cellName(cell)}: ${ratioText(cell)}`));
  lines.push(...overheads.map(overheadText));
  lines.push(...skipped.map((cell) => `${cellName(cell)}: ${cell.reason}`));
  lines.push(...[...cells, ...overheads].flatMap(remarks));
  return lines.join("\n");
}

/** Rows as a Markdown table whose columns stand under each other; a row of "-" is the line below the header. */
export function alignedTable(rows: readonly string[][]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => {
    const padded = row.map((text, i) => (text === "-" ? "-".repeat(widths[i]) : text.padStart(widths[i])));
    return `| ${padded.join(" | ")} |`;
  });
}

function cellRow(cell: Cell, names: readonly string[]): string[] {
  const { subject, batchSize, threads, sides, comparison, verdict } = cell;
  const ms = (name: string) => sides.find((side) => side.name === name)?.medianMs.toPrecision(3) ?? "";
  return [
    subject,
    String(batchSize),
    String(threads),
    ...names.map(ms),
    comparison ? comparison.ratio.toFixed(3) : "",
    comparison ? `${comparison.low.toFixed(3)} to ${comparison.high.toFixed(3)}` : "",
    comparison?.peer ?? "",
    verdict,
  ];
}

/** Each peer with its version and settings, once. */
function versions(cells: readonly Cell[]): string[] {
  const told = cells.flatMap(({ sides }) =>
    sides.filter(({ role }) => role !== "ours").map(({ name, version, settings }) =>
      `${[name, version].filter(Boolean).join(" ")}: ${settings}`
    )
  );
  return [...new Set(told)];
}

function overall({ ratio, low, high, n, cellsCounted, largest }: Benchmark): string[] {
  if (ratio === null || low === null || high === null || largest === null) {
    return ["Overall: no cell counts: none has a peer that does and is not INVALID."];
  }
  return [
    `Overall: our time is ${ratio.toFixed(3)} of the best peer's (${low.toFixed(3)} to ${
      high.toFixed(3)
    }; geometric mean of ${cellsCounted} cells, ${n} pairs)`,
    `Largest: ${largest.ratio.toFixed(3)} at ${cellName(largest)}`,
  ];
}

function ratioText({ comparison, verdict }: Cell): string {
  if (comparison === null) return verdict;
  const { ratio, low, high } = comparison;
  return `${ratio.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)}), ${verdict}`;
}

function overheadText(cell: Cell): string {
  const us = ({ name, medianMs, iqrMs }: Side) =>
    `${name} ${(medianMs * 1000).toPrecision(3)} us (IQR ${(iqrMs * 1000).toPrecision(2)})`;
  return `Overhead of a call, ${cellName(cell)}: ${cell.sides.map(us).join(", ")}; ${cell.verdict}`;
}

function remarks(cell: Cell): string[] {
  const name = cellName(cell);
  const lines = cell.reasons.length > 0 ? [`${name} ${cell.verdict}: ${cell.reasons.join("; ")}`] : [];
  for (const side of cell.sides) {
    if (side.role === "other" && side.verdict !== "VALID") {
      lines.push(`${name} ${side.name} ${side.verdict}: ${side.reasons.join("; ")}`);
    }
  }
  return [...lines, ...cell.missing.map((side) => `${name}: no ${side.name}: ${side.reason.slice(-300)}`)];
}
