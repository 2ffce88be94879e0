// tfjs calls for the operators of lib/graph/operators/{elementwise,functions,logic}.ts.

import type * as Tf from "@tensorflow/tfjs";
import type { DType } from "../../graph/mod.ts";
import { tfjsDType } from "./arrays.ts";
import type { Kernel, KernelCall, KernelTable } from "./kernel.ts";
import type { Tfjs } from "./load.ts";

type Unary = (tf: Tfjs, x: Tf.Tensor) => Tf.Tensor;
type Binary = (tf: Tfjs, a: Tf.Tensor, b: Tf.Tensor) => Tf.Tensor;

const unary = (compute: Unary): Kernel => ({ tf, input }) => compute(tf, input(0));
const binary = (compute: Binary): Kernel => ({ tf, input }) => compute(tf, input(0), input(1));

/** Integers are divided towards zero, as ONNX does; tfjs rounds down. */
const divide: Binary = (tf, a, b) => a.dtype === "int32" ? tf.div(a.toFloat(), b.toFloat()).toInt() : tf.div(a, b);

/** 0.5 x (1 + erf(x / sqrt 2)), or with tanh(sqrt(2 / pi) (x + 0.044715 x^3)). */
function gelu({ tf, input, attributes }: KernelCall): Tf.Tensor {
  const x = input(0);
  const inner = attributes.approximate === "tanh"
    ? tf.tanh(x.mul(x.square().mul(0.044715).add(1)).mul(Math.sqrt(2 / Math.PI)))
    : tf.erf(x.mul(Math.SQRT1_2));
  return x.mul(0.5).mul(inner.add(1));
}

/** From floats to integers values are cut off, bytes wrap around; bool is 1 wherever a value is not 0. */
function cast({ tf, input, attributes }: KernelCall): Tf.Tensor {
  const to = attributes.to as DType;
  const dtype = tfjsDType(to);
  if (dtype === "bool") return tf.notEqual(input(0), tf.zerosLike(input(0)));
  const whole = tf.cast(input(0), dtype);
  if (to === "uint8") return tf.mod(whole, tf.scalar(256, "int32"));
  if (to !== "int8") return whole;
  const half = tf.scalar(128, "int32");
  return tf.sub(tf.mod(tf.add(whole, half), tf.scalar(256, "int32")), half);
}

export const ELEMENTWISE_KERNELS: KernelTable = {
  Add: binary((tf, a, b) => tf.add(a, b)),
  Sub: binary((tf, a, b) => tf.sub(a, b)),
  Mul: binary((tf, a, b) => tf.mul(a, b)),
  Div: binary(divide),
  Pow: binary((tf, a, b) => tf.pow(a, b)),
  Max: binary((tf, a, b) => tf.maximum(a, b)),
  Min: binary((tf, a, b) => tf.minimum(a, b)),
  Greater: binary((tf, a, b) => tf.greater(a, b)),
  Less: binary((tf, a, b) => tf.less(a, b)),
  Equal: binary((tf, a, b) => tf.equal(a, b)),
  GreaterOrEqual: binary((tf, a, b) => tf.greaterEqual(a, b)),
  LessOrEqual: binary((tf, a, b) => tf.lessEqual(a, b)),
  And: binary((tf, a, b) => tf.logicalAnd(a, b)),
  Or: binary((tf, a, b) => tf.logicalOr(a, b)),
  Not: unary((tf, x) => tf.logicalNot(x)),
  Neg: unary((tf, x) => tf.neg(x)),
  Abs: unary((tf, x) => tf.abs(x)),
  Sign: unary((tf, x) => tf.sign(x)),
  Exp: unary((tf, x) => tf.exp(x)),
  Log: unary((tf, x) => tf.log(x)),
  Sqrt: unary((tf, x) => tf.sqrt(x)),
  Erf: unary((tf, x) => tf.erf(x)),
  Tanh: unary((tf, x) => tf.tanh(x)),
  Sigmoid: unary((tf, x) => tf.sigmoid(x)),
  Relu: unary((tf, x) => tf.relu(x)),
  Sin: unary((tf, x) => tf.sin(x)),
  Cos: unary((tf, x) => tf.cos(x)),
  Reciprocal: unary((tf, x) => tf.reciprocal(x)),
  Softplus: unary((tf, x) => tf.softplus(x)),
  Floor: unary((tf, x) => tf.floor(x)),
  Round: unary((tf, x) => tf.round(x)),
  Clip: ({ tf, input, numbers }) => tf.clipByValue(input(0), numbers(1)[0], numbers(2)[0]),
  Gelu: gelu,
  Where: ({ tf, input }) => tf.where(input(0), input(1), input(2)),
  Cast: cast,
  Identity: unary((tf, x) => tf.clone(x)),
};
