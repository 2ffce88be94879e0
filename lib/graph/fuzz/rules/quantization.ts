// Rules of quantized inference. A quantized value is an integer: exact, where no value to round comes near a half.

import { apply, applyOne } from "../../operator.ts";
import { constant, type Tensor } from "../../tensor.ts";
import type { DType } from "../../types.ts";
import {
  type BoundContext,
  type Bounded,
  type BoundRule,
  corners,
  EPSILON,
  exact,
  plus,
  rounding,
  ROUNDINGS,
} from "../bounds.ts";
import type { Draw } from "../draw.ts";
import { MARGIN, type MarginRule } from "../margins.ts";
import type { FuzzRule } from "../rules.ts";

const BYTES: readonly DType[] = ["uint8", "int8"];

function byteType(draw: Draw): DType | null {
  const allowed = BYTES.filter((dtype) => draw.allows(dtype));
  return allowed.length > 0 ? draw.pick(allowed) : null;
}

/** Integers of either byte dtype, small enough that products of them stay exact everywhere. */
function bytes(draw: Draw, dtype: DType, shape: Tensor["shape"] | null): Tensor {
  if (shape) return draw.like(shape, { dtype, low: -15, high: 15 });
  const known = draw.pool.filter((tensor) => tensor.dtype === dtype && tensor.shape.length >= 2);
  if (known.length > 0 && draw.chance(0.7)) return draw.pick(known);
  return draw.leaf(draw.shape({ minRank: 2 }), { dtype, low: -15, high: 15 });
}

/** One scale and zero point, or one for each position of an axis. */
function scales(draw: Draw, x: Tensor, dtype: DType): { scale: Tensor; zeroPoint: Tensor; axis: number } {
  const axes = [...x.shape.keys()].filter((axis) => typeof x.shape[axis] === "number");
  const axis = axes.length > 0 ? draw.pick(axes) : 0;
  const count = axes.length > 0 && draw.chance(0.4) ? Number(x.shape[axis]) : null;
  const values = (next: () => number) => (count === null ? next() : Array.from({ length: count }, next));
  const scale = constant(values(() => Math.fround(draw.pick([0.01, 0.03, 0.1, 0.25]))));
  const zero = () => dtype === "uint8" ? draw.integer(0, 200) : draw.integer(-20, 20);
  return { scale, zeroPoint: constant(values(zero), { dtype }), axis };
}

/** How near a quotient is to the next half, against the error that executors may make in it. */
function nearHalf(quotient: number, error: number): boolean {
  const distance = Math.abs(quotient - Math.floor(quotient) - 0.5);
  return distance <= MARGIN + 2 * error + ROUNDINGS * EPSILON.float32 * Math.abs(quotient);
}

const quantizeMargin: MarginRule = ({ operation, inputs: [x, scale], attributes }) => {
  const axis = Number(attributes.axis);
  const stride = x.shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  for (let i = 0; i < x.data.length; i++) {
    const divisor = scale.shape.length === 0 ? scale.data[0] : scale.data[Math.floor(i / stride) % x.shape[axis]];
    if (nearHalf(x.data[i] / divisor, x.error[i] / divisor)) {
      return `${operation.type} of ${x.data[i]}, too close to a half`;
    }
  }
  return null;
};

const quantizeRule: FuzzRule = {
  propose(draw) {
    const dtype = byteType(draw);
    if (!dtype) return null;
    const x = draw.any();
    const { scale, zeroPoint, axis } = scales(draw, x, dtype);
    return applyOne("QuantizeLinear", [x, scale, zeroPoint], { axis });
  },
  bound: exact,
  margin: quantizeMargin,
};

const dequantizeRule: FuzzRule = {
  propose(draw) {
    const dtype = byteType(draw);
    if (!dtype) return null;
    const x = bytes(draw, dtype, null);
    const { scale, zeroPoint, axis } = scales(draw, x, dtype);
    return applyOne("DequantizeLinear", [x, scale, zeroPoint], { axis });
  },
  bound: corners(),
};

const largestError = ({ error }: Bounded): number => error.reduce((most, value) => Math.max(most, value), 0);

/** The scale is a 255th of the range, whose two ends may both be wrong. */
function scaleError({ inputs: [x], outputs: [, scale] }: BoundContext): number {
  return 2 * largestError(x) / 255 + ROUNDINGS * EPSILON.float32 * scale.data[0];
}

const dynamicQuantizeRule: FuzzRule = {
  propose: (draw) => (draw.allows("uint8") ? apply("DynamicQuantizeLinear", [draw.any()]) : null),
  bound: (context) => {
    const [values, , zeroPoint] = exact(context);
    return [values, Float64Array.of(scaleError(context)), zeroPoint];
  },
  margin: (context) => {
    const { operation, inputs: [x], outputs: [, { data: [scale] }] } = context;
    const relative = scaleError(context) / scale;
    const low = x.data.reduce((least, value) => Math.min(least, value), 0);
    const near = (value: number) => {
      const quotient = value / scale;
      return nearHalf(quotient, largestError(x) / scale + relative * Math.abs(quotient));
    };
    const bad = [...x.data, -low].find(near);
    return bad === undefined ? null : `${operation.type} of ${bad}, too close to a half`;
  },
};

