// Whether a provider can run a graph here, as an answer to list: what cannot run is a row with its reason, not an exception.

import process from "node:process";
import {
  type ArrayValue,
  concreteShape,
  ELEMENT_ARRAYS,
  elementCount,
  type Graph,
  topologicalOrder,
} from "../graph/mod.ts";
import { coverage } from "./coverage/coverage.ts";
import { availableProviders, type ProviderName } from "./onnxruntime.ts";
import { placement } from "./placement.ts";
import type { CompileOptions } from "./session.ts";

/** What a provider does with a graph. */
export interface ProviderSupport {
  readonly provider: ProviderName;
  /** `partly`: ONNX Runtime leaves nodes to the CPU. `not`: it does not run, or not as what it is called. */
  readonly runs: "whole" | "partly" | "not";
  /** Why not whole; null otherwise. */
  readonly reason: string | null;
  /** `tried`: by one run on zeros. `known`: without trying. */
  readonly basis: "tried" | "known";
}

/** Operators of int8 and int4 models, which CoreML's provider leaves to the CPU one and all. */
const QUANTIZED = [
  ...["QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "MatMulNBits"],
  ...["DynamicQuantizeLSTM", "MatMulIntegerToFloat", "GatherBlockQuantized"],
];

/**
 * Whether a provider runs a graph here: whole, with nodes left to the CPU, or not, and why. Where the provider is installed the graph is
 * compiled and run once on zeros; an int8 or int4 model on CoreML is answered without.
 *
 * @param graph shapes fixed (`bindDimensions`)
 * @param options weights to store; parameters without values are fed zeros
 * @throws {RangeError} when a dimension of the graph is still a name
 *
 * @example
 * ```ts
 * import { graph, input, mul } from "lib/graph/mod.ts";
 * import { providerSupports } from "lib/runtime/mod.ts";
 * const { runs, reason } = await providerSupports(graph("double", { y: mul(input("x", "float32", [2]), 2) }), "cpu");
 * if (runs !== "whole" || reason !== null) throw new Error("the CPU runs everything");
 * ```
 */
export async function providerSupports(
  graph: Graph,
  provider: ProviderName,
  options: Pick<CompileOptions, "weights" | "coreml" | "threads"> = {},
): Promise<ProviderSupport> {
  const feeds = zeros(graph, Object.keys(options.weights ?? {}));
  const refusal = knownRefusal(operatorTypes(graph), provider);
  if (refusal) return known(provider, refusal);
  const available = await availableProviders();
  if (!available.includes(provider)) {
    const here = `ONNX Runtime on ${process.platform} ${process.arch} has ${available.join(", ")}`;
    return known(provider, provider === "coreml" ? `${here}; ${predicted(graph)}` : here);
  }
  try {
    const { nodes, whole } = await placement(graph, feeds, { ...options, provider });
    const left = [...new Set(nodes.filter((node) => node.provider !== provider).map(({ operator }) => operator))];
    const reason = whole ? null : `left to the CPU: ${left.sort().join(", ")}`;
    const runs = whole ? "whole" : nodes.every((node) => node.provider !== provider) ? "not" : "partly";
    return { provider, runs, reason, basis: "tried" };
  } catch (error) {
    return { provider, runs: "not", reason: firstLine(error), basis: "tried" };
  }
}

/** Why a provider runs no model with these operators on any machine, or null: an int8 or int4 model on CoreML. */
export function knownRefusal(operators: readonly string[], provider: ProviderName): string | null {
  const quantized = provider === "coreml" ? QUANTIZED.filter((type) => operators.includes(type)) : [];
  if (quantized.length === 0) return null;
  return `CoreML has no op builder for ${quantized.join(", ")}: the model would run on the CPU`;
}

function known(provider: ProviderName, reason: string): ProviderSupport {
  return { provider, runs: "not", reason, basis: "known" };
}

function predicted(graph: Graph): string {
  const { taken, refused, partitions } = coverage(graph, "coreml-mlprogram");
  const parts = `${partitions} ${partitions === 1 ? "part" : "parts"}`;
  return `predicted of a Mac: ${taken} of ${taken + refused} nodes in ${parts}`;
}

function operatorTypes({ outputs }: Graph): string[] {
  return topologicalOrder(Object.values(outputs)).map(({ type }) => type);
}

/** A value of zeros for everything that a run is fed. */
function zeros({ inputs, parameters }: Graph, stored: readonly string[]): Record<string, ArrayValue> {
  const fed = parameters.filter(({ source }) => !stored.includes(source.name));
  const leaves = [...Object.entries(inputs), ...fed.map((tensor) => [tensor.source.name, tensor] as const)];
  return Object.fromEntries(leaves.map(([name, { dtype, shape }]) => {
    const sizes = concreteShape(shape, `Input ${name}`);
    return [name, { dtype, shape: sizes, data: new ELEMENT_ARRAYS[dtype](elementCount(sizes)) }];
  }));
}

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split("\n")[0];
