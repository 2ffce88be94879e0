// Which nodes of a graph a provider will take, predicted on any machine; where the provider is installed, `placement` measures it.

import { atOrigin, type Graph, isParameter, type Operation, type Tensor, topologicalOrder } from "../../graph/mod.ts";
import { COREML_RULES, COREML_RULES_VERSION, DATA, type Rule } from "./coreml_rules.ts";
import type { NodeView } from "./node_view.ts";
import { partitions } from "./partitions.ts";

/** What a coverage is predicted for: CoreML's provider with MLProgram and static shapes. */
export type CoverageTarget = "coreml-mlprogram";

/** Options of the prediction. */
export interface CoverageOptions {
  /** Whether the model holds its parameters, as a shipped one does, or is fed them at each run. Default `stored`. */
  parameters?: "stored" | "fed";
}

/** The verdict on one node. */
export interface NodeCoverage {
  /** As in the encoded model, `Relu_3`. */
  readonly node: string;
  readonly type: string;
  /** `folded`: computed once by ONNX Runtime when the session is made, from constants. */
  readonly verdict: "taken" | "refused" | "folded";
  /** Why it is refused, by what was found; null otherwise. */
  readonly reason: string | null;
  /** Line of the model that wrote it, `, at FILE:LINE:COLUMN`; empty where it is not known. */
  readonly origin: string;
  /** Part of what the provider logs then (VERBOSE); null where it logs nothing. */
  readonly log: string | null;
  /** The op builder whose rule decided, under onnxruntime/core/providers/coreml/builders/impl. */
  readonly source: string | null;
}

/** The prediction for a graph. */
export interface CoverageReport {
  readonly target: CoverageTarget;
  /** The version of onnxruntime-node whose rules these are. */
  readonly version: string;
  readonly nodes: readonly NodeCoverage[];
  readonly taken: number;
  readonly refused: number;
  readonly folded: number;
  /** Share of the nodes left after folding that are taken, in [0, 1]; 1 for a graph without any. */
  readonly share: number;
  /** Models that CoreML compiles; more than one means data goes back and forth between it and the CPU. */
  readonly partitions: number;
  /** Nodes that are taken but compute something else than ONNX says. */
  readonly warnings: readonly string[];
}

const RULE_OF = new Map(COREML_RULES.flatMap((rule) => rule.operators.map((type) => [type, rule] as const)));
const MAX_RANK = 5;

/** What the provider logs for the reasons that are not an operator's own. */
export const COMMON_LOGS = {
  shape: "CoreML EP is set to only allow static input shapes. Input has a dynamic shape. Input: ",
  empty: "CoreML does not support shapes with dimension values of 0. Input:",
  rank: "CoreML EP doesn't allow input shapes with rank greater than 5. Input: ",
  dtype: "] is not currently supported",
};

/**
 * Predicts which nodes of a graph ONNX Runtime's CoreML provider takes as an MLProgram with static shapes, why not, and how many
 * CoreML models that makes.
 *
 * The rules were read from the provider of onnxruntime-node 1.30.0 (coreml_rules.ts says how) and apply to the graph as it is
 * written. ONNX Runtime rewrites it before: `compile` switches off the fusions that make nodes which CoreML refuses, the
 * others are tested to leave shipped models whole. A prediction, tested on constructed graphs; not run on a Mac by its authors.
 *
 * @param graph shapes fixed (`bindDimensions`): a node with named dimensions is refused
 *
 * @example
 * ```ts
 * import { abs, graph, input, relu } from "lib/graph/mod.ts";
 * import { coverage } from "lib/runtime/mod.ts";
 * const { nodes, share } = coverage(graph("g", { y: abs(relu(input("x", "float32", [8, 384]))) }), "coreml-mlprogram");
 * if (share !== 0.5 || nodes[1].reason !== "no op builder for Abs") throw new Error("CoreML has no Abs");
 * ```
 */
export function coverage(
  graph: Graph,
  target: CoverageTarget,
  { parameters = "stored" }: CoverageOptions = {},
): CoverageReport {
  const operations = topologicalOrder(Object.values(graph.outputs));
  const isConstant = constants(operations, parameters === "stored");
  const folded = operations.map(({ outputs }) => isConstant(outputs[0]));
  const nodes = operations.map((operation, i): NodeCoverage => {
    const { type } = operation;
    const named = { node: `${type}_${i}`, type, origin: atOrigin(operation) };
    if (folded[i]) return { ...named, verdict: "folded", reason: null, log: null, source: null };
    const refusal = refusalOf({ ...operation, isConstant });
    const source = RULE_OF.get(type)?.source ?? null;
    return { ...named, source, ...refusal ?? { verdict: "taken", reason: null, log: null } };
  });
  const groups = compiledGroups(operations, nodes);
  leaveTrivialGroups(nodes, groups);
  return summarized(target, nodes, groups);
}

