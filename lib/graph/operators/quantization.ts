// Operators of quantized inference, products with blocks of integers aside (blocks.ts). None is differentiable: a quantized graph is made from
// a trained one.
//
// Rounding decides which integer a value becomes, so these are evaluated as the specification says, in float32 where the
// specification computes in float32: the interpreter then gives the integers that ONNX Runtime gives.

import { broadcastShapes, broadcastStrides, forEachBroadcast } from "../broadcast.ts";
import { defineOperators, type Operator } from "../operator.ts";
import { roundHalfToEven } from "../rounding.ts";
import { describe, type Tensor } from "../tensor.ts";
import { type DType, elementCount, formatShape, type NdArray, normalizeAxis, type TensorType } from "../types.ts";

/** Smallest and largest value of the integer dtypes that tensors are quantized to. */
const INTEGER_RANGES: Partial<Record<DType, readonly [number, number]>> = { uint8: [0, 255], int8: [-128, 127] };

/** `saturate(round(value / scale) + zeroPoint)`, the division in float32. */
export function quantizeValue(value: number, scale: number, zeroPoint: number, dtype: DType): number {
  const [low, high] = INTEGER_RANGES[dtype]!;
  const steps = roundHalfToEven(Math.fround(Math.fround(value) / Math.fround(scale)));
  return Math.min(high, Math.max(low, steps + zeroPoint));
}

function expectInteger(operator: string, tensor: Tensor): void {
  if (!INTEGER_RANGES[tensor.dtype]) {
    throw new TypeError(`Cannot apply ${operator}: expected int8 or uint8, got ${describe(tensor)} ${tensor.dtype}`);
  }
}

export function expectFloat32(operator: string, tensor: Tensor): void {
  if (tensor.dtype !== "float32") {
    throw new TypeError(`Cannot apply ${operator}: expected float32, got ${describe(tensor)} ${tensor.dtype}`);
  }
}

/** Scale and zero point are scalars, or vectors along `axis` of x. */
function checkScale(operator: string, [x, scale, zeroPoint]: readonly Tensor[], axis: number): void {
  expectFloat32(operator, scale);
  if (formatShape(scale.shape) !== formatShape(zeroPoint.shape)) {
    const [expected, got] = [scale, zeroPoint].map(({ shape }) => formatShape(shape));
    throw new TypeError(`Cannot apply ${operator}: expected a zero point ${expected}, got ${got}`);
  }
  if (scale.shape.length === 0) return;
  const size = x.shape[normalizeAxis(axis, x.shape.length, operator)];
  if (scale.shape.length !== 1 || scale.shape[0] !== size) {
    throw new TypeError(
      `Cannot apply ${operator} to ${describe(x)}: expected a scale [] or [${size}], got ${formatShape(scale.shape)}`,
    );
  }
}

/** Maps each element with its scale and zero point. */
function mapScaled(
  [x, scale, zeroPoint]: readonly NdArray[],
  axis: number,
  compute: (value: number, scale: number, zeroPoint: number) => number,
): Float64Array {
  if (scale.shape.length === 0) return x.data.map((value) => compute(value, scale.data[0], zeroPoint.data[0]));
  const along = normalizeAxis(axis, x.shape.length, "QuantizeLinear");
  const stride = elementCount(x.shape.slice(along + 1));
  return x.data.map((value, i) => {
    const channel = Math.floor(i / stride) % x.shape[along];
    return compute(value, scale.data[channel], zeroPoint.data[channel]);
  });
}

const quantizeLinear: Operator = {
  type: "QuantizeLinear",
  attributes: { axis: "int" },
  infer(inputs, { axis }): TensorType[] {
    const [x, , zeroPoint] = inputs;
    expectFloat32("QuantizeLinear", x);
    expectInteger("QuantizeLinear", zeroPoint);
    checkScale("QuantizeLinear", inputs, Number(axis));
    return [{ dtype: zeroPoint.dtype, shape: x.shape }];
  },
  evaluate: (inputs, { axis }, [output]) => [{
    ...output,
    data: mapScaled(
      inputs,
      Number(axis),
      (value, scale, zeroPoint) => quantizeValue(value, scale, zeroPoint, output.dtype),
    ),
  }],
};

const dequantizeLinear: Operator = {
  type: "DequantizeLinear",
  attributes: { axis: "int" },
  infer(inputs, { axis }): TensorType[] {
    const [x, , zeroPoint] = inputs;
    expectInteger("DequantizeLinear", x);
    if (zeroPoint.dtype !== x.dtype) {
      throw new TypeError(`Cannot apply DequantizeLinear: expected a zero point ${x.dtype}, got ${zeroPoint.dtype}`);
    }
    checkScale("DequantizeLinear", inputs, Number(axis));
    return [{ dtype: "float32", shape: x.shape }];
  },
  evaluate: (inputs, { axis }, [output]) => [{
    ...output,
    data: mapScaled(inputs, Number(axis), (value, scale, zeroPoint) => (value - zeroPoint) * scale),
  }],
};

