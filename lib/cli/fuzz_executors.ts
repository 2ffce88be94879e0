// The executors that the fuzzer can compare with the interpreter, by the name that the command line gives them.

import {
  type DType,
  type Executor,
  type Graph,
  KnownLimitation,
  type Operation,
  operatorTypes,
  type Tensor,
  topologicalOrder,
} from "../graph/mod.ts";
import * as runtime from "../runtime/mod.ts";
import { CommandError } from "./command.ts";

/** How to get an executor. */
export interface FuzzTarget {
  /** Dtypes that it takes beside float32. */
  readonly dtypes: readonly DType[];
  /** Operators that it has; all when left out. */
  operators?(): readonly string[];
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

/** Operators through which ONNX Runtime finds what quantizes and dequantizes. */
const MOVES = [
  "Identity",
  "Reshape",
  "Transpose",
  "Squeeze",
  "Unsqueeze",
  "Slice",
  "Gather",
  "Expand",
  "Concat",
  "Split",
];

/** The operation that a tensor comes from, moves left out. */
function producer(tensor: Tensor): Operation | null {
  let { source } = tensor;
  while (source.kind === "operation" && MOVES.includes(source.type)) source = source.inputs[0].source;
  return source.kind === "operation" ? source : null;
}

/** Quantized or dequantized with a scale for each position of an axis. */
const hasVectorScale = (operation: Operation | null): boolean =>
  operation !== null && /^(Deq|Q)uantizeLinear$/.test(operation.type) && operation.inputs[1].shape.length > 0;

/**
 * ONNX Runtime 1.30 fuses integer kernels also where their operands have a scale for each row, and then refuses its own work:
 * MatMulIntegerToFloat ("input a zero point must be a scalar") for a dequantized left side, QLinearAdd and its like ("Scale
 * and Zero-point must be a scalar") between DequantizeLinear and QuantizeLinear. Models have such scales on weights only.
 */
function refuseVectorScales(graph: Graph): void {
  for (const operation of topologicalOrder(Object.values(graph.outputs))) {
    const { type, inputs } = operation;
    if (type === "MatMul" && hasVectorScale(producer(inputs[0]))) {
      throw new KnownLimitation("MatMul of a left side with a scale for each row");
    }
    const fused = type === "QuantizeLinear" ? producer(inputs[0]) : null;
    const operands = (fused?.inputs ?? []).map(producer).filter((source) => source?.type === "DequantizeLinear");
    if (operands.length > 0 && [operation, ...operands].some(hasVectorScale)) {
      throw new KnownLimitation(`${fused!.type} between integers with a scale for each row`);
    }
  }
}

/**
 * ONNX Runtime 1.30 fuses a layer normalisation written out as operators with the Cast before it, and then refuses its own
 * work, since the two have different types.
 */
function refuseNormalizedCasts(graph: Graph): void {
  for (const { type, inputs } of topologicalOrder(Object.values(graph.outputs))) {
    if (type !== "Sub") continue;
    const [x, mean] = inputs.map(producer);
    const cast = mean?.type === "ReduceMean"
      ? [x, producer(mean.inputs[0])].find((source) => source?.type === "Cast")
      : null;
    if (cast) throw new KnownLimitation("Layer normalisation, written out, of a cast");
  }
}

/**
 * What ONNX Runtime is known to refuse although the graph is valid.
 *
 * @throws {KnownLimitation} naming it
 */
export function refuseKnownLimitations(graph: Graph): void {
  refuseVectorScales(graph);
  refuseNormalizedCasts(graph);
}

export const FUZZ_TARGETS: Readonly<Record<string, FuzzTarget>> = {
  ort: {
    dtypes: ["float64", "float16", "int64", "int32", "int8", "uint8", "bool"],
    load() {
      const run = onSession(runtime.compile);
      // deno-lint-ignore require-await -- what is refused is a rejected promise
      return async (graph, feeds) => {
        refuseKnownLimitations(graph);
        return run(graph, feeds);
      };
    },
  },
  tfjs: {
    // Computes float64 in float32, and has no float16.
    dtypes: ["int64", "int32", "int8", "uint8", "bool"],
    // Quantized inference has no kernels there.
    operators: runtime.tfjsOperatorTypes,
    load: () => onSession(runtime.tfjsExecutor),
  },
};

/**
 * The targets of a list such as `ort,tfjs`, and the dtypes and operators that all of them take.
 *
 * @throws {CommandError} for an unknown name
 */
export function fuzzTargets(
  list: string,
): { executors: Record<string, Executor>; dtypes: DType[]; operators: string[] } {
  const names = list.split(",");
  for (const name of names) {
    if (Object.hasOwn(FUZZ_TARGETS, name)) continue;
    throw new CommandError(`Cannot fuzz "${name}": executors are ${Object.keys(FUZZ_TARGETS).join(", ")}`);
  }
  const targets = names.map((name) => FUZZ_TARGETS[name]);
  const operatorLists = targets.map((target) => target.operators?.() ?? operatorTypes());
  return {
    executors: Object.fromEntries(names.map((name) => [name, FUZZ_TARGETS[name].load()])),
    dtypes: targets[0].dtypes.filter((dtype) => targets.every(({ dtypes }) => dtypes.includes(dtype))),
    operators: operatorTypes().filter((type) => operatorLists.every((list) => list.includes(type))),
  };
}
