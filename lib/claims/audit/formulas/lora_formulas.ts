// "MLX Performance Metrics" (LoRA on an M3 Max): parameters of LFM2-1.2B and of its adapter, shares and ratios.

import { type Formulas, percent, ratio, same } from "./formula.ts";

const [WIDTH, KEY_VALUE_WIDTH, HEAD_WIDTH, FEED_FORWARD, VOCABULARY] = [2048, 512, 64, 8192, 65_536];
const [CONVOLUTION_BLOCKS, ATTENTION_BLOCKS, KERNEL] = [10, 6, 3];
/** Attention blocks among the last 8 of the 16: every second one. */
const ADAPTED_BLOCKS = 4;

/** No bias anywhere; the embedding is shared with the output. */
function lfm2Parameters(): number {
  const convolution = WIDTH * 3 * WIDTH + WIDTH * KERNEL + WIDTH ** 2;
  const attention = 2 * WIDTH ** 2 + 2 * WIDTH * KEY_VALUE_WIDTH + 2 * HEAD_WIDTH;
  const shared = 3 * WIDTH * FEED_FORWARD + 2 * WIDTH;
  return VOCABULARY * WIDTH + WIDTH + CONVOLUTION_BLOCKS * (convolution + shared) +
    ATTENTION_BLOCKS * (attention + shared);
}

/** A factor of rank r holds r values for each input and each output; queries and values are adapted. */
const adapterParameters = (rank: number) => rank * ADAPTED_BLOCKS * ((WIDTH + WIDTH) + (WIDTH + KEY_VALUE_WIDTH));

export const loraFormulas: Formulas = {
  "lora-base-params": lfm2Parameters,
  "lora-train-time-minutes": ([seconds]) => seconds / 60,
  "lora-train-speed": ratio,
  "lora-memory-percent": percent,
  "lora-trainable-params": ([rank]) => adapterParameters(rank),
  "lora-trainable-percent": percent,
  "lora-memory-training": same,
  "lora-memory-used-percent": percent,
  "lora-speed-deviation": ([, speed], [spread]) => 100 * spread / speed,
  "lora-cuda-mlx-memory": same,
  "lora-cuda-memory-ratio": ([least, most, mlx]) => [least / mlx, most / mlx],
  "lora-larger-models": ratio,
  "lora-conclusion-memory": ([, most, mlx]) => most / mlx,
};
