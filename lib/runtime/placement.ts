// Where each node of a graph really runs: ONNX Runtime's profile of one run. What the provider was asked for says little; nodes that it
// does not take go to the CPU without a word.

import type { Graph } from "../graph/mod.ts";
import type { ProviderName } from "./onnxruntime.ts";
import { type ProfileEvent, profileEvents, timedNode } from "./profile_events.ts";
import type { ArrayValue, CompileOptions } from "./session.ts";

/** One node as it was run: fused nodes are one, what CoreML compiles is one node a model. */
export interface NodePlacement {
  /** Name in the model, or the one that a fusion gave it. */
  readonly node: string;
  readonly operator: string;
  /** A name of ours, or ONNX Runtime's where we have none. */
  readonly provider: ProviderName | string;
}

/** Where the nodes of a graph ran. */
export interface Placement {
  readonly provider: ProviderName;
  readonly nodes: readonly NodePlacement[];
  /** Nodes by provider. */
  readonly counts: Readonly<Record<string, number>>;
  /** Copies between the CPU's memory and the device's; part of `nodes`. */
  readonly copies: number;
  /** Nothing but copies ran anywhere else than asked. */
  readonly whole: boolean;
}

const PROVIDERS: Readonly<Record<string, ProviderName>> = {
  CPUExecutionProvider: "cpu",
  CoreMLExecutionProvider: "coreml",
  WebGpuExecutionProvider: "webgpu",
};
const COPIES = new Set(["MemcpyToHost", "MemcpyFromHost"]);

/**
 * Runs a graph once and says which provider ran each node.
 *
 * @param feeds a value for each input and each parameter that is not among `options.weights`
 * @param options as for `compile`; what changes only how ONNX Runtime is called is ignored
 * @throws {Error} when the provider is not part of the installed ONNX Runtime, or it refuses the graph
 *
 * @example
 * ```ts
 * import { graph, input, mul } from "lib/graph/mod.ts";
 * import { placement } from "lib/runtime/mod.ts";
 * const doubled = graph("double", { y: mul(input("x", "float32", [2]), 2) });
 * const x = { dtype: "float32" as const, shape: [2], data: Float32Array.of(1, 2) };
 * const { whole, counts } = await placement(doubled, { x });
 * if (!whole || counts.cpu !== 1) throw new Error("one node, on the CPU");
 * ```
 */
export async function placement(
  graph: Graph,
  feeds: Readonly<Record<string, ArrayValue>>,
  { provider = "cpu", threads = 0, weights = {}, coreml }: CompileOptions = {},
): Promise<Placement> {
  return placementOf(await profileEvents(graph, feeds, { runs: 1, provider, threads, weights, coreml }), provider);
}

/** Reads the placement off a profile's events; a node that ran several times counts once. */
export function placementOf(events: readonly ProfileEvent[], provider: ProviderName): Placement {
  const nodes = new Map<string, NodePlacement>();
  for (const event of events) {
    const node = timedNode(event);
    if (node === null) continue;
    const { args = {} } = event;
    const ran = String(args.provider);
    nodes.set(node, { node, operator: String(args.op_name), provider: PROVIDERS[ran] ?? ran });
  }
  const all = [...nodes.values()];
  const counts: Record<string, number> = {};
  for (const { provider } of all) counts[provider] = (counts[provider] ?? 0) + 1;
  const isCopy = ({ operator }: NodePlacement) => COPIES.has(operator);
  return {
    provider,
    nodes: all,
    counts,
    copies: all.filter(isCopy).length,
    whole: all.every((node) => isCopy(node) || node.provider === provider),
  };
}
