import assert from "node:assert/strict";
import { parseProvider, providerLabel } from "lib/bench/mod.ts";
import { altered, boundOf, compareOutputs } from "lib/bench/harness/correctness.ts";
import { editDistance, whyRefused } from "lib/bench/harness/provider.ts";

Deno.test("parseProvider reads names and units, and suggests the nearest for another", () => {
  for (const text of ["cpu", "webgpu", "tfjs", "tfjs-node", "coreml:cpuOnly", "coreml:cpuAndNeuralEngine"]) {
    assert.equal(providerLabel(parseProvider(text)), text);
  }
  assert.deepEqual(parseProvider("coreml"), { name: "coreml", units: "all" });
  assert.throws(() => parseProvider("coreLM"), /got "coreLM"; did you mean coreml\?/);
  assert.throws(() => parseProvider("webgl"), /did you mean webgpu\?/);
  assert.throws(() => parseProvider("coreml:cpuAndNeuralEngin"), /did you mean coreml:cpuAndNeuralEngine\?/);
  assert.throws(() => parseProvider("tensorrt-llm"), /got "tensorrt-llm"$/, "nothing is near");
});

Deno.test("whyRefused lists int8 with CoreML and files with tfjs", () => {
  const int8 = { kind: "file", operators: { MatMulInteger: 2, Relu: 1 } } as const;
  assert.equal(
    whyRefused(int8, { name: "coreml" }),
    "CoreML has no op builder for MatMulInteger: the model would run on the CPU",
  );
  assert.equal(whyRefused(int8, { name: "cpu" }), null);
  assert.match(whyRefused(int8, { name: "tfjs" })!, /no files/);
  assert.equal(whyRefused({ kind: "graph", operators: { Relu: 1 } }, { name: "coreml" }), null);
});

Deno.test("editDistance counts inserted, deleted and replaced letters", () => {
  assert.deepEqual([editDistance("cpu", "gpu"), editDistance("", "abc"), editDistance("kitten", "sitting")], [1, 3, 3]);
});

const float32 = (...data: number[]) =>
  ({ dtype: "float32", shape: [data.length], data: Float32Array.from(data) }) as const;

Deno.test("compareOutputs takes the worst output by its largest value", () => {
  const reference = { a: float32(100, 1), b: float32(1, 2) };
  assert.deepEqual(compareOutputs(reference, reference), { relativeError: 0, output: "a", elements: 4 });
  const { relativeError, output } = compareOutputs(reference, { a: float32(101, 1), b: float32(1, 2.5) });
  assert.deepEqual([relativeError, output], [0.25, "b"]);
});

Deno.test("compareOutputs: a missing output, another size, no numbers, or nothing to compare is never right", () => {
  const reference = { a: float32(1, 2) };
  const error = (outputs: Parameters<typeof compareOutputs>[1]) => compareOutputs(reference, outputs).relativeError;
  assert.equal(error({}), Infinity);
  assert.equal(error({ a: float32(1) }), Infinity);
  assert.equal(error({ a: float32(1, 2, 3) }), Infinity);
  assert.equal(error({ a: float32(1, NaN) }), Infinity);
  assert.equal(error({ a: float32(1, Infinity) }), Infinity);
  assert.equal(error({ a: float32(1, 2, 7, 8) }), 0, "a reference of the first row only");
  assert.equal(error({ a: float32(1, 2, 7, NaN) }), Infinity, "further rows must be numbers");
  assert.equal(compareOutputs({}, {}).relativeError, Infinity);
  assert.equal(compareOutputs({ a: float32(0, 0) }, { a: float32(0, 1e-9) }).relativeError, Infinity);
  const none = { a: float32(NaN, 1) };
  assert.equal(compareOutputs(none, none).relativeError, Infinity, "no number is no result");
  const masked = { a: float32(-Infinity, 1) };
  assert.equal(compareOutputs(masked, masked).relativeError, 0);
});

Deno.test("compareOutputs reads the bits of float16 as numbers", () => {
  const half = { dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0xc000) } as const;
  assert.equal(compareOutputs({ y: float32(1, -2) }, { y: half }).relativeError, 0);
});

Deno.test("the bound is that of float16 where CoreML may compute in it", () => {
  assert.equal(boundOf("float32", { name: "cpu" }), 1e-4);
  assert.equal(boundOf("float32", { name: "coreml", units: "cpuOnly" }), 1e-4);
  assert.equal(
    boundOf("float32", { name: "coreml", units: "cpuAndNeuralEngine" }),
    boundOf("float16", { name: "cpu" }),
  );
  assert.equal(boundOf("float32", { name: "coreml" }), 2e-2);
});

Deno.test("altered changes an output of any dtype, and leaves the original", () => {
  const ids = { dtype: "int64", shape: [1], data: BigInt64Array.of(4n) } as const;
  const half = { dtype: "float16", shape: [1], data: Uint16Array.of(0x3c00) } as const;
  for (const value of [float32(0, 1), ids, half]) {
    assert.notDeepEqual(altered({ value }, 0.5).value.data, value.data);
  }
  assert.equal(ids.data[0], 4n);
});
