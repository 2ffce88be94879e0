// Comparing an executor's results with float64, element by element, against the error bounds of the analysis.

import { type ArrayValue, formatShape } from "../types.ts";
import { analyse } from "./analysis.ts";
import type { Bounded } from "./bounds.ts";
import { type Executor, type FuzzCase, KnownLimitation } from "./case.ts";

/** How an executor failed on a case. */
export interface Difference {
  /** `wrong`: an element beyond its bound; `shape`: another shape or dtype; `refused`: the executor threw. */
  readonly kind: "wrong" | "shape" | "refused";
  /** The output at fault; null when the executor threw. */
  readonly output: string | null;
  readonly message: string;
}

/** What a comparison found: the first difference, or how near to its bound the worst element came. */
export interface Comparison {
  readonly difference: Difference | null;
  /** Largest error divided by its bound, in [0, 1] without a difference. */
  readonly worstRatio: number;
}

/** Compares one output. */
function compareOutput(name: string, expected: Bounded, actual: ArrayValue | undefined): Comparison {
  const fail = (kind: Difference["kind"], message: string): Comparison => ({
    difference: { kind, output: name, message: `${name}: ${message}` },
    worstRatio: Infinity,
  });
  const wanted = `${expected.dtype} ${formatShape(expected.shape)}`;
  if (!actual) return fail("shape", `expected ${wanted}, got nothing`);
  const got = `${actual.dtype} ${formatShape(actual.shape)}`;
  if (got !== wanted || actual.data.length !== expected.data.length) {
    return fail("shape", `expected ${wanted}, got ${got}`);
  }
  let worstRatio = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const value = Number(actual.data[i]);
    const distance = Math.abs(value - expected.data[i]);
    if (distance <= expected.error[i]) {
      worstRatio = Math.max(worstRatio, distance === 0 ? 0 : distance / expected.error[i]);
    } else {
      return fail(
        "wrong",
        `[${i}] expected ${expected.data[i]} +- ${expected.error[i].toExponential(1)}, got ${value}`,
      );
    }
  }
  return { difference: null, worstRatio };
}

/**
 * Runs a case on an executor and compares every output.
 *
 * @returns null when the case cannot be compared: it is unfit (which `randomGraph` never gives), or the executor says that
 *   its provider is known not to take it
 *
 * @example
 * ```ts
 * import { compareCase, randomGraph } from "lib/graph/mod.ts";
 * const comparison = await compareCase(randomGraph(1), () => Promise.reject(new Error("no such operator")));
 * console.log(comparison?.difference?.kind); // refused
 * ```
 */
export async function compareCase(
  { graph, feeds }: Omit<FuzzCase, "seed">,
  executor: Executor,
): Promise<Comparison | null> {
  const { problem, outputs } = analyse(graph, feeds);
  if (problem) return null;
  let results: Record<string, ArrayValue>;
  try {
    results = await executor(graph, feeds);
  } catch (error) {
    if (error instanceof KnownLimitation) return null;
    const message = error instanceof Error ? error.message : String(error);
    return { difference: { kind: "refused", output: null, message }, worstRatio: Infinity };
  }
  let worstRatio = 0;
  for (const [name, expected] of Object.entries(outputs)) {
    const comparison = compareOutput(name, expected, results[name]);
    if (comparison.difference) return comparison;
    worstRatio = Math.max(worstRatio, comparison.worstRatio);
  }
  return { difference: null, worstRatio };
}
