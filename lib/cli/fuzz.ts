// deno task fuzz: random graphs on the interpreter and on other executors, and the smallest graph of each difference.

import { fuzz, type FuzzSummary } from "../graph/mod.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { fuzzTargets } from "./fuzz_executors.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

const PROGRESS_INTERVAL = 50;

/** Options of a command line. */
export function fuzzOptions(args: string[]): { graphs: number; seed: number; executors: string } {
  const { values } = parseCommand(args, {
    graphs: { type: "string", default: "20000" },
    seed: { type: "string", default: "0" },
    executors: { type: "string", default: "ort" },
  });
  return {
    graphs: wholeNumber("graphs", { text: values.graphs, least: 1 }),
    seed: wholeNumber("seed", { text: values.seed, least: 0 }),
    executors: values.executors,
  };
}

function wholeNumber(name: string, { text, least }: { text: string; least: number }): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
  throw new CommandError(`Cannot fuzz: expected --${name} to be an integer of at least ${least}, got "${text}"`);
}

/** What a run tells: the differences as source text, then counts. */
export function fuzzReport(summary: FuzzSummary): string {
  const { graphs, seconds, operators, uncovered, errorParts, skipped, failures } = summary;
  const counts = Object.entries(operators).sort(([, a], [, b]) => a - b);
  const parts = Object.entries(errorParts).map(([name, part]) =>
    `${name} ${part ? `${part.median.toPrecision(2)} (median), ${part.p99.toPrecision(2)} (99th percentile)` : "none"}`
  );
  return [
    ...failures.map(({ source }) => source),
    `${graphs} graphs in ${seconds.toFixed(1)} s (${(graphs / seconds).toFixed(0)}/s), ${failures.length} differences`,
    `Error of a graph as a part of its tolerance: ${parts.join("; ")}`,
    ...Object.entries(skipped).filter(([, count]) => count > 0)
      .map(([name, count]) => `Not compared, by known limitations of ${name}: ${count}`),
    `Graphs with each of ${counts.length} operators: ${counts.map(([type, count]) => `${type} ${count}`).join(", ")}`,
    ...(uncovered.length > 0 ? [`Not covered: ${uncovered.join(", ")}`] : []),
  ].join("\n");
}

/** Runs `deno task fuzz`; 1 when there is a difference. */
export async function fuzzMain(args: string[], terminal: Terminal, signal?: AbortSignal): Promise<number> {
  const { executors: list, ...options } = fuzzOptions(args);
  const startMs = performance.now();
  const summary = await fuzz({
    ...options,
    ...fuzzTargets(list),
    signal,
    async onProgress({ graphs, failures }) {
      if (graphs % PROGRESS_INTERVAL !== 0) return;
      const rate = graphs / (performance.now() - startMs) * 1000;
      terminal.live(`${graphs} of ${options.graphs} graphs, ${rate.toFixed(0)}/s, ${failures} differences`, false);
      // Executors block the thread: signals arrive only when it is given back.
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
  });
  terminal.line(fuzzReport(summary));
  signal?.throwIfAborted();
  return summary.failures.length > 0 ? 1 : 0;
}

if (import.meta.main) await runCommand((args, signal) => fuzzMain(args, ownTerminal(), signal));
