// One block of a decoder as LLaMA has it (Touvron et al. 2023), for one token after a cache of earlier ones, with weights in 4 or 8
// bits: what a language model does a token, once a layer.

import {
  add,
  type ArrayValue,
  cast,
  concat,
  constant,
  div,
  dynamicQuantizeLinear,
  type Graph,
  graph,
  input,
  matMul,
  matMulInteger,
  matMulNBits,
  mul,
  parameter,
  reduceMean,
  reshape,
  sigmoid,
  softmax,
  sqrt,
  type Tensor,
  transpose,
} from "../../graph/mod.ts";
import { rotary } from "../../nn/mod.ts";
import { random } from "../../statistics/mod.ts";
import type { GraphSubject } from "../harness/subject.ts";

/** Widths of a decoder. */
export interface DecoderWidths {
  layers: number;
  width: number;
  hidden: number;
  heads: number;
  vocabulary: number;
}

/** LLaMA's sizes (Touvron et al. 2023, table 2); its 33B model is the one that is called 30B. */
export const DECODERS = {
  "7B": { layers: 32, width: 4096, hidden: 11008, heads: 32, vocabulary: 32000 },
  "13B": { layers: 40, width: 5120, hidden: 13824, heads: 40, vocabulary: 32000 },
  "30B": { layers: 60, width: 6656, hidden: 17920, heads: 52, vocabulary: 32000 },
} as const satisfies Record<string, DecoderWidths>;

/** Bits of a weight. */
export type WeightBits = 4 | 8;

const BLOCK = 32;
const EPSILON = 1e-5;

/** Weights of a block's seven matrices. */
export const blockWeights = ({ width, hidden }: Pick<DecoderWidths, "width" | "hidden">) =>
  4 * width * width + 3 * width * hidden;

/** Weights of the whole model: its blocks, the table of tokens and the projection to the vocabulary; norms left out. */
export const decoderWeights = (widths: DecoderWidths) =>
  widths.layers * blockWeights(widths) + 2 * widths.vocabulary * widths.width;

/** Bytes of a block's matrices as stored: 4 bits and a float32 scale for 32 of them, or 8 bits and a scale a column. */
export function blockBytes(widths: Pick<DecoderWidths, "width" | "hidden">, bits: WeightBits): number {
  const { width, hidden } = widths;
  const scales = bits === 4 ? blockWeights(widths) / BLOCK : 5 * width + 2 * hidden;
  return blockWeights(widths) * bits / 8 + 4 * scales;
}

/** Bytes of keys and values of one position in all layers. */
export const cacheBytesPerToken = ({ layers, width }: DecoderWidths, bytesPerValue = 2) =>
  2 * layers * width * bytesPerValue;

/**
 * The block as a subject. Weights are random; the cache holds `past` positions.
 *
 * @throws {RangeError} when a width is no multiple of 32, or of the heads
 *
 * @example
 * ```ts
 * import { decoderBlock } from "lib/bench/subjects/decoder_block.ts";
 * const { graph } = decoderBlock({ width: 64, hidden: 96, heads: 2 }, { bits: 4, past: 8 });
 * if (graph.outputs.y.shape.join() !== "1,64") throw new Error("one token");
 * ```
 */
export function decoderBlock(
  { width, hidden, heads }: Pick<DecoderWidths, "width" | "hidden" | "heads">,
  { bits, past }: { bits: WeightBits; past: number },
): GraphSubject {
  if (width % BLOCK !== 0 || hidden % BLOCK !== 0 || width % heads !== 0) {
    throw new RangeError(
      `Cannot make a decoder block: expected widths of multiples of ${BLOCK} and of heads, got ${width}, ${hidden}, ${heads}`,
    );
  }
  const weights: Record<string, ArrayValue> = {};
  const product = (name: string, x: Tensor, columns: number) =>
    (bits === 4 ? product4 : product8)({ name, columns, weights }, x);
  const model = blockGraph({ width, hidden, heads, past }, product);
  return { name: `decoder block ${width}/${hidden}, int${bits}, ${past} positions`, graph: model, weights };
}

