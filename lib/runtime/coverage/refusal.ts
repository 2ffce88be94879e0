// Why CoreML alone cannot run a graph, when ONNX Runtime only says that a node would land on the CPU.

import type { Graph } from "../../graph/mod.ts";
import { coverage } from "./coverage.ts";

/** What ONNX Runtime says, with the first node that the provider does not take. */
export function coreMlRefusal(
  graph: Graph,
  cause: unknown,
  options: { parameters: "stored" | "fed" },
): Error {
  const text = cause instanceof Error ? cause.message : String(cause);
  const refused = coverage(graph, "coreml-mlprogram", options).nodes.find(({ verdict }) => verdict === "refused");
  const why = refused
    ? `node ${refused.node} is left to the CPU: ${refused.reason}${refused.origin}; \`forCoreMl\` of lib/graph rewrites what it can`
    : text;
  return new Error(`Cannot compile ${graph.name} for CoreML alone: ${why}`, { cause });
}
