// Validation: the metrics graph over a split, averaged by rows.

import { bindDimensions, explain, type Graph } from "../graph/mod.ts";
import { type ArrayValue, compile, type Session } from "../runtime/mod.ts";
import type { StepperOptions } from "./cpu_stepper.ts";
import { batchValues, type TrainingData } from "./training_data.ts";

const MOST_ROWS = 1024;
/** Intermediate results of the rows that are validated at once. */
const MOST_BYTES = 128 * 2 ** 20;
/** Rows that memory is judged by. */
const SAMPLE_ROWS = 8;

/**
 * Rows that are validated at once: 1024, or fewer of a model whose intermediate results would take more than 128 MiB; a recurrent one
 * keeps many for each row.
 *
 * @param sizes of other named dimensions, at most
 */
export function validationChunkRows(metrics: Graph, sizes: Readonly<Record<string, number>> = {}): number {
  const named = Object.values(metrics.inputs).some(({ shape }) => shape.includes("batch"));
  if (!named) return MOST_ROWS;
  const { peakActivationBytes } = explain(bindDimensions(metrics, { ...sizes, batch: SAMPLE_ROWS }));
  return Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_BYTES / (peakActivationBytes / SAMPLE_ROWS + 1))));
}

/** Computes metrics with parameters that are read where training keeps them. */
export interface Validator {
  /** Means over the rows of each output of the metrics graph, summed in float64. */
  evaluate(rows: Uint32Array): Promise<Record<string, number>>;
  release(): Promise<void>;
}

/** A validator of a metrics graph; `weights` is asked at each call. A session that is given is not released with it. */
export async function validator(
  metrics: Graph,
  { data, weights, threads, kept, frozen }: {
    data: TrainingData;
    /** Where the session finds parameters that `weights` does not give. */
    frozen?: StepperOptions["frozen"];
    weights: () => Promise<Record<string, ArrayValue>>;
    threads: number;
    kept?: Session;
  },
): Promise<Validator> {
  const inFiles = frozen?.external && { external: frozen.external, weightsInPlace: true };
  const session = kept ?? await compile(metrics, { threads, leanMemory: frozen !== undefined, ...inFiles });
  const { lengths } = data;
  const chunkRows = validationChunkRows(metrics, lengths && { [lengths.dimension]: lengths.longest });
  return {
    evaluate: async (rows) => evaluate(session, { metrics, data, weights: await weights(), rows, chunkRows }),
    release: () => kept ? Promise.resolve() : session.release(),
  };
}

async function evaluate(
  session: Session,
  { metrics, data, weights, rows, chunkRows }: {
    metrics: Graph;
    data: TrainingData;
    weights: Readonly<Record<string, ArrayValue>>;
    rows: Uint32Array;
    chunkRows: number;
  },
): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (let start = 0; start < rows.length; start += chunkRows) {
    const chunk = rows.subarray(start, start + chunkRows);
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