/** Operands of an integer product with their zero points; null when this draw has none that fit. */
export function integerOperands(draw: Draw): Tensor[] | null {
  const [leftType, rightType] = [byteType(draw), byteType(draw)];
  if (!leftType || !rightType || !draw.allows("int32")) return null;
  const left = bytes(draw, leftType, null);
  const columns = draw.integer(1, 5);
  const right = bytes(draw, rightType, [left.shape.at(-1)!, columns]);
  const zero = (dtype: DType) => (dtype === "uint8" ? draw.integer(0, 10) : draw.integer(-3, 3));
  const perColumn = draw.chance(0.4);
  const rightZero = perColumn ? Array.from({ length: columns }, () => zero(rightType)) : zero(rightType);
  const zeros = [constant(zero(leftType), { dtype: leftType }), constant(rightZero, { dtype: rightType })];
  return [left, right, ...zeros];
}

const matMulIntegerRule: FuzzRule = {
  propose(draw) {
    const operands = integerOperands(draw);
    const product = operands && applyOne("MatMulInteger", operands);
    return product && draw.fits(product.shape) ? product : null;
  },
  bound: exact,
};

/** On absolute values a 4-bit integer q, which stands for q - 8, becomes 8 + |q - 8|, at most 15: an eighth is missing. */
const matMulNBitsBound: BoundRule = ({ inputs: [x, packed, scale], outputs: [y], attributes, evaluate }) => {
  const larger = (half: number) => Math.min(15, 8 + Math.abs(half - 8));
  const magnitude = { ...packed, data: packed.data.map((byte) => larger(byte & 15) + 16 * larger(byte >> 4)) };
  const sizes = (array: Bounded, error: number) => ({
    ...array,
    data: array.data.map((value, i) => 8 / 7 * Math.abs(value) + error * array.error[i]),
  });
  const at = evaluate([sizes(x, 0), magnitude, sizes(scale, 0)])[0].data;
  const above = evaluate([sizes(x, 8 / 7), magnitude, sizes(scale, 8 / 7)])[0].data;
  return [plus(above.map((value, i) => value - at[i]), rounding(y.dtype, at, Number(attributes.K)))];
};

const matMulNBitsRule: FuzzRule = {
  propose(draw) {
    const usable = ({ shape }: Tensor) => typeof shape.at(-1) === "number";
    const x = draw.any({ minRank: 2, accept: usable });
    const K = x.shape.at(-1)!;
    if (typeof K !== "number") return null;
    const [N, block_size] = [draw.integer(1, 5), draw.pick([16, 32])];
    const blocks = Math.ceil(K / block_size);
    const values = <T>(count: number, next: () => T) => Array.from({ length: count }, next);
    const packed = values(N * blocks * block_size / 2, () => draw.integer(0, 255));
    const factors = values(N * blocks, () => draw.pick([0.0625, 0.125, 0.3]));
    return applyOne("MatMulNBits", [
      x,
      constant(packed, { dtype: "uint8", shape: [N, blocks, block_size / 2] }),
      constant(factors, { shape: [N, blocks] }),
    ], { K, N, bits: 4, block_size });
  },
  bound: matMulNBitsBound,
};

const gatherBlocksRule: FuzzRule = {
  propose(draw) {
    const bits = draw.pick([4, 8] as const);
    const [rows, blocks, size] = [draw.integer(1, 5), draw.integer(1, 2), draw.pick([16, 32])];
    const values = <T>(count: number, next: () => T) => Array.from({ length: count }, next);
    const indices = values(draw.integer(1, 4), () => draw.integer(0, rows - 1));
    const width = blocks * size * bits / 8;
    return applyOne("GatherBlockQuantized", [
      constant(values(rows * width, () => draw.integer(0, 255)), { dtype: "uint8", shape: [rows, width] }),
      constant(indices, { dtype: "int32" }),
      constant(values(rows * blocks, () => draw.pick([0.0625, 0.125, 0.3])), { shape: [rows, blocks] }),
    ], { bits, block_size: size, gather_axis: 0, quantize_axis: 1 });
  },
  bound: corners(),
};

export const QUANTIZATION_RULES: Readonly<Record<string, FuzzRule>> = {
  QuantizeLinear: quantizeRule,
  DequantizeLinear: dequantizeRule,
  DynamicQuantizeLinear: dynamicQuantizeRule,
  MatMulInteger: matMulIntegerRule,
  MatMulNBits: matMulNBitsRule,
  GatherBlockQuantized: gatherBlocksRule,
};