const dynamicQuantizeLinear: Operator = {
  type: "DynamicQuantizeLinear",
  infer([x]): TensorType[] {
    expectFloat32("DynamicQuantizeLinear", x);
    return [{ dtype: "uint8", shape: x.shape }, { dtype: "float32", shape: [] }, { dtype: "uint8", shape: [] }];
  },
  evaluate([x], _attributes, [values, scaleType, zeroPointType]) {
    const low = Math.fround(x.data.reduce((least, value) => Math.min(least, value), 0));
    const high = Math.fround(x.data.reduce((most, value) => Math.max(most, value), 0));
    const { scale, zeroPoint } = rangeScale(low, high);
    return [
      { ...values, data: x.data.map((value) => quantizeValue(value, scale, zeroPoint, "uint8")) },
      { ...scaleType, data: Float64Array.of(scale) },
      { ...zeroPointType, data: Float64Array.of(zeroPoint) },
    ];
  },
};

/** Scale and zero point that map `[low, high]`, which holds 0, to uint8: the rule of DynamicQuantizeLinear, in float32. */
export function rangeScale(low: number, high: number): { scale: number; zeroPoint: number } {
  const scale = low === high ? 1 : Math.fround(Math.fround(high - low) / 255);
  const zeroPoint = Math.min(255, Math.max(0, roundHalfToEven(Math.fround(-low / scale))));
  return { scale, zeroPoint };
}

function inferMatMulInteger([left, right, leftZero, rightZero]: readonly Tensor[]): TensorType[] {
  for (const operand of [left, right]) expectInteger("MatMulInteger", operand);
  const fits = left.shape.length >= 2 && right.shape.length >= 2 && left.shape.at(-1) === right.shape.at(-2);
  if (!fits) {
    throw new TypeError(
      `Cannot multiply integer matrices: expected [m, k] and [k, n], got ${formatShape(left.shape)} and ${
        formatShape(right.shape)
      }`,
    );
  }
  const columns = right.shape.at(-1)!;
  const perColumn = rightZero.shape.length === 1 && rightZero.shape[0] === columns;
  if (leftZero.shape.length !== 0 || (rightZero.shape.length !== 0 && !perColumn)) {
    throw new TypeError(
      `Cannot apply MatMulInteger: expected zero points [] and [] or [${columns}], got ${
        formatShape(leftZero.shape)
      } and ${formatShape(rightZero.shape)}`,
    );
  }
  if (leftZero.dtype !== left.dtype || rightZero.dtype !== right.dtype) {
    throw new TypeError(
      `Cannot apply MatMulInteger: expected zero points ${left.dtype} and ${right.dtype}, got ${leftZero.dtype} and ${rightZero.dtype}`,
    );
  }
  const lead = broadcastShapes(left.shape.slice(0, -2), right.shape.slice(0, -2), "multiply integer matrices");
  return [{ dtype: "int32", shape: [...lead, left.shape.at(-2)!, columns] }];
}

function evaluateMatMulInteger([left, right, leftZero, rightZero]: readonly NdArray[], shape: readonly number[]) {
  const [m, n] = shape.slice(-2);
  const k = left.shape.at(-1)!;
  const [zeroStride] = broadcastStrides(rightZero.shape.length === 0 ? [1] : rightZero.shape, [n]);
  const data = new Float64Array(elementCount(shape));
  const leads = [left, right].map((array) => array.shape.slice(0, -2));
  forEachBroadcast(shape.slice(0, -2), leads, (block, [leftBlock, rightBlock]) => {
    for (let i = 0; i < m * n; i++) {
      const [row, column] = [Math.floor(i / n), i % n];
      let sum = 0;
      for (let j = 0; j < k; j++) {
        const a = left.data[leftBlock * m * k + row * k + j] - leftZero.data[0];
        sum += a * (right.data[rightBlock * k * n + j * n + column] - rightZero.data[column * zeroStride]);
      }
      data[block * m * n + i] = sum;
    }
  });
  return data;
}

const matMulInteger: Operator = {
  type: "MatMulInteger",
  infer: inferMatMulInteger,
  evaluate: (inputs, _attributes, [output]) => [{ ...output, data: evaluateMatMulInteger(inputs, output.shape) }],
};

defineOperators(quantizeLinear, dequantizeLinear, dynamicQuantizeLinear, matMulInteger);
