// A product of bytes and what makes numbers of it, in one operator of ONNX Runtime.

import { defineOperators } from "../operator.ts";
import { add, cast, mul } from "../ops.ts";
import { matMulInteger } from "../ops_quantization.ts";
import { describe, type Tensor } from "../tensor.ts";
import { formatShape, type TensorType } from "../types.ts";
import { compositeOperator } from "./composite.ts";

function inferProduct([left, right, leftScale, rightScale, leftZero, rightZero, bias]: readonly Tensor[]) {
  const product = matMulInteger(left, right, leftZero, rightZero);
  if (left.dtype === "int8" && right.dtype === "uint8") {
    throw new TypeError(
      "Cannot apply MatMulIntegerToFloat: expected uint8 on the left or int8 on the right, got int8 and uint8",
    );
  }
  const columns = right.shape.at(-1)!;
  const row = formatShape([columns]);
  const perColumn = formatShape(rightScale.shape) === row;
  if (leftScale.shape.length > 0 || (rightScale.shape.length > 0 && !perColumn)) {
    throw new TypeError(
      `Cannot apply MatMulIntegerToFloat to ${describe(left)}: expected scales [] and [] or ${row}, got ${
        formatShape(leftScale.shape)
      } and ${formatShape(rightScale.shape)}`,
    );
  }
  if (bias && (formatShape(bias.shape) !== row || bias.dtype !== "float32")) {
    throw new TypeError(`Cannot apply MatMulIntegerToFloat: expected a bias float32 ${row}, got ${describe(bias)}`);
  }
  return [{ dtype: "float32", shape: product.shape }] satisfies TensorType[];
}

const productOperator = compositeOperator({
  type: "MatMulIntegerToFloat",
  domain: "com.microsoft",
  infer: inferProduct,
  expand([left, right, leftScale, rightScale, leftZero, rightZero, bias]) {
    const product = mul(cast(matMulInteger(left, right, leftZero, rightZero), "float32"), mul(rightScale, leftScale));
    return [bias ? add(product, bias) : product];
  },
});

defineOperators(productOperator);
