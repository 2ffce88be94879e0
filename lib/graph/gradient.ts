// Reverse-mode automatic differentiation: a scalar's gradients as further nodes of the same expression graph.

import { topologicalOrder } from "./graph.ts";
import { operatorOf } from "./operator.ts";
import { add } from "./ops.ts";
import { atOrigin, withOriginOf } from "./origin.ts";
import { NO_RECOMPUTATION, type Recomputation, recomputation } from "./recomputation.ts";
import { constant, describe, type Operation, type Tensor } from "./tensor.ts";
import { isFloating } from "./types.ts";

/** Options of the differentiation. */
export interface GradientOptions {
  /**
   * Trades time for memory: the forward pass is divided into so many segments, of which only the borders are kept, and each is
   * computed a second time for the backward pass. About the square root of the number of layers is best. The gradients keep
   * their bits. Default 1: everything is kept.
   */
  segments?: number;
}

/**
 * The gradients of `loss` with respect to each tensor of `wrt`, as tensors of the same shapes.
 *
 * @param loss scalar; the graph must have fixed dimensions where a mean or sum is taken (see bindDimensions)
 * @throws {TypeError} when the loss is no floating scalar, does not depend on a tensor of `wrt`, or an operator on the way
 *   has no gradient
 *
 * @example
 * ```ts
 * import { gradients, input, mul, reduceSum } from "lib/graph/mod.ts";
 * const x = input("x", "float32", [3]);
 * const [dx] = gradients(reduceSum(mul(x, x)), [x]); // 2 x
 * if (dx.shape[0] !== 3) throw new Error("the gradient has the shape of x");
 * ```
 */
export function gradients(loss: Tensor, wrt: readonly Tensor[], { segments = 1 }: GradientOptions = {}): Tensor[] {
  if (loss.shape.length !== 0 || !isFloating(loss.dtype)) {
    throw new TypeError(`Cannot differentiate ${describe(loss)}: expected a floating scalar`);
  }
  const adjoints = new Map<Tensor, Tensor>([[loss, constant(1, { dtype: loss.dtype })]]);
  const needed = dependents(loss, wrt);
  const wanted = new Set(wrt);
  const forward = segments === 1 ? NO_RECOMPUTATION : recomputation(loss, segments);
  for (const operation of topologicalOrder([loss]).reverse()) {
    if (!operation.outputs.some((output) => needed.has(output))) continue;
    withOriginOf(operation, () => propagate(operation, { adjoints, needed, forward }));
    for (const output of operation.outputs) if (!wanted.has(output)) adjoints.delete(output);
  }
  return wrt.map((tensor) => {
    const gradient = adjoints.get(tensor);
    if (!gradient) throw new TypeError(`Cannot differentiate: the loss does not depend on ${describe(tensor)}`);
    return gradient;
  });
}

/** Tensors between `wrt` and the loss: the only ones whose gradients are computed. */
function dependents(loss: Tensor, wrt: readonly Tensor[]): Set<Tensor> {
  const needed = new Set<Tensor>(wrt);
  for (const operation of topologicalOrder([loss])) {
    if (operation.inputs.some((input) => needed.has(input))) {
      for (const output of operation.outputs) needed.add(output);
    }
  }
  return needed;
}

function propagate(
  operation: Operation,
  { adjoints, needed, forward }: {
    /** Of what the backward pass has not gone through yet, and of what is wanted. */
    adjoints: Map<Tensor, Tensor>;
    needed: ReadonlySet<Tensor>;
    forward: Recomputation;
  },
): void {
  forward.enter(operation, adjoints);
  const outputGradients = operation.outputs.map((output) => adjoints.get(output) ?? null);
  if (outputGradients.every((gradient) => gradient === null)) return;
  const { gradient } = operatorOf(operation.type);
  if (!gradient) {
    throw new TypeError(`Cannot differentiate: ${operation.type} has no gradient${atOrigin(operation)}`);
  }
  const { inputs, outputs } = forward.tensorsOf(operation);
  const contributions = gradient({ inputs, outputs, attributes: operation.attributes, gradients: outputGradients });
  operation.inputs.forEach((input, i) => {
    const contribution = contributions[i];
    if (!contribution || !needed.has(input)) return;
    const sum = adjoints.get(input);
    // The sum last: ONNX Runtime computes what was written last first, and with the sum before it, all contributions would pile up.
    adjoints.set(input, sum ? add(contribution, sum) : contribution);
  });
}
