// Where the time of a graph goes: ONNX Runtime's own clock around each node.

import type { Graph } from "../graph/mod.ts";
import { type ProfiledOptions, type ProfileEvent, profileEvents, timedNode } from "./profile_events.ts";
import type { ArrayValue } from "./session.ts";

/** The nodes of one operator. */
export interface OperatorTime {
  /** Its type, after fusion. */
  readonly operator: string;
  /** How many nodes have it. */
  readonly nodes: number;
  /** Of a run, all its nodes together. */
  readonly microseconds: number;
  /** Of the time in nodes, from 0 to 1. */
  readonly share: number;
}

/** Where a run's time goes, by operator. */
export interface GraphProfile {
  /** By falling time. */
  readonly operators: readonly OperatorTime[];
  /** Of a run, all nodes together; what lies between nodes is not in it. */
  readonly microseconds: number;
  readonly nodes: number;
  readonly runs: number;
}

/**
 * Runs a graph several times and says how long its nodes took, by operator: means over the runs after a warm-up. The clock ticks in whole
 * microseconds and is read twice a node, so that nodes of a few microseconds are known together only.
 *
 * @param feeds a value for each input and each parameter that is not among `options.weights`
 * @param options as for `compile`; runs that count (default 10) after warmUps (default 3)
 * @throws {RangeError} for runs that are not an integer of at least 1
 * @throws {Error} when the provider is not part of the installed ONNX Runtime, or it refuses the graph
 *
 * @example
 * ```ts
 * import { graph, input, matMul } from "lib/graph/mod.ts";
 * import { profile } from "lib/runtime/mod.ts";
 * const [a, b] = [input("a", "float32", [64, 64]), input("b", "float32", [64, 64])];
 * const value = { dtype: "float32" as const, shape: [64, 64], data: new Float32Array(64 * 64) };
 * const { operators } = await profile(graph("product", { y: matMul(a, b) }), { a: value, b: value });
 * if (operators[0].operator !== "MatMul" || operators[0].nodes !== 1) throw new Error("one product");
 * ```
 */
export async function profile(
  graph: Graph,
  feeds: Readonly<Record<string, ArrayValue>>,
  { runs = 10, warmUps = 3, ...options }: ProfiledOptions & { runs?: number; warmUps?: number } = {},
): Promise<GraphProfile> {
  if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(warmUps) || warmUps < 0) {
    throw new RangeError(
      `Cannot profile: expected integers of at least 1 run and 0 warm-ups, got ${runs} and ${warmUps}`,
    );
  }
  return profileOf(await profileEvents(graph, feeds, { ...options, runs: warmUps + runs }), { runs, warmUps });
}

/** Adds up a profile's events. */
export function profileOf(
  events: readonly ProfileEvent[],
  { runs, warmUps }: { runs: number; warmUps: number },
): GraphProfile {
  const seen = new Map<string, number>();
  const operators = new Map<string, { nodes: Set<string>; microseconds: number }>();
  for (const event of events) {
    const node = timedNode(event);
    if (node === null) continue;
    const times = (seen.get(node) ?? 0) + 1;
    seen.set(node, times);
    const operator = String(event.args?.op_name);
    const sum = operators.get(operator) ?? { nodes: new Set<string>(), microseconds: 0 };
    operators.set(operator, sum);
    sum.nodes.add(node);
    if (times > warmUps) sum.microseconds += (event.dur ?? 0) / runs;
  }
  const microseconds = [...operators.values()].reduce((sum, operator) => sum + operator.microseconds, 0);
  const rows = [...operators].map(([operator, { nodes, microseconds: own }]) => ({
    operator,
    nodes: nodes.size,
    microseconds: own,
    share: microseconds === 0 ? 0 : own / microseconds,
  }));
  rows.sort((a, b) => b.microseconds - a.microseconds || (a.operator < b.operator ? -1 : 1));
  return { operators: rows, microseconds, nodes: seen.size, runs };
}
