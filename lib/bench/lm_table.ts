// The language model benchmark as text, for a terminal.

import { alignedTable } from "./benchmark_table.ts";
import type { LmBenchmark, LmFloor, LmSide, LmTimes } from "./lm_result.ts";

const HEADER = [
  "side",
  "weights GB",
  "load s",
  "peak GB (limit)",
  "prompt tokens/s",
  "time / peer's",
  "ms a token",
  "tokens/s",
  "time / peer's",
  "of the roofline",
  "logits off",
  "verdict",
];

/** A table of all sides, what the roofline is, what was converted, what is missing, and the floors, in Markdown. */
export function lmTable(result: LmBenchmark): string {
  const { model, weightsAre, parameterCount, promptTokens, generatedTokens, threads, provider, machine, gpu } = result;
  const lines = alignedTable([HEADER, HEADER.map(() => "-"), ...result.sides.map(sideRow)]);
  const rounds = Math.max(0, ...result.sides.map(({ loadMs }) => loadMs.length));
  lines.push(
    "",
    `${model}, weights ${weightsAre}, ${
      parameterCount.toLocaleString("en")
    } parameters; a prompt of ${promptTokens} tokens, ` +
      `${generatedTokens} generated; ${threads} ${threads === 1 ? "thread" : "threads"}, ${provider}; ${rounds} rounds`,
    `${machine.name}${gpu ? `; ${gpu.name}` : ""}`,
    ...versions(result),
    ...roofline(result),
    ...result.conversions.map(({ weights, ms, peakRssBytes }) =>
      `Opened in ${weights} before the rounds: ${seconds(ms)} s, ${gigabytes(peakRssBytes)} GB at most`
    ),
    ...result.sides.flatMap(remarks),
    ...result.missing.map(({ name, reason }) => `${name} is missing: ${withoutStack(reason).slice(-500)}`),
    ...result.floors.map(floorText),
  );
  if (!result.isComplete) lines.push("The run was not finished.");
  return lines.join("\n");
}

/** A child's last words without the lines that say where in the code. */
const withoutStack = (text: string) => text.split("\n").filter((line) => !/^ +at /.test(line)).join(" ");
const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(2);
const seconds = (ms: number) => (ms / 1000).toFixed(2);
const middle = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

function sideRow(side: LmSide): string[] {
  const { name, weightBytes, loadMs, peakRssBytes, limitRssBytes, prompt, generation, roofline, logits } = side;
  return [
    name,
    gigabytes(weightBytes),
    seconds(middle(loadMs)),
    `${gigabytes(peakRssBytes)} (${gigabytes(limitRssBytes)})`,
    prompt.tokensPerSecond.toFixed(1),
    ratio(prompt),
    generation.medianMs.toPrecision(3),
    generation.tokensPerSecond.toFixed(2),
    ratio(generation),
    roofline === null ? "" : `${roofline.value.toFixed(2)}${range(roofline.interval)}`,
    logits === null ? "" : logits.relative.toExponential(1),
    prompt.verdict === generation.verdict ? generation.verdict : `${prompt.verdict}, ${generation.verdict}`,
  ];
}

function ratio({ comparison }: LmTimes): string {
  return comparison === null ? "" : `${comparison.ratio.toFixed(3)}${range(comparison)}`;
}

function range(interval: { low: number; high: number } | null): string {
  return interval === null ? "" : ` (${interval.low.toFixed(2)} to ${interval.high.toFixed(2)})`;
}

function versions({ sides }: LmBenchmark): string[] {
  const told = sides.filter(({ role }) => role === "peer").map(({ version, settings }) =>
    `transformers ${version}: ${settings}`
  );
  return [...new Set(told)];
}

function roofline({ readBytesPerSecond: read }: LmBenchmark): string[] {
  if (read === null) return ["No roofline: the memory's read bandwidth was not measured."];
  const others = new Map<string, number[]>();
  for (const { name, bytesPerSecond } of read.ways.flat()) {
    others.set(name, [...others.get(name) ?? [], ...bytesPerSecond]);
  }
  const all = [...others].map(([name, values]) => `${name} ${gigabytes(middle(values))}`).join(", ");
  return [`Memory is read at ${gigabytes(read.value)} GB/s (${read.way}); in GB/s: ${all}`];
}

function remarks({ name, prompt, generation }: LmSide): string[] {
  const told = [["prompt", prompt], ["generation", generation]] as const;
  return told.flatMap(([what, { reasons, verdict }]) =>
    reasons.length > 0 ? [`${name}, ${what} ${verdict}: ${reasons.join("; ")}`] : []
  );
}

function floorText({ what, value, limit, isMet, atLeast }: LmFloor): string {
  return `${isMet ? "met" : "NOT MET"}: ${what}: ${value.toFixed(2)}, ${atLeast ? "at least" : "at most"} ${
    limit.toFixed(2)
  }`;
}
