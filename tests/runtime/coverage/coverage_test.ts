// The prediction, rule by rule on constructed graphs, and against the provider's own texts in the binary for macOS.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  abs,
  add,
  and,
  cast,
  clip,
  concat,
  constant,
  convolveDepthwise,
  gather,
  gemm,
  graph,
  greater,
  input,
  layerNormalization,
  log,
  matMul,
  mul,
  parameter,
  pow,
  reciprocal,
  reduceSum,
  relu,
  reshape,
  softmax,
  split,
  squeeze,
  type Tensor,
  transpose,
  unsqueeze,
  where,
} from "lib/graph/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { COMMON_LOGS } from "../../../lib/runtime/coverage/coverage.ts";
import { coreMlRefusal } from "../../../lib/runtime/coverage/refusal.ts";
import { COREML_RULES, COREML_RULES_VERSION } from "../../../lib/runtime/coverage/coreml_rules.ts";
import { coverage } from "lib/runtime/mod.ts";

const BINARY = projectPath("node_modules/onnxruntime-node/bin/napi-v6/darwin/arm64/libonnxruntime.1.30.0.dylib");

const x = input("x", "float32", [4, 6]);
const ints = input("ints", "int32", [4, 6]);
const flags = input("flags", "bool", [4, 6]);
const fed = input("fed", "float32", [6, 6]);
const weight = parameter("weight", [6, 6], { initializer: { kind: "constant", value: 0 } });
const row = parameter("row", [6], { initializer: { kind: "constant", value: 0 } });
const cube = input("cube", "float32", [2, 2, 2, 2, 2]);

/** What the last node of an expression gets: null when it is taken. */
function reasonOf(y: Tensor, options: Parameters<typeof coverage>[2] = {}): string | null {
  return coverage(graph("case", { y }), "coreml-mlprogram", options).nodes.at(-1)!.reason;
}

const CASES: [name: string, y: Tensor, reason: string | null][] = [
  ["an operator without builder", abs(x), "no op builder for Abs"],
  ["a named dimension", relu(input("b", "float32", ["batch", 6])), "input 0 is [batch, 6], not fixed"],
  ["rank 6", relu(input("six", "float32", [1, 1, 1, 1, 1, 2])), "input 0 is [1, 1, 1, 1, 1, 2], of rank 6"],
  ["int32 arithmetic", add(ints, 1), "input 0 is int32, taken are float32, float16, int64"],
  ["int64 arithmetic", add(cast(ints, "int64"), 1), null],
  ["float64", add(input("d", "float64", [2]), 1), "input 0 is float64, taken are float32, float16, int64"],
  ["bool moved", unsqueeze(flags, [0]), "input 0 is bool, taken are float32, float16, int64"],
  ["truth values combined", where(and(flags, flags), x, 0), null],
  ["a pick of floats", where(flags, x, 0), null],
  ["a pick of integers", where(flags, cast(ints, "int64"), 0), "input 1 is int64, taken are float32, float16"],
  ["Gemm with a stored matrix", gemm(x, weight, row, { transB: true }), null],
  ["Gemm with a computed matrix", gemm(x, relu(fed)), "B is not constant"],
  ["Gemm with a factor", gemm(x, weight, row, { alpha: 2 }), "transA 0, alpha 2, beta 1"],
  ["Gemm with a computed addend", gemm(x, weight, relu(x)), "C is not constant"],
  ["Gemm with a full addend", gemm(x, weight, constant(Array(24).fill(1), { shape: [4, 6] })), "C is [4, 6]"],
  ["Gemm whose matrix is computed from a stored one", gemm(x, transpose(weight)), null],
  ["MatMul of two computed matrices", matMul(x, relu(fed)), null],
  ["a norm with stored scale", layerNormalization(x, row), null],
  ["a norm with a fed scale", layerNormalization(x, relu(input("s", "float32", [6]))), "scale is not constant"],
  ["a reduction", reduceSum(x, { axes: [1] }), null],
  ["equal bounds", clip(x, 1, 1), "its bounds are equal"],
  ["bounds", clip(x, -1, 1), null],
  ["a power", pow(x, 2), null],
  ["one part", concat([x], 0), "it has one input"],
  ["a split into one", split(x, [6], 1)[0], "it has one output"],
  ["a lookup in a table", gather(weight, ints), null],
  [
    "a lookup in int32",
    gather(ints, constant([0], { dtype: "int64" })),
    "input 0 is int32, taken are float32, float16, int64",
  ],
  [
    "a lookup of rank 6",
    gather(cube, constant([[0, 1]].flat(), { dtype: "int64", shape: [1, 2] })),
    "its result has rank 6",
  ],
  ["one value of rank 5", gather(cube, constant(0, { dtype: "int64" })), "data of rank 5"],
  ["a new shape of rank 6", add(reshape(cube, [1, 2, 2, 2, 2, 2]), 1), "input 0 is [1, 2, 2, 2, 2, 2], of rank 6"],
  ["a scalar's shape", reshape(reduceSum(x), [1]), "its input is a scalar"],
  ["a sixth dimension", unsqueeze(cube, [0]), "its result has rank 6"],
  [
    "a convolution",
    convolveDepthwise(
      input("c", "float32", [1, 2, 9]),
      parameter("k", [2, 1, 3], { initializer: row.source.initializer }),
      [2, 0],
    ),
    null,
  ],
  [
    "a long convolution",
    convolveDepthwise(
      input("c", "float32", [1, 2, 20000]),
      parameter("k", [2, 1, 3], { initializer: row.source.initializer }),
      [2, 0],
    ),
    "a dimension of 20000",
  ],
  ["softmax", softmax(x), null],
];

