// The training benchmark as text, for a terminal.

import type { Cell, TrainBenchmark } from "./train_benchmark.ts";

const HEADER = ["S", "batch", "ours ms", "samples/s", "PyTorch ms", "samples/s", "x faster", "95% interval", "verdict"];

/** A table of all cells, the control, and the overall ratio, in Markdown. */
export function trainTable({ cells, control, ratio, low, high, n, machine, peer }: TrainBenchmark): string {
  const rows = [HEADER, HEADER.map(() => "-"), ...cells.map(cellRow)];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) => {
    const padded = row.map((text, i) => (text === "-" ? "-".repeat(widths[i]) : text.padStart(widths[i])));
    return `| ${padded.join(" | ")} |`;
  });
  const threads = cells[0]?.threads;
  const against = peer
    ? `PyTorch ${peer.version} (${peer.settings})`
    : "no peer: PEER_PYTHON names no Python with torch";
  lines.push("", `${machine.name}, ${threads} threads; ${against}`);
  if (ratio !== null) {
    lines.push(
      `Overall: ours is ${ratio.toFixed(2)} times as fast (${low?.toFixed(2)} to ${high?.toFixed(2)}, n = ${n})`,
    );
  }
  if (control) {
    const { comparison, studentDim, batchSize, verdict } = control;
    const range = `${comparison.low.toFixed(3)} to ${comparison.high.toFixed(3)}`;
    lines.push(
      `Control, ours against itself at ${studentDim} x ${batchSize}: ${
        comparison.ratio.toFixed(3)
      } (${range}), ${verdict}`,
    );
  }
  const explained = cells.filter(({ reasons }) => reasons.length > 0);
  lines.push(
    ...explained.map(({ studentDim, batchSize, verdict, reasons }) =>
      `${studentDim} x ${batchSize} ${verdict}: ${reasons.join("; ")}`
    ),
  );
  return lines.join("\n");
}

function cellRow({ studentDim, batchSize, ours, peer, comparison, verdict }: Cell): string[] {
  const ms = (value: number | undefined) => (value === undefined ? "" : value.toPrecision(3));
  const rate = (value: number | undefined) => (value === undefined ? "" : Math.round(value).toLocaleString("en"));
  return [
    String(studentDim),
    String(batchSize),
    ms(ours.medianMs),
    rate(ours.samplesPerSecond),
    ms(peer?.medianMs),
    rate(peer?.samplesPerSecond),
    comparison ? comparison.ratio.toFixed(2) : "",
    comparison ? `${comparison.low.toFixed(2)} to ${comparison.high.toFixed(2)}` : "",
    verdict,
  ];
}
