// The reference that outputs are compared with: the float64 interpreter where it takes seconds at most, else ONNX Runtime on the CPU
// with each node computed as the model has it, nothing fused. It is computed in a process of its own.

import { join } from "node:path";
import {
  type ArrayValue,
  deserializeGraph,
  explain,
  float16ToFloat32,
  type Graph,
  interpret,
} from "../../graph/mod.ts";
import { MODEL_FILE, readValues, storeValues } from "../infer_exchange.ts";
import { compareOutputs } from "./correctness.ts";
import { openModel } from "./open_subject.ts";
import type { PreparedSubject } from "./subject.ts";

/** Operations that the interpreter does in a second or two. */
const INTERPRETED_FLOPS = 1e8;
/** How far ONNX Runtime's float32 may be from the interpreter in the first row. */
const ROW_BOUND = 1e-3;

/** Name of the index in the subject's folder. */
export const REFERENCE = "reference";

/**
 * Computes the reference of a subject into its folder.
 *
 * @returns what it was computed with, in words
 * @throws {Error} when ONNX Runtime's results and the interpreter's are not the same
 */
export async function storeReference({ graph, row, folder, batchSize }: PreparedSubject): Promise<string> {
  const model = graph && deserializeGraph(graph);
  if (model && explain(model).flops <= INTERPRETED_FLOPS) {
    await storeValues(folder, REFERENCE, named(interpreted(model, folder)));
    return "float64 interpreter";
  }
  const opened = await openModel(join(folder, MODEL_FILE), readValues(folder, "inputs"), {
    provider: { name: "cpu" },
    threads: 1,
    optimization: "disabled",
  });
  await opened.call();
  const outputs = opened.outputs!();
  await storeValues(folder, REFERENCE, named(outputs));
  const one = row && deserializeGraph(row);
  const isChecked = one !== null && explain(one).flops <= INTERPRETED_FLOPS;
  if (isChecked) {
    const { relativeError, output } = compareOutputs(interpreted(one, folder, batchSize), outputs);
    if (!(relativeError <= ROW_BOUND)) {
      throw new Error(
        `Cannot make a reference: ${output} of ONNX Runtime and the interpreter differ by ${relativeError}`,
      );
    }
  }
  await opened.release?.();
  const what = "ONNX Runtime on the CPU, nothing fused";
  return isChecked ? `${what}; its first row checked with the float64 interpreter` : what;
}

const named = (values: Record<string, ArrayValue>) => Object.entries(values).map(([name, value]) => ({ name, value }));

/** What the interpreter computes of the first of `rows` rows. */
function interpreted(model: Graph, folder: string, rows = 1): Record<string, ArrayValue> {
  const feed = ({ dtype, shape, data }: ArrayValue, part: number) => {
    const numbers = dtype === "float16" ? float16ToFloat32(data as Uint16Array) : data;
    const first = numbers.subarray(0, numbers.length / part);
    return {
      shape: part === 1 ? shape : [1, ...shape.slice(1)],
      data: first instanceof BigInt64Array ? Array.from(first, Number) : first,
    };
  };
  const feeds = [
    ...Object.entries(readValues(folder, "inputs")).map(([name, value]) => [name, feed(value, rows)] as const),
    ...Object.entries(readValues(folder, "weights")).map(([name, value]) => [name, feed(value, 1)] as const),
  ];
  const results = interpret(model, Object.fromEntries(feeds));
  return Object.fromEntries(
    Object.entries(results).map(([name, { shape, data }]) => [name, { dtype: "float64", shape, data }]),
  );
}