for (const [name, y, reason] of CASES) {
  Deno.test(`coverage of ${name}: ${reason ?? "taken"}`, () => {
    // Beside something that computes, or a part that only moves data would be left to the CPU.
    const { nodes } = coverage(graph("case", { y, other: softmax(x) }), "coreml-mlprogram");
    const { node } = coverage(graph("case", { y }), "coreml-mlprogram").nodes.at(-1)!;
    assert.equal(nodes.find((found) => found.node === node)!.reason, reason);
  });
}

Deno.test("coverage says where a refused node was written, and what the provider logs", () => {
  const { nodes: [node] } = coverage(graph("g", { y: gemm(x, fed) }), "coreml-mlprogram");
  assert.match(node.origin, /coverage_test\.ts:\d+:\d+$/);
  assert.deepEqual([node.log, node.source], [" B input must be a constant initializer", "gemm_op_builder.cc"]);
});

Deno.test("parameters that are fed at each run are not constant", () => {
  const y = gemm(x, weight, row, { transB: true });
  assert.equal(reasonOf(y), null);
  assert.equal(reasonOf(y, { parameters: "fed" }), "B is not constant");
});

Deno.test("what depends on stored values alone is folded before the provider sees it", () => {
  const report = coverage(graph("g", { y: add(x, log(abs(row))) }), "coreml-mlprogram");
  assert.deepEqual(report.nodes.map(({ verdict }) => verdict), ["folded", "folded", "taken"]);
  assert.deepEqual([report.taken, report.refused, report.folded, report.share], [1, 0, 2, 1]);
});

Deno.test("a refused node in the middle makes two CoreML models, one on a side branch none more", () => {
  const middle = coverage(graph("g", { y: mul(abs(mul(x, x)), 2) }), "coreml-mlprogram");
  assert.deepEqual([middle.partitions, middle.taken, middle.refused], [2, 2, 1]);
  const side = coverage(graph("g", { y: mul(mul(x, x), 2), z: log(x) }), "coreml-mlprogram");
  assert.deepEqual([side.partitions, side.taken, side.refused], [1, 2, 1]);
});

Deno.test("a part that only moves data is left to the CPU", () => {
  const report = coverage(
    graph("g", { y: squeeze(transpose(input("t", "float32", [1, 2, 3])), [2]) }),
    "coreml-mlprogram",
  );
  assert.deepEqual(report.nodes.map(({ reason }) => reason), ["its part only moves data", "its part only moves data"]);
  assert.deepEqual([report.partitions, report.share], [0, 0]);
});

Deno.test("a reciprocal is taken with a warning, since CoreML adds to the divisor", () => {
  const { share, warnings } = coverage(graph("g", { y: reciprocal(x) }), "coreml-mlprogram");
  assert.deepEqual([share, warnings], [1, ["Reciprocal_0: CoreML computes 1 / (x + 1e-4)"]]);
});

Deno.test("a bool from a comparison is refused at the comparison", () => {
  const report = coverage(graph("g", { y: where(greater(x, 0), x, 0) }), "coreml-mlprogram");
  assert.deepEqual(report.nodes.map(({ verdict }) => verdict), ["refused", "taken"]);
});

Deno.test("a graph that CoreML alone cannot run is refused with its node, its line and what helps", () => {
  const cause = new Error("fallback to CPU EP has been explicitly disabled");
  const error = coreMlRefusal(graph("g", { y: abs(mul(x, 2)) }), cause, { parameters: "stored" });
  assert.match(
    error.message,
    /^Cannot compile g for CoreML alone: node Abs_1 is left to the CPU: no op builder for Abs, at file:\S+coverage_test\.ts:\d+:\d+; `forCoreMl`/,
  );
  const other = coreMlRefusal(graph("g", { y: mul(x, 2) }), new Error("broken"), { parameters: "stored" });
  assert.equal(other.message, "Cannot compile g for CoreML alone: broken");
});

/** Builders of operators that graphs of lib/graph do not have. */
const UNUSED_BUILDERS = [
  ...["BatchNormalization", "ConvTranspose", "DepthToSpace", "Flatten", "GatherND", "GridSample", "LRN", "Pool"],
  ...["QuickGelu", "Resize", "Shape", "Tile"],
];

Deno.test("the rules are those of the installed ONNX Runtime: its binary for macOS has their texts and builders, no others", () => {
  const { dependencies } = JSON.parse(readFileSync(projectPath("package.json"), "utf8"));
  assert.equal(dependencies["onnxruntime-node"], COREML_RULES_VERSION, "read the op builders of the new version");
  const binary = readFileSync(BINARY, "latin1");
  const texts = [
    ...Object.values(COMMON_LOGS),
    ...COREML_RULES.flatMap(({ conditions = [] }) => conditions.map(({ log }) => log)),
  ];
  assert.deepEqual([...new Set(texts)].filter((text) => !binary.includes(text)), []);
  const builders = [...binary.matchAll(/ZTSN11onnxruntime6coreml\d+(\w+?)OpBuilderE/g)].map(([, name]) =>
    name.toLowerCase()
  );
  const known = [
    ...COREML_RULES.map(({ source }) => source.replace("_op_builder.cc", "").replaceAll("_", "")),
    ...UNUSED_BUILDERS.map((name) => name.toLowerCase()),
  ];
  const abstract = ["i", "base"];
  assert.deepEqual(
    [...new Set(builders)].filter((name) => !abstract.includes(name)).sort(),
    [...new Set(known)].sort(),
  );
});
