// Executors with a planted error: the interpreter as a float32 executor would compute, with one operator wrong by 1%.

import { type Executor, operatorOf, type Tensor, topologicalOrder } from "../../../lib/graph/mod.ts";
import { type DType, isFloating, type NdArray } from "../../../lib/graph/mod.ts";
import { toArrayValue } from "../../../lib/graph/fuzz/case.ts";

/** What a float32 (or float16) executor stores. */
function stored(dtype: DType, value: number): number {
  if (dtype === "float32") return Math.fround(value);
  return dtype === "float16" ? new Float16Array([value])[0] : value;
}

/** 1% too large where it is a float, the next integer, the opposite truth value. */
function wrong(dtype: DType, value: number): number {
  if (isFloating(dtype)) return value * 1.01;
  return dtype === "bool" ? 1 - value : value + 1;
}

/** An executor that rounds after every operator, and computes the operators of type `planted` wrongly. */
export function plantedExecutor(planted: string | null): Executor {
  // deno-lint-ignore require-await -- executors are asynchronous
  return async (graph, feeds) => {
    const values = new Map<Tensor, NdArray>();
    const sizes: Record<string, number> = {};
    const leaves = [
      ...Object.entries(graph.inputs),
      ...graph.parameters.map((leaf) => [leaf.source.name, leaf] as const),
    ];
    for (const [name, leaf] of leaves) {
      const { shape, data } = feeds[name];
      leaf.shape.forEach((dim, axis) => typeof dim === "string" && (sizes[dim] = shape[axis]));
      values.set(leaf, { dtype: leaf.dtype, shape, data: Float64Array.from(data as ArrayLike<number>, Number) });
    }
    const valueOf = (tensor: Tensor): NdArray => {
      const known = values.get(tensor);
      if (known) return known;
      if (tensor.source.kind !== "constant") throw new Error("used before it is computed");
      const data = tensor.source.data.map((value) => stored(tensor.dtype, value));
      return { dtype: tensor.dtype, shape: tensor.shape as number[], data };
    };
    for (const { type, inputs, attributes, outputs } of topologicalOrder(Object.values(graph.outputs))) {
      const types = outputs.map(({ dtype, shape }) => ({
        dtype,
        shape: shape.map((dim) => (typeof dim === "number" ? dim : sizes[dim])),
      }));
      const results = operatorOf(type).evaluate(inputs.map(valueOf), attributes, types);
      outputs.forEach((tensor, i) => {
        const spoiled = type === planted ? results[i].data.map((value) => wrong(tensor.dtype, value)) : results[i].data;
        values.set(tensor, { ...results[i], data: spoiled.map((value) => stored(tensor.dtype, value)) });
      });
    }
    return Object.fromEntries(
      Object.entries(graph.outputs).map(([name, tensor]) => {
        const { dtype, shape, data } = valueOf(tensor);
        return [name, toArrayValue(dtype, shape, data)];
      }),
    );
  };
}
