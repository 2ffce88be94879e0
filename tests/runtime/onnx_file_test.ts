// Models of other programs, run as they are: the library called directly, onnxruntime-node and Python's onnxruntime agree in values.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ArrayValue, type DType, ELEMENT_ARRAYS } from "lib/graph/mod.ts";
import { type ModelSession, openOnnxFile, placement } from "lib/runtime/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { onnxRuntimeC } from "lib/runtime/native/onnxruntime_c.ts";

interface Listed {
  dtype: DType;
  shape: number[];
  data: (number | boolean)[];
}
interface Case {
  model: string;
  inputs: Record<string, Listed>;
  outputs: Record<string, Listed>;
}
const GOLDEN = projectPath("tests", "golden", "runtime");
const { cases } = JSON.parse(readFileSync(join(GOLDEN, "foreign_models.json"), "utf8")) as { cases: Case[] };

function arrayOf({ dtype, shape, data }: Listed): ArrayValue {
  const array = new ELEMENT_ARRAYS[dtype](data.length);
  data.forEach((value, i) => array[i] = array instanceof BigInt64Array ? BigInt(value) : Number(value));
  return { dtype, shape, data: array };
}
const arraysOf = (values: Record<string, Listed>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, arrayOf(value)]));

async function withFile(
  path: string,
  binding: "auto" | "node",
  use: (session: ModelSession) => Promise<void>,
): Promise<void> {
  const session = await openOnnxFile(path, { threads: 1, binding });
  try {
    await use(session);
  } finally {
    await session.release();
  }
}

/** The same values in every dtype; sums of floats may be in another order. */
function assertSame(actual: Record<string, ArrayValue>, expected: Record<string, ArrayValue>): void {
  assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort());
  for (const [name, { dtype, shape, data }] of Object.entries(expected)) {
    assert.deepEqual([actual[name].dtype, [...actual[name].shape]], [dtype, shape], name);
    if (dtype !== "float32") assert.deepEqual(actual[name].data, data, name);
    else data.forEach((value, i) => assert.ok(Math.abs(Number(actual[name].data[i]) - Number(value)) < 1e-5, name));
  }
}

Deno.test("the library itself is called where these tests run", () => assert.notEqual(onnxRuntimeC(), null));

for (const binding of ["auto", "node"] as const) {
  Deno.test(`openOnnxFile gives what Python's onnxruntime gives, also into bound memory (binding ${binding})`, async () => {
    for (const { model, inputs, outputs } of cases) {
      await withFile(join(GOLDEN, model), binding, async (session) => {
        const [feeds, expected] = [arraysOf(inputs), arraysOf(outputs)];
        assert.deepEqual(session.inputNames, Object.keys(inputs));
        assert.deepEqual(session.outputNames, Object.keys(outputs));
        assertSame(await session.run(feeds), expected);
        const bound = arraysOf(outputs);
        for (const { data } of Object.values(bound)) data.fill((data instanceof BigInt64Array ? 0n : 0) as never);
        await session.bind(feeds, bound).run();
        assertSame(bound, expected);
      });
    }
  });
}

Deno.test("openOnnxFile refuses what does not fit, and what is no model", async () => {
  const { inputs } = cases[1];
  const feeds = arraysOf(inputs);
  await withFile(join(GOLDEN, "lookup.onnx"), "auto", async (session) => {
    const refuses = (changes: Record<string, ArrayValue | undefined>, pattern: RegExp) =>
      assert.rejects(session.run({ ...feeds, ...changes } as Record<string, ArrayValue>), {
        name: "TypeError",
        message: pattern,
      });
    await refuses({ counts: undefined }, /expected counts int32 \[3\], got none/);
    await refuses({ counts: arrayOf({ dtype: "int32", shape: [2], data: [1, 2] }) }, /got int32 \[2\] with 2 values/);
    await refuses({ ids: { ...feeds.mask } }, /expected ids int64 \[batch, length\], got int32/);
    await refuses({ other: feeds.mask }, /"other" is no input; inputs are ids, mask, counts/);
    const other = { other: feeds.mask };
    assert.throws(
      () => session.bind(feeds, other),
      /"other" is no output; outputs are sum, bytes, flags, places, doubled/,
    );
    const wrong = arrayOf({ dtype: "int64", shape: [2, 100], data: Array(8).fill(100) });
    await assert.rejects(session.run({ ...feeds, ids: { ...wrong, shape: [2, 4] } }), /out of data bounds/);
  });
  await assert.rejects(openOnnxFile(projectPath("deno.json")), /Cannot read deno.json: expected an ONNX model/);
});

Deno.test("placement says where the nodes of a file ran", async () => {
  const { counts, whole, nodes } = await placement(join(GOLDEN, "convolution.onnx"), arraysOf(cases[0].inputs));
  assert.deepEqual([Object.keys(counts), whole], [["cpu"], true]);
  assert.ok(nodes.some(({ operator }) => /Conv/.test(operator)), nodes.map(({ operator }) => operator).join());
});
