import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { add, encodeOnnx, fixModelFile, graph, input, matMul, parameter, readModelFile } from "lib/graph/mod.ts";
import { projectPath } from "lib/process/mod.ts";

const weight = parameter("w", [4, 2], { initializer: { kind: "constant", value: 1 } });
const model = graph("m", {
  y: matMul(input("x", "float32", ["n", "m", 4]), weight),
  z: matMul(input("other", "float32", ["n", 4]), weight),
});
const bytes = encodeOnnx(model, { weights: { w: new Uint8Array(new Float32Array(8).buffer) } });

Deno.test("readModelFile tells inputs, outputs, parameters and dtype, and no stored values as inputs", () => {
  const { inputs, outputs, parameterCount, dtype, opset, operators, externalFiles } = readModelFile(bytes, "m.onnx");
  assert.deepEqual(inputs, [
    { name: "x", dtype: "float32", shape: ["n", "m", 4] },
    { name: "other", dtype: "float32", shape: ["n", 4] },
  ]);
  assert.deepEqual(outputs.map(({ name }) => name), ["y", "z"]);
  assert.deepEqual([parameterCount, dtype, opset, operators, externalFiles], [8, "float32", 20, { MatMul: 2 }, []]);
});

Deno.test("fixModelFile gives a name its size wherever it occurs, by its name or by an input's shape", () => {
  const shapes = (fixed: Uint8Array) => readModelFile(fixed, "m.onnx").inputs.map(({ shape }) => shape);
  const byName = fixModelFile(bytes, "m.onnx", { dimensions: { n: 3, m: 5 } });
  assert.deepEqual(shapes(byName), [[3, 5, 4], [3, 4]]);
  assert.deepEqual(readModelFile(byName, "m.onnx").outputs.map(({ shape }) => shape), [[3, 5, 2], [3, 2]]);
  assert.deepEqual(shapes(fixModelFile(bytes, "m.onnx", { inputs: { x: [3, 5, 4] } })), [[3, 5, 4], [3, 4]]);
  assert.deepEqual(shapes(bytes), [["n", "m", 4], ["n", 4]], "the original stays");
});

Deno.test("fixModelFile: a name of an input of one dimension stands for it", () => {
  const vector = encodeOnnx(graph("v", { y: add(input("ids", "float32", ["k"]), input("b", "float32", [2, "k"])) }));
  const { inputs } = readModelFile(fixModelFile(vector, "v.onnx", { dimensions: { ids: 7 } }), "v.onnx");
  assert.deepEqual(inputs.map(({ shape }) => shape), [[7], [2, 7]]);
});

Deno.test("fixModelFile refuses what is left without a size, contradicts, or is not there", () => {
  const refuse = (sizes: Parameters<typeof fixModelFile>[2], pattern: RegExp) =>
    assert.throws(() => fixModelFile(bytes, "m.onnx", sizes), pattern);
  refuse(
    { dimensions: { n: 3 } },
    /Cannot fix the shapes of m.onnx: expected a size for every dimension, got x \[3, m, 4\]$/,
  );
  refuse({ dimensions: { k: 3 } }, /expected an input or a free dimension \(x, other, n, m\), got k/);
  refuse({ inputs: { ids: [3] } }, /expected an input of x, other, got ids/);
  refuse({ inputs: { x: [3, 4] } }, /expected 3 sizes for x, got 2/);
  refuse({ inputs: { x: [3, 4, 5] } }, /expected 4 in dimension 2 of x, got 5/);
  refuse({ inputs: { x: [3, 5, 4], other: [2, 4] } }, /expected one size for n, got 3 and 2/);
  refuse({ dimensions: { n: 0, m: 1 } }, /expected an integer from 1 for n, got 0/);
});

Deno.test("readModelFile refuses what is no ONNX model", () => {
  const refuse = (content: Uint8Array, pattern: RegExp) =>
    assert.throws(() => readModelFile(content, "f.onnx"), pattern);
  refuse(new Uint8Array(), /Cannot read f.onnx: expected an ONNX model, got an empty file/);
  refuse(readFileSync(projectPath("deno.json")), /got a file of another format, or a damaged one/);
  refuse(new TextEncoder().encode("\n"), /expected an ONNX model/);
  refuse(bytes.slice(0, bytes.length - 20), /expected an ONNX model/);
  refuse(new Uint8Array(100), /expected an ONNX model/);
});
