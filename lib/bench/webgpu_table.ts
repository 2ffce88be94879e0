// The WebGPU benchmark as text, for a terminal.

import type { GpuCell, WebGpuBenchmark } from "./webgpu_benchmark.ts";

const HEADER = ["S", "batch", "side", "ms a step", "IQR", "n", "samples/s", "x faster than ours"];

/** A table of all sides, each cell's verdict, and where the time of our step goes, in Markdown. */
export function webgpuTable({ cells, gpu, machine, peerVersion }: WebGpuBenchmark): string {
  const rows = [HEADER, HEADER.map(() => "-"), ...cells.flatMap(sideRows)];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) => {
    const padded = row.map((text, i) => (text === "-" ? "-".repeat(widths[i]) : text.padStart(widths[i])));
    return `| ${padded.join(" | ")} |`;
  });
  const device = gpu ? [gpu.name, gpu.driver, gpu.memory].filter(Boolean).join(", ") : "unknown GPU";
  lines.push("", `${device}; ${machine.name}; ${peerVersion ? `PyTorch ${peerVersion}` : "no PyTorch"}`);
  return [...lines, ...cells.flatMap(remarks)].join("\n");
}

function sideRows({ studentDim, batchSize, sides }: GpuCell): string[][] {
  return sides.map(({ name, medianMs, iqrMs, n, samplesPerSecond }) => [
    String(studentDim),
    String(batchSize),
    name,
    medianMs.toPrecision(3),
    iqrMs.toPrecision(2),
    String(n),
    Math.round(samplesPerSecond).toLocaleString("en"),
    (sides[0].medianMs / medianMs).toFixed(2),
  ]);
}

function remarks({ studentDim, batchSize, verdict, reasons, missing, profile }: GpuCell): string[] {
  const cell = `${studentDim} x ${batchSize}`;
  const lines = reasons.length > 0 ? [`${cell} ${verdict}: ${reasons.join("; ")}`] : [];
  lines.push(...missing.map(({ name, reason }) => `${cell}: ${name} is missing: ${reason.slice(-300)}`));
  if (profile) {
    const { nodes, programs, runMs, sendMs, deviceMs, operators } = profile;
    const top = operators.slice(0, 8).map(({ operator, count, deviceMs: ms }) =>
      `${operator} ${ms.toFixed(3)} (${count})`
    );
    const device = deviceMs === null ? "unknown" : `${deviceMs.toFixed(3)} ms`;
    lines.push(
      `${cell} profiled: ${nodes} nodes, ${programs} programs; run ${runMs.toFixed(3)} ms, sending ${
        sendMs.toFixed(3)
      } ms, device ${device}: ${top.join(", ")}`,
    );
  }
  return lines;
}
