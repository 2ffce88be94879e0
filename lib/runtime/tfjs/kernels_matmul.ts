// tfjs calls for the operators of lib/graph/operators/matmul.ts.

import type * as Tf from "@tensorflow/tfjs";
import type { KernelCall, KernelTable } from "./kernel.ts";

/** Some backends do not broadcast leading dimensions: both sides get the same ones. */
function matMul({ tf, input }: KernelCall): Tf.Tensor {
  const [a, b] = [input(0), input(1)];
  const lead = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const stretched = (x: Tf.Tensor) => {
    const shape = [...lead, ...x.shape.slice(-2)];
    return shape.join() === x.shape.join() ? x : tf.broadcastTo(x, shape);
  };
  return tf.matMul(stretched(a), stretched(b));
}

function gemm({ tf, input, count, attributes }: KernelCall): Tf.Tensor {
  const { transA, transB, alpha, beta } = attributes;
  const product = tf.matMul(input(0), input(1), Boolean(transA), Boolean(transB));
  const scaled = alpha === 1 ? product : tf.mul(product, Number(alpha));
  if (count < 3) return scaled;
  return tf.add(scaled, beta === 1 ? input(2) : tf.mul(input(2), Number(beta)));
}

export const MATMUL_KERNELS: KernelTable = { MatMul: matMul, Gemm: gemm };
