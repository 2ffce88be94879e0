// Shipping: a checkpoint as one .onnx file, whole or in part, in the precision that is asked for.

import {
  type ArrayValue,
  bindDimensions,
  encodeOnnx,
  foldConstants,
  formatShape,
  fuseAttention,
  fuseLstm,
  type Graph,
  graph,
  input,
  quantizeDynamicInt8,
  quantizeWeightOnlyInt4,
  rewriteGraph,
  storeFloat16,
  type Tensor,
  tensorBytes,
  toFloat16,
  type WeightedGraph,
} from "../graph/mod.ts";
import { type CheckpointSidecar, loadWeights, readSidecar } from "./checkpoint.ts";
import { checkPartInFloat16 } from "./float16_check.ts";
import { loadProgram } from "./program_file.ts";
import type { DataSource } from "./training_data.ts";

/** Precisions of an exported model: float32, float16, dynamic int8, 4-bit weights. */
export const EXPORT_DTYPES = ["fp32", "fp16", "int8", "int4"] as const;
/** How weights are stored in an exported file. */
export type ExportDtype = typeof EXPORT_DTYPES[number];

/** What to export. */
export interface ExportOptions {
  /**
   * An output's name: only what that output needs. `encoder`: the output `latent`. `decoder`: from a `latent` that is fed to the
   * outputs that need nothing else. Default: all outputs.
   */
  part?: string | null;
  /** Default `fp32`. */
  dtype?: ExportDtype;
  /** Fixed batch size; default: any. */
  batch?: number | null;
  /**
   * Put ONNX's LSTM and ONNX Runtime's attention in the place of what the model writes step by step: smaller and faster on the CPU, not
   * taken by CoreML. Default false.
   */
  fused?: boolean;
  /**
   * Rows that `fp16` is tried on before it is believed. Default: of a checkpoint the data that it was trained on, where it is here; else none.
   */
  data?: DataSource;
}

