// Operators that stand for a graph of plain ones, as ONNX Runtime computes it in one kernel: fused attention, recurrent layers. What
// they compute is written once, as that graph. They are made by rewrites for inference, and have no gradient.

import { graph } from "../graph.ts";
import { interpret } from "../interpreter.ts";
import type { Operator } from "../operator.ts";
import { type Attributes, input, type Operation, type Tensor } from "../tensor.ts";
import type { TensorType } from "../types.ts";

/** A composite operator: an operator whose results are those of other operators. */
export interface CompositeDefinition extends Omit<Operator, "evaluate" | "gradient"> {
  /** The same results in plain operators. */
  expand(inputs: readonly Tensor[], attributes: Attributes): readonly Tensor[];
}

const definitions = new Map<string, CompositeDefinition>();

/** An operator from its definition. */
export function compositeOperator(definition: CompositeDefinition): Operator {
  const { type, domain, attributes, places, infer } = definition;
  definitions.set(type, definition);
  return {
    type,
    ...(domain !== undefined && { domain }),
    ...(attributes && { attributes }),
    ...(places && { places }),
    infer,
    evaluate(inputs, attributes) {
      const leaves = leavesLike(inputs);
      const results = definition.expand(leaves, attributes);
      const plain = graph(type, Object.fromEntries(results.map((tensor, i) => [String(i), tensor])));
      const feeds = Object.fromEntries(inputs.map(({ data, shape }, i) => [`in${i}`, { data, shape }]));
      const values = interpret(plain, feeds);
      return results.map((_, i) => values[i]);
    },
  };
}

/** Leaves with the types of given values, in their order. */
export function leavesLike(values: readonly TensorType[]): Tensor[] {
  return values.map(({ dtype, shape }, i) => input(`in${i}`, dtype, shape));
}

/** The plain operators that an operation stands for, applied to leaves like its inputs; null where it is plain itself. */
export function expanded(
  { type, attributes, inputs }: Operation,
  leaves?: readonly Tensor[],
): readonly Tensor[] | null {
  const definition = definitions.get(type);
  return definition ? definition.expand(leaves ?? leavesLike(inputs), attributes) : null;
}
