// The executors that the fuzzer can compare with the interpreter, by the name that the command line gives them.

import type { DType, Executor, Graph } from "../graph/mod.ts";
import * as runtime from "../runtime/mod.ts";
import { CommandError } from "./command.ts";

/** How to get an executor. */
export interface FuzzTarget {
  /** Dtypes that it takes beside float32. */
  readonly dtypes: readonly DType[];
  load(): Executor;
}

/** One session per graph; every thread more would cost more than these graphs do. */
const onSession = (open: (graph: Graph, options: { threads: number }) => Promise<runtime.Session>): Executor =>
async (
  graph,
  feeds,
) => {
  const session = await open(graph, { threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
};

export const FUZZ_TARGETS: Readonly<Record<string, FuzzTarget>> = {
  ort: { dtypes: ["float64", "float16", "int64", "int32", "bool"], load: () => onSession(runtime.compile) },
  tfjs: {
    // Computes float64 in float32, and has no float16.
    dtypes: ["int64", "int32", "bool"],
    load() {
      const { tfjsExecutor } = runtime as { tfjsExecutor?: typeof runtime.compile };
      if (!tfjsExecutor) throw new CommandError("Cannot fuzz tfjs: lib/runtime has no tfjsExecutor");
      return onSession(tfjsExecutor);
    },
  },
};

/**
 * The targets of a list such as `ort,tfjs`, and the dtypes that all of them take.
 *
 * @throws {CommandError} for an unknown name
 */
export function fuzzTargets(list: string): { executors: Record<string, Executor>; dtypes: DType[] } {
  const names = list.split(",");
  for (const name of names) {
    if (Object.hasOwn(FUZZ_TARGETS, name)) continue;
    throw new CommandError(`Cannot fuzz "${name}": executors are ${Object.keys(FUZZ_TARGETS).join(", ")}`);
  }
  const [first, ...rest] = names.map((name) => FUZZ_TARGETS[name].dtypes);
  return {
    executors: Object.fromEntries(names.map((name) => [name, FUZZ_TARGETS[name].load()])),
    dtypes: first.filter((dtype) => rest.every((dtypes) => dtypes.includes(dtype))),
  };
}
