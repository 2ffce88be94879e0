// A product of bytes and what makes numbers of it, in one operator of ONNX Runtime.

import { defineOperators } from "../operator.ts";
import { cast, mul } from "../ops.ts";
import { matMulInteger } from "../ops_quantization.ts";
import { describe, type Tensor } from "../tensor.ts";
import { formatShape, type TensorType } from "../types.ts";
import { compositeOperator } from "./composite.ts";

function inferProduct([left, right, leftScale, rightScale, leftZero, rightZero]: readonly Tensor[]): TensorType[] {
  const product = matMulInteger(left, right, leftZero, rightZero);
  if (left.dtype === "int8" && right.dtype === "uint8") {
    throw new TypeError(
      "Cannot apply MatMulIntegerToFloat: expected uint8 on the left or int8 on the right, got int8 and uint8",
    );
  }
  const columns = right.shape.at(-1)!;
  const perColumn = formatShape(rightScale.shape) === formatShape([columns]);
  if (leftScale.shape.length > 0 || (rightScale.shape.length > 0 && !perColumn)) {
    throw new TypeError(
      `Cannot apply MatMulIntegerToFloat to ${describe(left)}: expected scales [] and [] or [${columns}], got ${
        formatShape(leftScale.shape)
      } and ${formatShape(rightScale.shape)}`,
    );
  }
  return [{ dtype: "float32", shape: product.shape }];
}

const productOperator = compositeOperator({
  type: "MatMulIntegerToFloat",
  domain: "com.microsoft",
  infer: inferProduct,
  expand: ([left, right, leftScale, rightScale, leftZero, rightZero]) => [
    mul(cast(matMulInteger(left, right, leftZero, rightZero), "float32"), mul(rightScale, leftScale)),
  ],
});

defineOperators(productOperator);