/** An exported model. */
export interface ExportedModel {
  /** Contents of the `.onnx` file; the same checkpoint and options give the same bytes. */
  readonly bytes: Uint8Array;
  readonly graph: Graph;
  readonly weights: WeightedGraph["weights"];
  /** Text in the file: what it is and where it comes from. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Protocol buffers end at 2 GiB. */
const LARGEST_BYTES = 2 ** 31 - 2 ** 20;

const CONVERSIONS: Record<ExportDtype, (source: WeightedGraph) => WeightedGraph> = {
  fp32: (source) => source,
  // What stays in float32, such as an LSTM's matrices, is stored in half the bytes too.
  fp16: (source) => storeFloat16(toFloat16(source)),
  int8: (source) => quantizeDynamicInt8(source),
  int4: (source) => quantizeWeightOnlyInt4(source),
};

/** A model that is not in a checkpoint: what it computes, and its weights. */
export interface ModelToExport {
  /** Named dimensions stay. */
  readonly forward: Graph;
  /** In float32 by name: every parameter of `forward`. */
  readonly weights: Readonly<Record<string, ArrayValue>>;
  /** Where it comes from, for the file's metadata. */
  readonly origin?: Readonly<Record<string, string>>;
}

/**
 * Exports the best weights of a checkpoint with their model.
 *
 * @param folder a checkpoint's folder
 * @param options base: what of the model is not in the checkpoint
 * @throws {RangeError} when there is no checkpoint, no such part or dtype, a batch below 1, or a parameter that neither the checkpoint nor
 *   `base` has; when float16 cannot hold a weight or what the model computes on the first training rows, naming parameter or node
 */
export async function exportCheckpoint(
  folder: string,
  { base = {}, ...options }: ExportOptions & {
    /** Values of parameters that the run was given and did not train, in float32 by name: those of the model that adapters were trained to. */
    base?: Readonly<Record<string, ArrayValue>>;
  } = {},
): Promise<ExportedModel> {
  checkOptions(options);
  const sidecar = await readSidecar(folder);
  if (!sidecar) throw new RangeError(`Cannot export: ${folder} holds no checkpoint`);
  const { program: { forward }, data } = await loadProgram(folder);
  const weights = { ...base, ...await loadWeights(folder) };
  return await exportModel({ forward, weights, origin: origin(sidecar, data) }, {
    ...options,
    data: options.data ?? data,
  });
}

/**
 * Exports a model.
 *
 * @param options data: rows that `fp16` is tried on; without it, it is not tried
 * @throws {RangeError} as `exportCheckpoint`
 */
export async function exportModel(
  { forward, weights, origin = {} }: ModelToExport,
  options: ExportOptions = {},
): Promise<ExportedModel> {
  checkOptions(options);
  const { part = null, dtype = "fp32", batch = null, fused = false, data } = options;
  const chosen = partOf(forward, part);
  const fixed = batch === null ? chosen : withBatch(chosen, batch);
  const own = ownWeights(fixed, weights);
  const float16Range = dtype === "fp16" && data !== undefined &&
    await checkPartInFloat16({ forward, part: chosen, weights, data });
  const source = { graph: foldConstants(fixed), weights: own };
  const converted = CONVERSIONS[dtype](fused ? withFusedOperators(source) : source);
  const metadata = {
    model: forward.name,
    part: part ?? "whole",
    dtype,
    ...(fused && { operators: "fused" }),
    ...signature(converted.graph),
    ...(float16Range && { float16Range }),
    ...origin,
  };
  checkSize(converted);
  const bytes = encodeOnnx(converted.graph, { weights: asBytes(converted.weights), metadata });
  return { bytes, ...converted, metadata };
}

function checkOptions({ dtype = "fp32", batch = null }: ExportOptions): void {
  if (!EXPORT_DTYPES.includes(dtype)) {
    throw new RangeError(`Cannot export: expected dtype ${EXPORT_DTYPES.join(", ")}, got "${dtype}"`);
  }
  if (batch === null || (Number.isInteger(batch) && batch >= 1)) return;
  throw new RangeError(`Cannot export: expected a batch of at least 1, got ${batch}`);
}

function ownWeights({ name, parameters }: Graph, all: Readonly<Record<string, ArrayValue>>): WeightedGraph["weights"] {
  const missing = parameters.filter(({ source }) => !all[source.name]).map(({ source }) => source.name);
  if (missing.length > 0) {
    const more = missing.length > 1 ? ` and ${missing.length - 1} more` : "";
    throw new RangeError(
      `Cannot export ${name}: expected values of all parameters, got none of ${
        missing[0]
      }${more}; those that adapters were trained to are ` +
        "given as base, and deno task lm export merges an adapter into them",
    );
  }
  return Object.fromEntries(parameters.map(({ source }) => [source.name, all[source.name]]));
}

/** The graph of the part that was asked for. */
function partOf(forward: Graph, part: string | null): Graph {
  if (part === null) return forward;
  const named = (name: string) => graph(`${forward.name}-${part}`, { [name]: forward.outputs[name] });
  if (part in forward.outputs) return named(part);
  if ("latent" in forward.outputs) {
    if (part === "encoder") return named("latent");
    if (part === "decoder") return decoder(forward, forward.outputs.latent);
  }
  const halves = "latent" in forward.outputs ? ["encoder", "decoder"] : [];
  const known = [...Object.keys(forward.outputs), ...halves].join(", ");
  throw new RangeError(`Cannot export part "${part}" of ${forward.name}: its parts are ${known}`);
}

function decoder(forward: Graph, latent: Tensor): Graph {
  const fed = input("latent", latent.dtype, latent.shape);
  const cut = rewriteGraph(forward, {
    operation: ({ outputs }) => outputs.includes(latent) ? outputs.map((o) => (o === latent ? fed : o)) : null,
  });
  const own = Object.entries(cut.outputs).filter(([name, tensor]) =>
    name !== "latent" && Object.keys(graph("part", { tensor }).inputs).join() === "latent"
  );
  if (own.length === 0) {
    throw new RangeError(`Cannot export the decoder of ${forward.name}: no output depends on the latent alone`);
  }
  return graph(`${forward.name}-decoder`, Object.fromEntries(own));
}

function withFusedOperators(source: WeightedGraph): WeightedGraph {
  const { graph, weights } = fuseLstm(source);
  return { graph: fuseAttention(graph), weights };
}

function withBatch(chosen: Graph, batch: number): Graph {
  const named = Object.values(chosen.inputs).some(({ shape }) => shape.includes("batch"));
  if (!named) throw new RangeError(`Cannot export: ${chosen.name} has no dimension "batch" to fix`);
  return bindDimensions(chosen, { batch });
}

/** Names, dtypes and shapes of inputs and outputs. */
function signature({ inputs, outputs }: Graph): Record<string, string> {
  const text = (tensors: Readonly<Record<string, Tensor>>) =>
    Object.entries(tensors).map(([name, { dtype, shape }]) => `${name} ${dtype} ${formatShape(shape)}`).join("; ");
  return { inputs: text(inputs), outputs: text(outputs) };
}

/** Where the weights come from: nothing in it depends on the machine. */
function origin({ definition, step, bestEpoch, history }: CheckpointSidecar, data: { dataset: string; hash: string }) {
  const best = history[bestEpoch - 1];
  return {
    definition,
    // A folder's path says something about a machine; its last part names the data.
    dataset: data.dataset.split(/[/\\]/).filter(Boolean).at(-1) ?? data.dataset,
    datasetHash: data.hash,
    steps: String(step),
    bestEpoch: String(bestEpoch),
    ...(best && { validationLoss: String(best.validation.loss) }),
  };
}

function checkSize({ graph: { name, parameters } }: WeightedGraph): void {
  const bytes = parameters.reduce((sum, parameter) => sum + tensorBytes(parameter), 0);
  if (bytes <= LARGEST_BYTES) return;
  throw new RangeError(
    `Cannot export ${name}: expected at most ${LARGEST_BYTES} bytes of weights, got ${bytes}; try a smaller dtype`,
  );
}

function asBytes(weights: WeightedGraph["weights"]): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { data }]) => [
      name,
      new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
    ]),
  );
}
