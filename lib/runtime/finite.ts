// Half precision ends at 65504: a graph that computes in float16 and turns finite values into infinite ones is stopped with the
// name of the node, instead of handing out numbers that mean nothing.

import {
  type ArrayValue,
  type Graph,
  graph as closeGraph,
  isFloating,
  type Operation,
  type Tensor,
  topologicalOrder,
} from "../graph/mod.ts";
import { describeNode } from "./node_error.ts";
import type { BoundRun, Session } from "./session.ts";

type Values = Readonly<Record<string, ArrayValue>>;

/**
 * A session that raises where a float16 graph's outputs are infinite or NaN though everything that was fed is finite; for other
 * graphs the session itself.
 *
 * The node is found by computing the batch again with all results as outputs. Results that are infinite because a constant of
 * the graph is, such as scores under a mask of -Infinity, are handed out.
 *
 * @param create builds the session that finds the node, with the same weights stored
 */
export function guardFloat16(session: Session, create: (probe: Graph) => Promise<Session>): Session {
  const { outputs } = session.graph;
  const operations = topologicalOrder(Object.values(outputs));
  const half = [...operations.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]), ...Object.values(outputs)]
    .some(({ dtype }) => dtype === "float16");
  return half ? new GuardedSession(session, create) : session;
}

class GuardedSession implements Session {
  readonly graph: Graph;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];

  constructor(
    private readonly inner: Session,
    private readonly create: (probe: Graph) => Promise<Session>,
  ) {
    this.graph = inner.graph;
    this.inputNames = inner.inputNames;
    this.outputNames = inner.outputNames;
  }

  async run(feeds: Values): Promise<Record<string, ArrayValue>> {
    const results = await this.inner.run(feeds);
    await this.#check(feeds, results);
    return results;
  }

  bind(feeds: Values, fetches: Values): BoundRun {
    const bound = this.inner.bind(feeds, fetches);
    return {
      run: async () => {
        await bound.run();
        await this.#check(feeds, fetches);
      },
    };
  }

  release(): Promise<void> {
    return this.inner.release();
  }

  async #check(feeds: Values, results: Values): Promise<void> {
    const broken = Object.keys(results).find((name) => !isFinite(results[name]));
    if (broken === undefined || !Object.values(feeds).every(isFinite)) return;
    const node = await firstOverflow(this.graph, { feeds, create: this.create });
    if (node === null) return;
    throw new RangeError(
      `Cannot run ${this.graph.name} in float16: node ${node} gives values that are not finite from finite ones, and with ` +
        `them the output ${broken}; float16 ends at 65504, so scale the values down or keep this part in float32`,
    );
  }
}

/**
 * The first node whose result is not finite though all that it reads is; null when there is none. All results are outputs here:
 * what only passes through may be computed in float32, as on the CPU, and would not show.
 */
async function firstOverflow(
  graph: Graph,
  { feeds, create }: { feeds: Values; create: (probe: Graph) => Promise<Session> },
): Promise<string | null> {
  const operations = topologicalOrder(Object.values(graph.outputs));
  const computed = operations.flatMap(({ outputs }) => outputs).filter(({ dtype }) => isFloating(dtype));
  const names = new Map(computed.map((tensor, i) => [tensor, `result${i}`]));
  const session = await create(
    closeGraph(`${graph.name}-finite`, Object.fromEntries(computed.map((tensor) => [names.get(tensor)!, tensor]))),
  );
  try {
    const fed = Object.entries(feeds).filter(([name]) => session.inputNames.includes(name));
    const results = await session.run(Object.fromEntries(fed));
    const finite = (tensor: Tensor) => {
      const { source } = tensor;
      if (source.kind === "constant") return source.data.every((value) => Number.isFinite(value));
      const name = names.get(tensor);
      return name === undefined || isFinite(results[name]);
    };
    const turns = ({ inputs, outputs }: Operation) => inputs.every(finite) && !outputs.every(finite);
    const first = operations.findIndex(turns);
    return first < 0 ? null : describeNode(operations[first], first);
  } finally {
    await session.release();
  }
}

const FLOAT16_EXPONENT = 0x7c00;

function isFinite({ dtype, data }: ArrayValue): boolean {
  if (!isFloating(dtype)) return true;
  if (dtype === "float16") {
    return (data as Uint16Array).every((bits) => (bits & FLOAT16_EXPONENT) !== FLOAT16_EXPONENT);
  }
  return (data as Float32Array).every((value) => Number.isFinite(value));
}
