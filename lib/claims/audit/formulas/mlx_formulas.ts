// "M4 Pro Performance Baselines for MLX": operations, bytes and memory that follow from shapes.

import { type Compute, FLOAT32_BYTES, type Formulas, GB, GIB, MB } from "./formula.ts";

/** Side of the matrix of the elementwise table. */
const SIDE = 8192;
/** Milliseconds to GFLOPS or GB/s: 10^9 of them a second are 10^6 a millisecond. */
const giga = (count: number): Compute => ([timeMs]) => count / timeMs / 1e6;
const gflopsOfMatmul = (side: number) => giga(2 * side ** 3);
/** All streams count: two read and one written is three. */
const streamed = (streams: number) => giga(streams * FLOAT32_BYTES * SIDE ** 2);
const matmulMemoryGb = (side: number): Compute => () => 3 * side ** 2 * FLOAT32_BYTES / GB;
const weightsGb = (parameters: number, bits: number): Compute => () => parameters * bits / 8 / GB;
const sustainedTflops: Compute = (gflops) => Math.min(...gflops) / 1000;

export const mlxFormulas: Formulas = {
  "mlx-matmul-1000-gflops": gflopsOfMatmul(1000),
  "mlx-matmul-1000-memory": matmulMemoryGb(1000),
  "mlx-matmul-2048-gflops": gflopsOfMatmul(2048),
  "mlx-matmul-2048-memory": matmulMemoryGb(2048),
  "mlx-matmul-4096-gflops": gflopsOfMatmul(4096),
  "mlx-matmul-4096-memory": matmulMemoryGb(4096),
  "mlx-matmul-8192-gflops": gflopsOfMatmul(8192),
  "mlx-matmul-8192-memory": matmulMemoryGb(8192),
  "mlx-insight-tflops": sustainedTflops,
  "mlx-elementwise-elements": () => SIDE ** 2,
  "mlx-add-bandwidth": streamed(3),
  "mlx-multiply-bandwidth": streamed(3),
  "mlx-relu-bandwidth": streamed(2),
  "mlx-softmax-bandwidth": streamed(2),
  "mlx-bandwidth-peak": streamed(3),
  "mlx-bandwidth-sustained": ([softmaxMs, multiplyMs], spreads) => [
    Number(streamed(2)([softmaxMs], spreads)),
    Number(streamed(3)([multiplyMs], spreads)),
  ],
  // Scores and their product with the values: two products of S x S x width for each of the batch.
  "mlx-attention-gflops": ([timeMs, batch, length, width]) => 4 * batch * length ** 2 * width / timeMs / 1e6,
  "mlx-attention-memory": {
    inputs: ["mlx-attention-batch", "mlx-attention-heads", "mlx-attention-length"],
    compute: ([batch, heads, length]) => 2 * batch * heads * length ** 2 * FLOAT32_BYTES / GB,
  },
  "mlx-layernorm-throughput": ([timeMs]) => 32 * 512 * 768 / timeMs,
  "mlx-capacity-7b-int8": weightsGb(7e9, 8),
  "mlx-capacity-13b-int8": weightsGb(13e9, 8),
  "mlx-capacity-30b-int4": weightsGb(30e9, 4),
  "mlx-pressure-total": ([arrays, sizeMb]) => arrays * sizeMb * MB / GIB,
  "mlx-infer-7b-memory": weightsGb(7e9, 4),
  "mlx-infer-13b-memory": weightsGb(13e9, 4),
  "mlx-infer-30b-memory": weightsGb(30e9, 4),
  "mlx-summary-tflops": sustainedTflops,
  "mlx-summary-bandwidth": { inputs: ["mlx-relu-time"], compute: streamed(2) },
};
