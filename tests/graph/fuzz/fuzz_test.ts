import assert from "node:assert/strict";
import {
  analyse,
  apply,
  caseSource,
  compareCase,
  elementCount,
  fuzz,
  type FuzzCase,
  gradientDifference,
  graph,
  input,
  KnownLimitation,
  operatorOf,
  operatorTypes,
  randomGraph,
  relu,
  shrink,
  sub,
  type Tensor,
  topologicalOrder,
} from "../../../lib/graph/mod.ts";
import * as room from "../../../lib/graph/mod.ts";
import { fuzzTargets } from "../../../lib/cli/mod.ts";
import { plantedExecutor } from "./planted.ts";

const typesOf = (fuzzCase: FuzzCase) =>
  new Set(topologicalOrder(Object.values(fuzzCase.graph.outputs)).map((o) => o.type));
const operationCount = (fuzzCase: FuzzCase) => topologicalOrder(Object.values(fuzzCase.graph.outputs)).length;

Deno.test("fuzz finds no difference between ONNX Runtime, gradients and the interpreter, and covers every operator", async () => {
  const summary = await fuzz({ graphs: 250, seed: 1, ...fuzzTargets("ort") });
  assert.deepEqual(summary.failures.map(({ source }) => source), []);
  assert.equal(summary.graphs, 250);
  assert.deepEqual(summary.uncovered, []);
  assert.ok(summary.skipped.ort <= 5);
  const { median, p99 } = summary.errorParts.ort!;
  assert.ok(0 < median && median < p99 && p99 <= 1);
});

/** For each operator the first graphs that hold it. */
function casesByOperator(count: number): Map<string, FuzzCase[]> {
  const found = new Map<string, FuzzCase[]>(operatorTypes().map((type) => [type, []]));
  for (let seed = 0; seed < 1000 && [...found.values()].some(({ length }) => length < count); seed++) {
    const fuzzCase = randomGraph(seed);
    for (const type of typesOf(fuzzCase)) if (found.get(type)!.length < count) found.get(type)!.push(fuzzCase);
  }
  return found;
}

Deno.test("a 1% error planted in any operator is found within 4 graphs that hold it", async () => {
  for (const [type, cases] of casesByOperator(4)) {
    let found = false;
    for (const fuzzCase of cases) {
      found ||= (await compareCase(fuzzCase, plantedExecutor(type)))!.difference?.kind === "wrong";
    }
    assert.ok(found, `${type}: an error of 1% in ${cases.length} graphs went unseen`);
  }
});

Deno.test("an executor that only rounds to float32 is within the tolerance", async () => {
  for (let seed = 0; seed < 100; seed++) {
    const comparison = await compareCase(randomGraph(seed), plantedExecutor(null));
    assert.equal(comparison!.difference, null);
  }
});

Deno.test("a wrong gradient rule is found and told apart from a wrong executor", async () => {
  const tanh = operatorOf("Tanh") as { gradient: NonNullable<ReturnType<typeof operatorOf>["gradient"]> };
  const right = tanh.gradient;
  try {
    tanh.gradient = (context) => right(context).map((tensor) => tensor && room.mul(tensor, 1.01));
    const { failures } = await fuzz({ graphs: 200, maxFailures: 1, executors: {} });
    assert.equal(failures[0].executor, "gradient");
    assert.deepEqual([...typesOf(failures[0].smallest)], ["Tanh"]);
  } finally {
    tanh.gradient = right;
  }
});

Deno.test("randomGraph gives the same graph for the same seed, and fit values", () => {
  for (let seed = 0; seed < 60; seed++) {
    const first = randomGraph(seed);
    assert.equal(caseSource(first), caseSource(randomGraph(seed)));
    assert.equal(analyse(first.graph, first.feeds).problem, null);
  }
  assert.notEqual(caseSource(randomGraph(1)), caseSource(randomGraph(2)));
});

Deno.test("randomGraph draws what the fuzzer promises: names, sizes of 1, sharing, several outputs, gradients, dtypes", () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const { graph: drawn } = randomGraph(seed);
    const operations = topologicalOrder(Object.values(drawn.outputs));
    const uses = new Map<Tensor, number>();
    for (const { inputs } of operations) inputs.forEach((tensor) => uses.set(tensor, (uses.get(tensor) ?? 0) + 1));
    if (Object.values(drawn.inputs).some(({ shape }) => shape.includes("batch"))) seen.add("names");
    if (Object.values(drawn.inputs).some(({ shape }) => shape.includes(1))) seen.add("sizes of 1");
    if ([...uses].some(([{ source }, count]) => source.kind === "operation" && count > 1)) seen.add("sharing");
    if (Object.keys(drawn.outputs).length > 2) seen.add("several outputs");
    if (Object.keys(drawn.outputs).some((name) => name.startsWith("d"))) seen.add("gradients");
    if (drawn.parameters.length > 0) seen.add("parameters");
    for (const { type, inputs: [a, b] } of operations) {
      for (const { dtype } of [a, b].filter(Boolean)) seen.add(dtype);
      if (type === "MatMul" && a.shape.length > 2 && b.shape.length > 2) seen.add("batched products");
      if (type !== "Add" || !b) continue;
      const [left, right] = [a, b].map(({ shape }) =>
        shape.every((dim) => typeof dim === "number") ? shape.map(Number) : []
      );
      if (elementCount(left) < elementCount(right)) seen.add("left broadcast");
      if (elementCount(left) > elementCount(right)) seen.add("right broadcast");
    }
  }
  const promised = "names,sizes of 1,sharing,several outputs,gradients,parameters,batched products,left broadcast," +
    "right broadcast,float32,float64,int64,int32,bool";
  assert.deepEqual(promised.split(",").filter((feature) => !seen.has(feature)), []);
});