/** Which tensors are known when a session is made. */
function constants(operations: readonly Operation[], stored: boolean): (tensor: Tensor) => boolean {
  const known = new Set<Tensor>();
  const isConstant = (tensor: Tensor) =>
    tensor.source.kind === "constant" || (stored && isParameter(tensor)) || known.has(tensor);
  for (const { inputs, outputs } of operations) {
    if (inputs.length > 0 && inputs.every(isConstant)) outputs.forEach((output) => known.add(output));
  }
  return isConstant;
}

type Refusal = Pick<NodeCoverage, "verdict" | "reason" | "log">;

const refused = (reason: string, log: string | null): Refusal => ({ verdict: "refused", reason, log });

function refusalOf(node: NodeView): Refusal | null {
  const rule = RULE_OF.get(node.type);
  if (!rule) return refused(`no op builder for ${node.type}`, null);
  return refusedInput(node) ?? refusedDtype(node, rule) ?? refusedCondition(node, rule);
}

function refusedInput({ inputs }: NodeView): Refusal | null {
  for (const [i, { shape }] of inputs.entries()) {
    const found = `input ${i} is [${shape.join(", ")}]`;
    if (shape.some((dim) => typeof dim === "string")) return refused(`${found}, not fixed`, COMMON_LOGS.shape);
    if (shape.includes(0)) return refused(`${found}, empty`, COMMON_LOGS.empty);
    if (shape.length > MAX_RANK) return refused(`${found}, of rank ${shape.length}`, COMMON_LOGS.rank);
  }
  return null;
}

function refusedDtype({ inputs }: NodeView, { dtypes = { 0: DATA } }: Rule): Refusal | null {
  for (const [i, allowed] of Object.entries(dtypes)) {
    const tensor = inputs[Number(i)];
    if (tensor && !allowed.includes(tensor.dtype)) {
      return refused(`input ${i} is ${tensor.dtype}, taken are ${allowed.join(", ")}`, COMMON_LOGS.dtype);
    }
  }
  return null;
}

function refusedCondition(node: NodeView, { conditions = [] }: Rule): Refusal | null {
  for (const { log, refuses } of conditions) {
    const reason = refuses(node);
    if (reason !== null) return refused(reason, log);
  }
  return null;
}

/** Positions of taken nodes by the CoreML model that they become. */
function compiledGroups(operations: readonly Operation[], nodes: readonly NodeCoverage[]): number[][] {
  const left = nodes.flatMap(({ verdict }, i) => (verdict === "folded" ? [] : [i]));
  const positionOf = new Map(left.map((i, position) => [operations[i], position]));
  const groups = partitions(left.map((i) => ({
    taken: nodes[i].verdict === "taken",
    inputs: operations[i].inputs.flatMap(({ source }) => positionOf.get(source as Operation) ?? []),
  })));
  return groups.map((group) => group.map((position) => left[position]));
}

/** A part in which every node only moves data is left to the CPU. */
function leaveTrivialGroups(nodes: NodeCoverage[], groups: number[][]): void {
  for (const [g, group] of [...groups.entries()].reverse()) {
    if (!group.every((i) => RULE_OF.get(nodes[i].type)!.trivial)) continue;
    for (const i of group) nodes[i] = { ...nodes[i], verdict: "refused", reason: "its part only moves data" };
    groups.splice(g, 1);
  }
}

function summarized(target: CoverageTarget, nodes: readonly NodeCoverage[], groups: number[][]): CoverageReport {
  const count = (wanted: NodeCoverage["verdict"]) => nodes.filter(({ verdict }) => verdict === wanted).length;
  const [taken, left, folded] = [count("taken"), count("refused"), count("folded")];
  const warnings = nodes.flatMap(({ node, type, verdict }) => {
    const warning = verdict === "taken" ? RULE_OF.get(type)?.warning : undefined;
    return warning ? [`${node}: ${warning}`] : [];
  });
  return {
    target,
    version: COREML_RULES_VERSION,
    nodes,
    taken,
    refused: left,
    folded,
    share: taken + left === 0 ? 1 : taken / (taken + left),
    partitions: groups.length,
    warnings,
  };
}
