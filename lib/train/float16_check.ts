// Whether a trained model fits in half precision, tried on rows of the data that it was trained on.

import {
  type ArrayValue,
  checkFloat16Range,
  type FeedArray,
  type Graph,
  graph as closeGraph,
  type Tensor,
} from "../graph/mod.ts";
import { compile } from "../runtime/mod.ts";
import { batchValues, type DataSource, openTrainingData, type TrainingData } from "./training_data.ts";

/** Training rows that are tried. */
const CHECKED_ROWS = 256;

/** What is checked. */
export interface Float16CheckOptions {
  /** The model, from the columns of its data. */
  forward: Graph;
  /** The part that is converted: all of the model, or a part that may start from one of its outputs, `latent`. */
  part: Graph;
  weights: Readonly<Record<string, ArrayValue>>;
  data: DataSource;
}

/**
 * Computes a part of a model in float32 on its first training rows, and refuses it when float16 cannot hold a value.
 *
 * @returns what was tried, for the exported file: `256 rows`, or why nothing was
 * @throws {RangeError} naming the first node that exceeds 65504 in magnitude, the value, and its line in the model if known
 */
export async function checkPartInFloat16({ forward, part, weights, data }: Float16CheckOptions): Promise<string> {
  const opened = await openTrainingData(data).catch(() => null);
  if (opened === null) return "not checked: the data could not be opened";
  const rows = opened.train.subarray(0, CHECKED_ROWS);
  const batch = await partInputs(part, { forward, weights, data: opened, rows });
  await checkFloat16Range({ graph: part, weights }, {
    batches: [batch as Record<string, FeedArray>],
    execute: (probe, feeds) => computed(probe, feeds as Record<string, ArrayValue>),
  });
  return `${rows.length} rows`;
}

/** Values of the part's inputs: columns of the data, and outputs of the model. */
async function partInputs(
  part: Graph,
  { forward, weights, data, rows }: {
    forward: Graph;
    weights: Readonly<Record<string, ArrayValue>>;
    data: TrainingData;
    rows: Uint32Array;
  },
): Promise<Record<string, ArrayValue>> {
  const columns = (graph: Graph) => typed(graph.inputs, batchValues(graph, data, rows));
  const made = Object.keys(part.inputs).filter((name) => !(name in data.columns));
  const read = Object.fromEntries(Object.entries(part.inputs).filter(([name]) => name in data.columns));
  const given = columns({ ...part, inputs: read });
  if (made.length === 0) return given;
  const wanted = closeGraph("inputs", Object.fromEntries(made.map((name) => [name, forward.outputs[name]])));
  return { ...given, ...await computed(wanted, { ...columns(wanted), ...pick(weights, wanted) }) };
}

const pick = (weights: Readonly<Record<string, ArrayValue>>, { parameters }: Graph) =>
  Object.fromEntries(parameters.map(({ source: { name } }) => [name, weights[name]]));

/** Columns are float32; ids and masks of a model may not be. */
function typed(
  inputs: Readonly<Record<string, Tensor>>,
  values: Readonly<Record<string, ArrayValue>>,
): Record<string, ArrayValue> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const { dtype } = inputs[name];
      const numbers = value.data as Float32Array;
      switch (dtype) {
        case "int64":
          return [name, { ...value, dtype, data: BigInt64Array.from(numbers, BigInt) }];
        case "int32":
          return [name, { ...value, dtype, data: Int32Array.from(numbers) }];
        case "bool":
        case "uint8":
          return [name, { ...value, dtype, data: Uint8Array.from(numbers) }];
        default:
          return [name, value];
      }
    }),
  );
}

async function computed(
  graph: Graph,
  feeds: Readonly<Record<string, ArrayValue>>,
): Promise<Record<string, ArrayValue>> {
  const session = await compile(graph);
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}
