// Attention in one operator of ONNX Runtime.

import { defineOperators } from "../operator.ts";
import { matMul, mul, reshape, softmax, transpose } from "../ops.ts";
import { describe, type Tensor } from "../tensor.ts";
import { formatShape, type TensorType } from "../types.ts";
import { compositeOperator } from "./composite.ts";

function inferAttention([queries, keys, values]: readonly Tensor[], heads: number): TensorType[] {
  const [batch, , width] = queries.shape;
  const fits = [queries, keys, values].every(({ shape, dtype }) =>
    shape.length === 3 && shape[0] === batch && shape[2] === width && dtype === "float32"
  );
  if (!fits || keys.shape[1] !== values.shape[1]) {
    throw new TypeError(
      `Cannot attend: expected queries [batch, asking, width], keys and values [batch, sequence, width] in float32, got ${
        describe(queries)
      }, ${formatShape(keys.shape)} and ${formatShape(values.shape)}`,
    );
  }
  if (typeof width !== "number" || !Number.isInteger(heads) || heads < 1 || width % heads !== 0) {
    throw new RangeError(`Cannot attend: expected a number of heads that divides ${width}, got ${heads}`);
  }
  return [{ dtype: queries.dtype, shape: queries.shape }];
}

const attentionOperator = compositeOperator({
  type: "MultiHeadAttention",
  domain: "com.microsoft",
  attributes: { num_heads: "int", scale: "float" },
  infer: (inputs, { num_heads }) => inferAttention(inputs, Number(num_heads)),
  expand([queries, keys, values], { num_heads, scale }) {
    const heads = Number(num_heads);
    const width = Number(queries.shape[2]);
    const inHeads = (x: Tensor, order: readonly number[]) =>
      transpose(reshape(x, [x.shape[0], x.shape[1], heads, width / heads]), order);
    const asked = mul(inHeads(queries, [0, 2, 1, 3]), Number(scale));
    const probabilities = softmax(matMul(asked, inHeads(keys, [0, 2, 3, 1])));
    const mixed = matMul(probabilities, inHeads(values, [0, 2, 1, 3]));
    return [reshape(transpose(mixed, [0, 2, 1, 3]), queries.shape)];
  },
});

defineOperators(attentionOperator);
