// Validation: the metrics graph over a split, averaged by rows.

import type { Graph } from "../graph/mod.ts";
import { type ArrayValue, compile, type Session } from "../runtime/mod.ts";
import { batchValues, type TrainingData } from "./training_data.ts";

/** Rows that are validated at once. */
export const VALIDATION_CHUNK_ROWS = 1024;

/** Computes metrics with parameters that are read where training keeps them. */
export interface Validator {
  /** Means over the rows of each output of the metrics graph, summed in float64. */
  evaluate(rows: Uint32Array): Promise<Record<string, number>>;
  release(): Promise<void>;
}

/** A validator of a metrics graph; `weights` is asked at each call. A session that is given is not released with it. */
export async function validator(
  metrics: Graph,
  { data, weights, threads, kept }: {
    data: TrainingData;
    weights: () => Promise<Record<string, ArrayValue>>;
    threads: number;
    kept?: Session;
  },
): Promise<Validator> {
  const session = kept ?? await compile(metrics, { threads });
  return {
    evaluate: async (rows) => evaluate(session, { metrics, data, weights: await weights(), rows }),
    release: () => kept ? Promise.resolve() : session.release(),
  };
}

async function evaluate(
  session: Session,
  { metrics, data, weights, rows }: {
    metrics: Graph;
    data: TrainingData;
    weights: Readonly<Record<string, ArrayValue>>;
    rows: Uint32Array;
  },
): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (let start = 0; start < rows.length; start += VALIDATION_CHUNK_ROWS) {
    const chunk = rows.subarray(start, start + VALIDATION_CHUNK_ROWS);
    const results = await session.run({ ...batchValues(metrics, data, chunk), ...weights });
    for (const [name, { data: values }] of Object.entries(results)) {
      const perRow = values.length === chunk.length && metrics.outputs[name].shape.length === 1;
      const sum = perRow
        ? (values as Float32Array).reduce((total, value) => total + value, 0)
        : Number(values[0]) * chunk.length;
      sums[name] = (sums[name] ?? 0) + sum;
    }
  }
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / rows.length]));
}
