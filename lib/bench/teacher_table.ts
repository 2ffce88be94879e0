// The teacher's benchmark as text, for a terminal.

import type { TeacherBenchmark, TeacherCell } from "./teacher_benchmark.ts";

const HEADER = ["texts", "batch", "ours ms", "texts/s", "peer ms", "texts/s", "x faster", "95% interval", "verdict"];

/** A table of all cells and the control, in Markdown. */
export function teacherTable({ cells, control, machine, peer }: TeacherBenchmark): string {
  const rows = [HEADER, HEADER.map(() => "-"), ...cells.map(cellRow)];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) => {
    const padded = row.map((text, i) => (text === "-" ? "-".repeat(widths[i]) : text.padStart(widths[i])));
    return `| ${padded.join(" | ")} |`;
  });
  const against = peer
    ? `${peer.name} ${peer.version} (${peer.settings})`
    : "no peer: PEER_PYTHON names no Python with sentence-transformers";
  lines.push("", `${machine.name}, ${cells[0]?.threads} threads; ${against}`);
  if (control) {
    const { comparison: { ratio, low, high }, texts, batchSize, verdict } = control;
    const range = `${low.toFixed(3)} to ${high.toFixed(3)}`;
    lines.push(`Control, ours against itself at ${texts} x ${batchSize}: ${ratio.toFixed(3)} (${range}), ${verdict}`);
  }
  for (const { texts, batchSize, verdict, reasons } of cells) {
    if (reasons.length > 0) lines.push(`${texts} x ${batchSize} ${verdict}: ${reasons.join("; ")}`);
  }
  return lines.join("\n");
}

function cellRow({ texts, batchSize, ours, peer, comparison, verdict }: TeacherCell): string[] {
  const ms = (value: number | undefined) => (value === undefined ? "" : value.toPrecision(3));
  const rate = (value: number | undefined) => (value === undefined ? "" : Math.round(value).toLocaleString("en"));
  return [
    String(texts),
    String(batchSize),
    ms(ours.medianMs),
    rate(ours.textsPerSecond),
    ms(peer?.medianMs),
    rate(peer?.textsPerSecond),
    comparison ? comparison.ratio.toFixed(2) : "",
    comparison ? `${comparison.low.toFixed(2)} to ${comparison.high.toFixed(2)}` : "",
    verdict,
  ];
}
