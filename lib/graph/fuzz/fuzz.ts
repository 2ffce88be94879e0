// The fuzzer: random graphs one after the other, each on every executor, failures shrunk to their smallest graph.

import { quantile } from "../../statistics/mod.ts";
import { type Graph, topologicalOrder } from "../graph.ts";
import { operatorTypes } from "../operator.ts";
import type { DType } from "../types.ts";
import type { Executor, FuzzCase } from "./case.ts";
import { compareCase, type Comparison, type Difference } from "./compare.ts";
import { gradientDifference } from "./gradient_check.ts";
import { randomGraph } from "./random_graph.ts";
import { type Candidate, shrink } from "./shrink.ts";
import { caseSource } from "./source_text.ts";

/** Options of a run. */
export interface FuzzOptions {
  /** How many graphs. */
  graphs: number;
  /** Seed of the first graph; the others follow. Default 0. */
  seed?: number;
  executors: Readonly<Record<string, Executor>>;
  /** Dtypes beside float32 that all executors take; default all. */
  dtypes?: readonly DType[];
  /** Operators to draw from, where an executor lacks some; default all registered ones. */
  operators?: readonly string[];
  /** Applications of operators in each graph; default 1 to 14 by the seed. */
  size?: number;
  /** The run ends after this many failures. Default 5. */
  maxFailures?: number;
  /** Called after every graph; awaited. */
  onProgress?(state: { graphs: number; failures: number }): void | Promise<void>;
  signal?: AbortSignal;
}

/** A graph on which an executor, or the gradient, is wrong. */
export interface FuzzFailure {
  readonly seed: number;
  /** Name of the executor; `gradient` when float64 differences disagree with the graph's own gradient. */
  readonly executor: string;
  readonly difference: Difference;
  /** The smallest case found that fails in the same way, and its source text. */
  readonly smallest: FuzzCase;
  readonly source: string;
}

/** What a run found. */
export interface FuzzSummary {
  readonly graphs: number;
  readonly seconds: number;
  /** In how many graphs an operator occurred. */
  readonly operators: Readonly<Record<string, number>>;
  /** Operators that were to be drawn and did not occur. */
  readonly uncovered: readonly string[];
  /**
   * Largest error of a graph as a part of its tolerance, in half of the graphs and in 99 of 100; null where none was compared.
   * 1 is no near miss where the bound is exact, as for a cast to float16.
   */
  readonly errorParts: Readonly<Record<string, { median: number; p99: number } | null>>;
  /** How many graphs each executor was known not to take. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly failures: readonly FuzzFailure[];
}

/**
 * Compares executors with the float64 interpreter on random graphs, and gradients with float64 differences.
 *
 * @example
 * ```ts
 * import { fuzz } from "lib/graph/mod.ts";
 * import { compile } from "lib/runtime/mod.ts";
 * const summary = await fuzz({
 *   graphs: 3,
 *   executors: {
 *     ort: async (graph, feeds) => {
 *       const session = await compile(graph, { threads: 1 });
 *       return await session.run(feeds).finally(() => session.release());
 *     },
 *   },
 * });
 * console.log(summary.failures.length); // 0
 * ```
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzSummary> {
  const { graphs, seed = 0, executors, operators = operatorTypes(), maxFailures = 5, onProgress, signal } = options;
  const { size, dtypes } = options;
  const startMs = performance.now();
  const counts: Record<string, number> = {};
  const ratios: Record<string, number[]> = Object.fromEntries(Object.keys(executors).map((name) => [name, []]));
  const skipped = Object.fromEntries(Object.keys(executors).map((name) => [name, 0]));
  const failures: FuzzFailure[] = [];
  let done = 0;
  for (; done < graphs && failures.length < maxFailures && !signal?.aborted; done++) {
    const drawn = randomGraph(seed + done, { size, dtypes, operators });
    for (const type of typesOf(drawn.graph)) counts[type] = (counts[type] ?? 0) + 1;
    for (const [name, executor] of Object.entries({ ...executors, gradient: null })) {
      const compare = executor ? (candidate: Candidate) => compareCase(candidate, executor) : compareGradient;
      const comparison = await compare(drawn);
      if (comparison?.difference) failures.push(await reduced(drawn, { name, compare, first: comparison.difference }));
      else if (!comparison) skipped[name]++;
      else if (executor) ratios[name].push(comparison.worstRatio);
    }
    await onProgress?.({ graphs: done + 1, failures: failures.length });
  }
  return {
    graphs: done,
    seconds: (performance.now() - startMs) / 1000,
    operators: counts,
    uncovered: operators.filter((type) => !counts[type]),
    errorParts: Object.fromEntries(Object.entries(ratios).map(([name, samples]) => [name, parts(samples)])),
    skipped,
    failures,
  };
}

function parts(samples: readonly number[]): { median: number; p99: number } | null {
  return samples.length === 0 ? null : { median: quantile(samples, 0.5), p99: quantile(samples, 0.99) };
}

function typesOf(graph: Graph): Set<string> {
  return new Set(topologicalOrder(Object.values(graph.outputs)).map(({ type }) => type));
}

type Compare = (candidate: Candidate) => Promise<Comparison | null>;

// deno-lint-ignore require-await -- the same form as a comparison with an executor
async function compareGradient(candidate: Candidate): Promise<Comparison | null> {
  return { difference: gradientDifference(candidate), worstRatio: 0 };
}

/** Shrinks a failure; a smaller graph counts when it fails in the same way. */
async function reduced(
  drawn: FuzzCase,
  { name, compare, first }: { name: string; compare: Compare; first: Difference },
): Promise<FuzzFailure> {
  const fails = async (candidate: Candidate) => isSame(first, (await compare(candidate))?.difference);
  const smallest = await shrink(drawn, fails);
  const difference = (await compare(smallest))?.difference ?? first;
  const text = `// ${name}: ${difference.message.replaceAll("\n", " ")}\n${caseSource(smallest)}`;
  return { seed: drawn.seed, executor: name, difference, smallest, source: text };
}

/** Messages without names and numbers are equal when an executor refuses a graph for the same reason. */
function isSame(first: Difference, other: Difference | null | undefined): boolean {
  if (!other || other.kind !== first.kind) return false;
  const reason = ({ message }: Difference) => message.replace(/\d+/g, "").slice(0, 60);
  return first.kind !== "refused" || reason(first) === reason(other);
}
