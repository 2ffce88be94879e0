// A trained model in the forms that may make it faster: what ONNX Runtime does to the graph, a model that is saved optimized, operators
// that fuse others, half precision, int8; and the ones that combine.

import {
  type ArrayValue,
  bindDimensions,
  encodeOnnx,
  type Execute,
  type FeedArray,
  fuseAttention,
  fuseLstm,
  quantizeDynamicInt8,
  quantizeStaticInt8,
  toFloat16,
  type WeightedGraph,
} from "../../graph/mod.ts";
import { compile, type OptimizationLevel, optimizedModel } from "../../runtime/mod.ts";

/** A form of a model. */
export interface ModelVariant {
  key: VariantKey;
  label: string;
  source: WeightedGraph;
  /** What ONNX Runtime does to it when it is loaded. */
  optimization: OptimizationLevel;
  /** Whether the file holds what ONNX Runtime's optimizer has left. */
  saved: boolean;
  /** What outputs may differ by from those in float32, over the largest. Beyond it a form is wrong, not just less exact. */
  bound: number;
}

/** Names of the forms, the simplest first. */
export const VARIANT_KEYS = [
  ...[
    "plain",
    "basic",
    "extended",
    "all",
    "saved",
    "fusedAttention",
    "fusedLstm",
    "fp16",
    "dynamicInt8",
    "dynamicInt8Reduced",
    "staticInt8",
    "staticInt8Reduced",
  ] as const,
  ...["fusedInt8", "combined"] as const,
];
/** One of {@link VARIANT_KEYS}. */
export type VariantKey = typeof VARIANT_KEYS[number];

const FLOAT32_BOUND = 1e-3;
const FLOAT16_BOUND = 5e-2;
const INT8_BOUND = 0.5;

/**
 * The forms of a model, the simplest first. The first one is what the others are compared with: float32, each node as it is written.
 * Reduced range: weights of 7 bits, which x64 multiplies faster.
 *
 * @param source in float32, with the named dimension `batch`
 * @param calibration batches of inputs, for the ranges of static int8
 */
export async function modelVariants(
  source: WeightedGraph,
  { calibration }: { calibration: readonly Readonly<Record<string, ArrayValue>>[] },
): Promise<ModelVariant[]> {
  const float32 = (key: VariantKey, label: string, changes: Partial<ModelVariant> = {}): ModelVariant => ({
    key,
    label,
    source,
    optimization: "all",
    saved: false,
    bound: FLOAT32_BOUND,
    ...changes,
  });
  const attention = { ...source, graph: fuseAttention(source.graph) };
  const fused = fuseLstm(attention);
  const bytes = { bound: INT8_BOUND };
  const calibrated = {
    batches: calibration as readonly Readonly<Record<string, FeedArray>>[],
    execute: executed,
  };
  return [
    float32("plain", "nothing", { optimization: "disabled" }),
    float32("basic", "graph optimization, basic", { optimization: "basic" }),
    float32("extended", "graph optimization, extended", { optimization: "extended" }),
    float32("all", "graph optimization, all"),
    float32("saved", "saved optimized model", { saved: true }),
    float32("fusedAttention", "fused attention", { source: attention }),
    float32("fusedLstm", "fused LSTM", { source: fuseLstm(source) }),
    float32("fp16", "half precision", { source: toFloat16(source), bound: FLOAT16_BOUND }),
    float32("dynamicInt8", "dynamic int8", { source: quantizeDynamicInt8(source), ...bytes }),
    float32("dynamicInt8Reduced", "dynamic int8, reduced range", {
      source: quantizeDynamicInt8(source, { weightBits: 7 }),
      ...bytes,
    }),
    float32("staticInt8", "static int8", { source: await quantizeStaticInt8(source, calibrated), ...bytes }),
    float32("staticInt8Reduced", "static int8, reduced range", {
      source: await quantizeStaticInt8(source, { ...calibrated, weightBits: 7 }),
      ...bytes,
    }),
    float32("fusedInt8", "fused LSTM, dynamic int8", { source: quantizeDynamicInt8(fuseLstm(source)), ...bytes }),
    float32("combined", "all combined", { source: quantizeDynamicInt8(fused), saved: true, ...bytes }),
  ];
}

/** Computes with ONNX Runtime: the interpreter would take minutes. */
const executed: Execute = async (graph, feeds) => {
  const session = await compile(graph);
  try {
    return await session.run(feeds as Readonly<Record<string, ArrayValue>>);
  } finally {
    await session.release();
  }
};

/** The `.onnx` file of a form for a batch of a fixed size. */
export async function variantFile(
  { source, saved }: Pick<ModelVariant, "source" | "saved">,
  batchSize: number,
): Promise<Uint8Array> {
  const graph = bindDimensions(source.graph, { batch: batchSize });
  if (saved) return await optimizedModel(graph, { weights: source.weights });
  const weights = Object.entries(source.weights).map(([name, { data }]) => [name, bytesOf(data)] as const);
  return encodeOnnx(graph, { weights: Object.fromEntries(weights) });
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayValue["data"]): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** What a form is loaded with: a file that holds an optimized graph is not optimized again. */
export const loadingLevel = (
  { optimization, saved }: Pick<ModelVariant, "optimization" | "saved">,
): OptimizationLevel => saved ? "disabled" : optimization;
