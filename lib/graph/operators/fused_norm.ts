// RMSNorm in one operator of ONNX Runtime.

import { defineOperators } from "../operator.ts";
import { add, div, mul, reduceMean, sqrt } from "../ops.ts";
import { describe, type Tensor } from "../tensor.ts";
import { type TensorType } from "../types.ts";
import { compositeOperator } from "./composite.ts";

function inferNorm([x, weight]: readonly Tensor[]): TensorType[] {
  const width = x.shape.at(-1);
  const fits = weight.shape.length === 1 && weight.shape[0] === width && weight.dtype === x.dtype;
  if (typeof width !== "number" || !fits) {
    const got = `${describe(x)} and ${describe(weight)}`;
    throw new TypeError(`Cannot normalise: expected x [..., width] and a weight [width] of its dtype, got ${got}`);
  }
  return [{ dtype: x.dtype, shape: x.shape }];
}

const normOperator = compositeOperator({
  type: "SimplifiedLayerNormalization",
  attributes: { axis: "int", epsilon: "float" },
  infer: inferNorm,
  expand([x, weight], { epsilon }) {
    const meanSquare = reduceMean(mul(x, x), { axes: [-1], keepDims: true });
    return [mul(div(x, sqrt(add(meanSquare, Number(epsilon)))), weight)];
  },
});

defineOperators(normOperator);
