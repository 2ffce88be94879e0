// Calibration: which values the inputs of a graph's products take over given batches.

import { type Graph, graph, topologicalOrder } from "../graph.ts";
import { type FeedArray, interpret } from "../interpreter.ts";
import { neg, reduceMax } from "../ops.ts";
import { type Tensor } from "../tensor.ts";
import { denseProduct } from "./dense_products.ts";
import { type WeightedGraph } from "./weights.ts";

/** Smallest and largest value of the left operand of each product, by the product's place in the topological order. */
export type ActivationRanges = ReadonlyMap<number, { readonly low: number; readonly high: number }>;

/** Computes the outputs of a graph; feeds hold inputs and parameters. */
export type Execute = (
  graph: Graph,
  feeds: Readonly<Record<string, FeedArray>>,
) => Promise<Readonly<Record<string, { readonly data: ArrayLike<number | bigint> }>>>;

/** Options of the calibration. */
export interface CalibrationOptions {
  /** Values of the graph's inputs by name, a record a batch; at least one. */
  batches: Iterable<Readonly<Record<string, FeedArray>>> | AsyncIterable<Readonly<Record<string, FeedArray>>>;
  /** What computes. Default: the interpreter, which is slow. */
  execute?: Execute;
}

const interpreted: Execute = (graph, feeds) => Promise.resolve(interpret(graph, feeds));

/**
 * Runs batches through a graph and keeps the range of what each product with a parameter reads.
 *
 * @throws {RangeError} when there is no batch, or a value is not finite
 */
export async function activationRanges(
  { graph: original, weights }: WeightedGraph,
  { batches, execute = interpreted }: CalibrationOptions,
): Promise<ActivationRanges> {
  const read = productInputs(original);
  const outputs = Object.fromEntries(
    [...read].flatMap(([place, x]) => [[`high${place}`, reduceMax(x)], [`low${place}`, reduceMax(neg(x))]]),
  );
  const probe = graph(`${original.name}-ranges`, outputs);
  const fed = Object.keys(probe.inputs);
  const parameters = Object.fromEntries(
    probe.parameters.map(({ source: { name } }) => [name, weights[name] as FeedArray]),
  );
  const ranges = new Map([...read.keys()].map((place) => [place, { low: 0, high: 0 }]));
  let count = 0;
  for await (const batch of batches) {
    count++;
    const inputs = Object.fromEntries(fed.map((name) => [name, batch[name]]));
    const results = await execute(probe, { ...inputs, ...parameters });
    for (const [place, range] of ranges) {
      const [high, low] = [results[`high${place}`], results[`low${place}`]].map(({ data }) => Number(data[0]));
      if (!Number.isFinite(high) || !Number.isFinite(low)) {
        throw new RangeError(`Cannot calibrate ${original.name}: batch ${count} gives values that are not finite`);
      }
      range.low = Math.min(range.low, -low);
      range.high = Math.max(range.high, high);
    }
  }
  if (count === 0) throw new RangeError(`Cannot calibrate ${original.name}: expected at least one batch, got none`);
  return ranges;
}

function productInputs(original: Graph): Map<number, Tensor> {
  const inputs = new Map<number, Tensor>();
  topologicalOrder(Object.values(original.outputs)).forEach((operation, place) => {
    if (denseProduct(operation)) inputs.set(place, operation.inputs[0]);
  });
  return inputs;
}