Deno.test("randomGraph keeps to the dtypes and operators it is given", () => {
  for (let seed = 0; seed < 40; seed++) {
    const { graph: drawn } = randomGraph(seed, { dtypes: [], operators: ["Add", "Relu", "Softmax"], size: 4 });
    for (const { outputs } of topologicalOrder(Object.values(drawn.outputs))) {
      for (const { dtype } of outputs) assert.ok(dtype === "float32" || dtype === "bool");
    }
  }
});

Deno.test("analyse refuses values near a jump and differences that cancel", () => {
  const [x, y] = [input("x", "float32", [1]), input("y", "float32", [1])];
  const one = (value: number) => ({ dtype: "float32" as const, shape: [1], data: Float32Array.of(value) });
  const kink = graph("kink", { z: relu(x) });
  assert.match(analyse(kink, { x: one(1e-5) }).problem!, /Relu of .*, too close to 0/);
  assert.equal(analyse(kink, { x: one(0.5) }).problem, null);
  const far = graph("far", { z: relu(sub(x, y)) });
  assert.equal(analyse(far, { x: one(1), y: one(1.5) }).problem, null);
  const cancels = graph("cancels", { z: sub(room.mul(x, 3), room.mul(y, 3)) });
  assert.match(analyse(cancels, { x: one(1), y: one(1.0001) }).problem!, /Sub may be wrong by/);
});

Deno.test("analyse bounds sums and products by their values on absolute values", () => {
  const [x, y] = [input("x", "float32", [1, 3]), input("y", "float32", [3, 1])];
  const feeds = {
    x: { dtype: "float32" as const, shape: [1, 3], data: Float32Array.of(1, -2, 3) },
    y: { dtype: "float32" as const, shape: [3, 1], data: Float32Array.of(1, 1, 1) },
  };
  const { outputs: { z } } = analyse(graph("product", { z: room.matMul(x, y) }), feeds);
  assert.equal(z.data[0], 2);
  assert.ok(Math.abs(z.error[0] - 16 * 2 ** -23 * Math.sqrt(3) * 6) < 1e-12);
});

Deno.test("shrink ends at one operation on few values, whose text makes the failure again", async () => {
  for (const type of ["Gemm", "LayerNormalization", "TopK", "Pad", "Where"]) {
    const { failures: [failure] } = await fuzz({
      graphs: 200,
      size: 12,
      maxFailures: 1,
      executors: { planted: plantedExecutor(type) },
    });
    assert.equal(operationCount(failure.smallest), 1, `${type}\n${failure.source}`);
    const elements = Object.values(failure.smallest.feeds).reduce((sum, { shape }) => sum + elementCount(shape), 0);
    assert.ok(elements <= 4, `${type}: ${elements} values\n${failure.source}`);
    const again = evaluateSource(failure.source);
    assert.match((await compareCase(again, plantedExecutor(type)))!.difference!.message, /expected .* got/);
  }
});

/** Runs the printed text with the functions of the room in scope. */
function evaluateSource(source: string): Omit<FuzzCase, "seed"> {
  const body = source.replace(/^import .*$/m, "").replaceAll(" as const", "");
  const make = new Function(...Object.keys(room), `${body}\nreturn { graph: failing, feeds };`);
  return make(...Object.values(room));
}

Deno.test("caseSource prints every operator so that it can be read back", async () => {
  for (let seed = 0; seed < 60; seed++) {
    const original = randomGraph(seed);
    const again = evaluateSource(caseSource(original));
    assert.equal(
      caseSource({ ...again, seed }).replaceAll("failing", ""),
      caseSource(original).replaceAll("failing", ""),
    );
    assert.equal((await compareCase(again, plantedExecutor(null)))!.difference, null);
  }
});

Deno.test("shrink keeps the way in which an executor refuses a graph", async () => {
  const withoutSoftmax = async (...[drawn, feeds]: Parameters<ReturnType<typeof plantedExecutor>>) => {
    const has = topologicalOrder(Object.values(drawn.outputs)).some(({ type }) => type === "Softmax");
    if (has) throw new TypeError("No kernel for Softmax");
    return await plantedExecutor(null)(drawn, feeds);
  };
  const { failures: [failure] } = await fuzz({ graphs: 200, maxFailures: 1, executors: { poor: withoutSoftmax } });
  assert.equal(failure.difference.kind, "refused");
  assert.deepEqual([...typesOf(failure.smallest)], ["Softmax"]);
});

Deno.test("a graph that an executor is known not to take is counted, not compared", async () => {
  const none = () => Promise.reject(new KnownLimitation("no graphs at all"));
  const { failures, skipped, errorParts } = await fuzz({ graphs: 4, executors: { none } });
  assert.deepEqual({ failures, skipped, errorParts }, {
    failures: [],
    skipped: { none: 4 },
    errorParts: { none: null },
  });
});

Deno.test("shrink gives back what cannot be smaller", async () => {
  const x = input("x", "float32", [1]);
  const feeds = { x: { dtype: "float32" as const, shape: [1], data: Float32Array.of(1) } };
  const least = { seed: 3, graph: graph("least", { y0: apply("Exp", [x])[0] }), feeds };
  const shrunk = await shrink(least, () => Promise.resolve(true));
  assert.equal(shrunk.graph, least.graph);
});

Deno.test("gradientDifference is silent where there is nothing to differentiate", () => {
  const x = input("x", "float32", [1]);
  const feeds = { x: { dtype: "float32" as const, shape: [1], data: Float32Array.of(1) } };
  assert.equal(gradientDifference({ graph: graph("g", { y0: apply("Sign", [x])[0] }), feeds }), null);
});