type Product = (name: string, x: Tensor, columns: number) => Tensor;

function blockGraph(
  { width, hidden, heads, past }: { width: number; hidden: number; heads: number; past: number },
  product: Product,
): Graph {
  const headDim = width / heads;
  const x = input("x", "float32", [1, width]);
  const cache = (name: string) => input(name, "float32", [1, heads, past, headDim]);
  const normal = normalized(x);
  const ofHeads = (name: string) =>
    transpose(reshape(product(name, normal, width), [1, 1, heads, headDim]), [0, 2, 1, 3]);
  const positions = constant([past], { shape: [1, 1] });
  const queries = mul(rotary(ofHeads("query"), { positions }), 1 / Math.sqrt(headDim));
  const keys = concat([cache("keys"), rotary(ofHeads("key"), { positions })], 2);
  const values = concat([cache("values"), ofHeads("value")], 2);
  const mixed = matMul(softmax(matMul(queries, transpose(keys, [0, 1, 3, 2]))), values);
  const attended = add(x, product("output", reshape(mixed, [1, width]), width));
  const inner = normalized(attended);
  const gate = product("gate", inner, hidden);
  const gated = mul(mul(gate, sigmoid(gate)), product("up", inner, hidden));
  return graph("decoder block", { y: add(attended, product("down", gated, width)) });
}

/** RMS normalisation (Zhang & Sennrich 2019) with a scale of one. */
function normalized(x: Tensor): Tensor {
  return div(x, sqrt(add(reduceMean(mul(x, x), { axes: [-1], keepDims: true }), EPSILON)));
}

interface Stored {
  name: string;
  columns: number;
  weights: Record<string, ArrayValue>;
}

function stored({ name, weights }: Stored, value: ArrayValue): Tensor {
  weights[name] = value;
  return parameter(name, value.shape, {
    dtype: value.dtype,
    trainable: false,
    initializer: { kind: "constant", value: 0 },
  });
}

/** Weights of about 1 / sqrt(k), so that the residual stream keeps its size. */
function product4(at: Stored, x: Tensor): Tensor {
  const k = x.shape.at(-1) as number;
  const blocks = k / BLOCK;
  const packed = stored(at, { dtype: "uint8", shape: [at.columns, blocks, BLOCK / 2], data: bytes(at, k / 2) });
  const scale = new Float32Array(at.columns * blocks).fill(1 / (4.6 * Math.sqrt(k)));
  const scales = stored({ ...at, name: `${at.name}.scale` }, {
    dtype: "float32",
    shape: [at.columns, blocks],
    data: scale,
  });
  return matMulNBits(x, packed, scales, { blockSize: BLOCK });
}

function product8(at: Stored, x: Tensor): Tensor {
  const k = x.shape.at(-1) as number;
  const weight = stored(at, { dtype: "uint8", shape: [k, at.columns], data: bytes(at, k) });
  const { values, scale, zeroPoint } = dynamicQuantizeLinear(x);
  const sums = matMulInteger(values, weight, zeroPoint, constant(128, { dtype: "uint8" }));
  const data = new Float32Array(at.columns).fill(1 / (74 * Math.sqrt(k)));
  const columnScale = stored({ ...at, name: `${at.name}.scale` }, { dtype: "float32", shape: [at.columns], data });
  return mul(mul(cast(sums, "float32"), scale), columnScale);
}

function bytes({ name, columns }: Stored, perColumn: number): Uint8Array {
  const stream = random(1, "decoder block", name);
  const words = new Uint32Array(Math.ceil(columns * perColumn / 4));
  for (let i = 0; i < words.length; i++) words[i] = stream.uniform() * 2 ** 32;
  return new Uint8Array(words.buffer, 0, columns * perColumn);
}
