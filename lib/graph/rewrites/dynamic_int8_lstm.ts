// LSTM layers with weights in bytes.

import { quantizedLstm } from "../ops_fused.ts";
import { rewriteGraph } from "../rewrite.ts";
import { constant, isParameter, type Operation, type Parameter, type Tensor } from "../tensor.ts";
import { type ArrayValue } from "../types.ts";
import { once, type ProductSelection, transposedMatrix } from "./dense_products.ts";
import { quantizeColumns } from "./int8_weights.ts";
import { convertedParameter, floatWeight, reachedWeights, type WeightedGraph, type Weights } from "./weights.ts";

/** A matrix `[1, k, n]` of bytes with its scales and zero points `[1, n]`. */
interface Matrix {
  values: Tensor;
  scale: Tensor;
  zeroPoint: Tensor;
  weights: Weights;
}

/** Replaces each LSTM (see fuseLstm) of which both matrices are selected. */
export function quantizeLstms(source: WeightedGraph, { select = () => true }: ProductSelection): WeightedGraph {
  const converted: Record<string, ArrayValue> = {};
  const cached = once<Matrix>();
  const inBytes = (parameter: Parameter): Matrix => {
    const made = cached(parameter.source.name, () => quantized(parameter, source.weights));
    Object.assign(converted, made.weights);
    return made;
  };
  const rewritten = rewriteGraph(source.graph, {
    operation({ type, attributes }: Operation, [x, weight, recurrence, bias]) {
      if (type !== "LSTM" || !isParameter(weight) || !isParameter(recurrence)) return null;
      if (!select(weight.source.name) || !select(recurrence.source.name)) return null;
      const [w, r] = [inBytes(weight), inBytes(recurrence)];
      const scales = {
        weightScale: w.scale,
        weightZeroPoint: w.zeroPoint,
        recurrenceScale: r.scale,
        recurrenceZeroPoint: r.zeroPoint,
      };
      const layer = { weight: w.values, recurrence: r.values, bias, ...scales };
      return [quantizedLstm(x, layer, { hiddenDim: Number(attributes.hidden_size) })];
    },
  });
  return Object.keys(converted).length === 0 ? source : reachedWeights(rewritten, source.weights, converted);
}

/** `[1, n, k]` in bytes by column of its transpose. */
function quantized(parameter: Parameter, weights: Weights): Matrix {
  const [, n, k] = parameter.shape as number[];
  const name = `${parameter.source.name}.int8`;
  const matrix = transposedMatrix(floatWeight(parameter, weights), { k, n });
  const { values, scale } = quantizeColumns(matrix, { k, n }, 7);
  const stored = {
    [name]: { ...values, shape: [1, k, n] },
    [`${name}.scale`]: { ...scale, shape: [1, n] },
  };
  return {
    values: convertedParameter(name, stored[name]),
    scale: convertedParameter(`${name}.scale`, stored[`${name}.scale`]),
    zeroPoint: constant(new Float64Array(n), { dtype: "int8", shape: [1, n] }),
    weights: stored,
  };
}
