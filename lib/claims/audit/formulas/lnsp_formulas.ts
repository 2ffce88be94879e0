// "LNSP Model Size Analysis": two families of students, and the closed formula that the document gives for one of them.

import { type Compute, dense, FLOAT32_BYTES, type Formulas, MB, same, type Symbolic } from "./formula.ts";

const SQUARE_WIDTHS = [384, 512, 768, 1024, 2048, 3072, 4096, 5120, 6144, 8192];
const BOTTLENECK_WIDTHS = [256, 320, 512, 768, 1024, 2048, 4096];
const [INPUT, LATENT] = [384, 192];
/** Parameters of GPT-2 small. */
const GPT2_PARAMETERS = 124_439_808;

/** D to D, D to half of it, back, D to D: 3 D^2 + 3.5 D. */
const squareParameters = (width: number) =>
  dense(width, width) + dense(width, width / 2) + dense(width / 2, width) + dense(width, width);
/** 384 to S to 192 to S to 384: 1154 S + 576. */
const bottleneckParameters = (width: number) =>
  dense(INPUT, width) + dense(width, LATENT) + dense(LATENT, width) + dense(width, INPUT);
/** Queries, keys, values and output, a perceptron of four times the width, two LayerNorms. */
const transformerLayerParameters = (width: number) =>
  4 * dense(width, width) + dense(width, 4 * width) + dense(4 * width, width) + 2 * 2 * width;
const sizeMb = (parameters: number) => FLOAT32_BYTES * parameters / MB;
const smallestSizeMb = () => sizeMb(bottleneckParameters(256));

function square(width: number): [string, Compute][] {
  return [
    [`lnsp-square-${width}-params`, () => squareParameters(width)],
    [`lnsp-square-${width}-size`, () => sizeMb(squareParameters(width))],
    [`lnsp-square-${width}-ram`, ([size]) => 11 * size],
  ];
}

function bottleneck(width: number): [string, Compute][] {
  const counts: [string, Compute][] = [
    [`lnsp-bottleneck-${width}-params`, () => bottleneckParameters(width)],
    [`lnsp-bottleneck-${width}-size`, () => sizeMb(bottleneckParameters(width))],
  ];
  return width === 256 ? counts : [...counts, [`lnsp-bottleneck-${width}-ram`, ([ramMb]) => ramMb * width / 256]];
}

export const lnspFormulas: Formulas = {
  ...Object.fromEntries(SQUARE_WIDTHS.flatMap(square)),
  ...Object.fromEntries(BOTTLENECK_WIDTHS.flatMap(bottleneck)),
  ...Object.fromEntries([256, 512, 1024, 2048, 4096].map((width) => [`lnsp-memory-${width}`, same])),
  "lnsp-512-ratio": () => bottleneckParameters(512) / bottleneckParameters(256),
  "lnsp-sn727-size": smallestSizeMb,
  "lnsp-vs-transformer-layer": () => transformerLayerParameters(INPUT) / bottleneckParameters(256),
  "lnsp-vs-gpt": () => GPT2_PARAMETERS / bottleneckParameters(256),
  "lnsp-conclusion-size": smallestSizeMb,
  "lnsp-conclusion-ram": same,
  "lnsp-conclusion-latency": same,
};

export const lnspSymbolic: Symbolic = {
  "lnsp-formula-input": (v) => dense(INPUT, v("S")),
  "lnsp-formula-compression": (v) => dense(v("S"), LATENT),
  "lnsp-formula-expansion": (v) => dense(LATENT, v("S")),
  "lnsp-formula-alignment": (v) => dense(v("S"), INPUT),
  "lnsp-formula-sum": (v) => bottleneckParameters(v("S")),
  "lnsp-formula-collected": (v) => bottleneckParameters(v("S")),
  "lnsp-formula-total": (v) => bottleneckParameters(v("S")),
};
