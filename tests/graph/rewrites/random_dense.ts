// Random graphs over dense operators, for the property tests of rewrites. Values keep moderate sizes by construction.

import {
  add,
  concat,
  constant,
  elementCount,
  exp,
  gelu,
  gemm,
  type Graph,
  graph,
  input,
  layerNormalization,
  matMul,
  mul,
  parameter,
  reduceMean,
  relu,
  slice,
  softmax,
  sqrt,
  sub,
  tanh,
  type Tensor,
  topologicalOrder,
  transpose,
  type Weights,
} from "lib/graph/mod.ts";
import { compile } from "lib/runtime/mod.ts";
import { random } from "lib/statistics/mod.ts";

type Generator = ReturnType<typeof random>;

/** A graph `x [rows, width] -> y`, weights, and a value of x; the same seed gives the same. */
export interface RandomDense {
  readonly graph: Graph;
  readonly weights: Weights;
  readonly x: Float32Array;
  readonly rows: number;
  readonly width: number;
  /** Operations on the longest path. */
  readonly depth: number;
}

const INITIALIZER = { kind: "constant", value: 0 } as const;

export function randomDense(seed: number, { steps = 8, batch = false } = {}): RandomDense {
  const generator = random(seed, "random-dense");
  const rows = 1 + generator.integer(4);
  const width = 2 + generator.integer(7);
  const weights: Record<string, Weights[string]> = {};
  const declare = (shape: number[], scale: number) => {
    const name = `p${Object.keys(weights).length}`;
    const data = Float32Array.from({ length: elementCount(shape) }, () => scale * generator.normal());
    weights[name] = { dtype: "float32", shape, data };
    return parameter(name, shape, { initializer: INITIALIZER });
  };
  const x = input("x", "float32", [batch ? "batch" : rows, width]);
  const known: Tensor[] = [x];
  for (let i = 0; i < steps; i++) known.push(randomStep(generator, known, declare));
  // A product at the end reaches every step that is not dead, and there is always one to quantize.
  const last = known.at(-1)!;
  const y = gemm(last, declare([3, last.shape[1] as number], 0.5), declare([3], 0.5), { transB: true });
  const closed = graph(`random-${seed}`, { y, hidden: known[known.length >> 1] });
  const used = new Set(closed.parameters.map(({ source }) => source.name));
  return {
    graph: closed,
    weights: Object.fromEntries(Object.entries(weights).filter(([name]) => used.has(name))),
    x: Float32Array.from({ length: rows * width }, () => generator.normal()),
    rows,
    width,
    depth: longestPath(closed),
  };
}

type Declare = (shape: number[], scale: number) => Tensor;

function randomStep(generator: Generator, known: readonly Tensor[], declare: Declare): Tensor {
  const t = known[Math.max(0, known.length - 1 - generator.integer(3))];
  const width = t.shape[1] as number;
  const next = 2 + generator.integer(7);
  const scale = 1 / Math.sqrt(width);
  const mean = (of: Tensor) => reduceMean(of, { axes: [1], keepDims: true });
  const sameWidth = known.filter(({ shape }) => shape[1] === width);
  const other = sameWidth[generator.integer(sameWidth.length)];
  const rules: (() => Tensor)[] = [
    () => gemm(t, declare([next, width], scale), declare([next], 0.5), { transB: true }),
    () => gemm(t, declare([width, next], scale), null, { alpha: 0.5 }),
    () => matMul(t, declare([width, next], scale)),
    () => add(matMul(t, transpose(declare([next, width], scale))), declare([next], 0.5)),
    () => relu(t),
    () => gelu(t),
    () => tanh(t),
    () => softmax(t),
    () => layerNormalization(t, declare([width], 1), declare([width], 0.3)),
    () => sub(t, mean(t)),
    () => mul(t, exp(mul(sqrt(add(mean(mul(t, t)), constant(1e-6))), -1))),
    () => mul(t, mul(constant(0.5), constant([1.5]))),
    () => add(mul(t, 0.5), mul(other, 0.5)),
    () => add(relu(t), mul(relu(t), 0.25)),
    () => concat([tanh(t), relu(other)], 1),
    () => slice(t, { axis: 1, start: 0, end: Math.max(1, width - 1) }),
  ];
  return rules[generator.integer(rules.length)]();
}

function longestPath(whole: Graph): number {
  const depth = new Map<unknown, number>();
  for (const operation of topologicalOrder(Object.values(whole.outputs))) {
    depth.set(operation, 1 + Math.max(0, ...operation.inputs.map(({ source }) => depth.get(source) ?? 0)));
  }
  return Math.max(...depth.values());
}

/** The outputs that ONNX Runtime computes, with the weights stored in the session. */
export async function runOnnx(
  whole: Graph,
  weights: Weights,
  feeds: Readonly<Record<string, Weights[string]>>,
): Promise<Record<string, Float64Array>> {
  const session = await compile(whole, { weights, threads: 1 });
  try {
    const results = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [name, Float64Array.from(data as Float32Array)]),
    );
  } finally {
    await session.release();
  }
}

/** Feeds of the interpreter: x and the weights. */
export function interpreterFeeds({ x, rows, width }: Pick<RandomDense, "x" | "rows" | "width">, weights: Weights) {
  const named = Object.entries(weights).map(([name, { data }]) => [name, { data: data as Float32Array }] as const);
  return { x: { data: x, shape: [rows, width] }, ...Object.fromEntries(named) };
}

/** Euclidean norm of the difference over the norm of what is expected. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference / norm);
}
