// Several subjects whose processes take turns: what changes on the machine over minutes, and how a process happens to lie in memory,
// then meets all of them, and a comparison draws from several processes of each.

import { type ReferenceOf, startBench, type StartedBench, withSubject } from "./bench.ts";
import type { BenchOptions } from "./bench_settings.ts";
import type { BenchRecord } from "./record.ts";
import type { PreparedSubject } from "./subject.ts";

/** Called before a round of processes, counted from 1. */
export type OnRound = (round: number) => void;

/**
 * Measures each subject in `processes` fresh processes: one of each subject, then the next one of each, in the other direction.
 *
 * @returns a record each, in the order of the subjects, also of what is absent, wrong or failed
 * @throws as `bench` does
 *
 * @example
 * ```ts
 * import { benchInRounds } from "lib/bench/mod.ts";
 * import { graph, input, relu, tanh } from "lib/graph/mod.ts";
 * const x = input("x", "float32", ["batch", 8]);
 * const provider = { name: "cpu" } as const;
 * const settings = { provider, processes: 2, limits: { minMs: 4, minCount: 8 }, warmUpMs: 1 };
 * const records = await benchInRounds([
 *   { subject: { name: "relu", graph: graph("relu", { y: relu(x) }) }, ...settings },
 *   { subject: { name: "tanh", graph: graph("tanh", { y: tanh(x) }) }, ...settings },
 * ]);
 * if (records.map(({ runs }) => runs.length).join() !== "2,2") throw new Error("two processes each");
 * ```
 */
export async function benchInRounds(
  subjects: readonly BenchOptions[],
  { onRound }: { onRound?: OnRound } = {},
): Promise<BenchRecord[]> {
  return await withAll(subjects, [], async (prepared) => {
    const started: StartedBench[] = [];
    for (const [i, { subject: _, ...settings }] of subjects.entries()) {
      const { subject, reference } = prepared[i];
      started.push(await startBench(subject, { ...settings, reference }));
    }
    let left = [...started];
    for (let round = 1; left.length > 0; round++) {
      onRound?.(round);
      const goOn = new Set<StartedBench>();
      for (const one of round % 2 === 1 ? left : left.toReversed()) if (await one.next()) goOn.add(one);
      left = left.filter((one) => goOn.has(one));
    }
    return started.map((one) => one.record());
  });
}

interface Prepared {
  subject: PreparedSubject;
  reference: ReferenceOf;
}

/** Prepares all subjects, each in a folder that is there until `use` has ended. */
async function withAll<T>(
  [first, ...others]: readonly BenchOptions[],
  prepared: readonly Prepared[],
  use: (prepared: readonly Prepared[]) => Promise<T>,
): Promise<T> {
  if (first === undefined) return await use(prepared);
  const { subject, batchSize = 1, signal } = first;
  return await withSubject(
    subject,
    batchSize,
    async (made, reference) => await withAll(others, [...prepared, { subject: made, reference }], use),
    signal,
  );
}
