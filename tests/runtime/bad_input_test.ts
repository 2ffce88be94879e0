// What a user can get wrong is told with the node and the line of the model that wrote it.

import assert from "node:assert/strict";
import process from "node:process";
import { add, constant, erf, graph, input, matMul, quantizeLinear, relu, reshape } from "lib/graph/mod.ts";
import { compile, tfjsExecutor } from "lib/runtime/mod.ts";

/** `file:///…/bad_input_test.ts:12:5`, of a line of this file. */
const HERE = String.raw`file://\S*/tests/runtime/bad_input_test\.ts:\d+:\d+`;

Deno.test("an operator that the CPU provider lacks is refused with its node and line", async () => {
  const x = input("x", "float64", [2, 3]);
  const whole = graph("wide", { y: add(erf(add(x, 1)), 1) });
  for (const binding of ["auto", "node"] as const) {
    await assert.rejects(compile(whole, { binding }), (error) => {
      assert.match(
        (error as Error).message,
        new RegExp(
          String
            .raw`^Cannot compile wide: node Erf_1 \(Erf of float64 \[2, 3\], at ${HERE}\) is refused: .*implementation`,
        ),
      );
      assert.ok((error as Error).cause instanceof Error);
      return true;
    });
  }
});

Deno.test("an operator without a tfjs kernel is refused with its line", async () => {
  const bytes = quantizeLinear(relu(input("x", "float32", ["n", 3])), constant(0.1), constant(0, { dtype: "uint8" }));
  await assert.rejects(
    tfjsExecutor(graph("bytes", { bytes })),
    new RegExp(
      `^TypeError: Cannot run with tfjs: operator QuantizeLinear, at ${HERE} has no tfjs kernel; use the engine "cpu"`,
    ),
  );
});

Deno.test("a provider that the binary lacks is refused by its name, and not blamed on a node", async () => {
  const provider = process.platform === "darwin" ? "cuda" as "cpu" : "coreml";
  await assert.rejects(
    compile(graph("g", { y: relu(input("x", "float32", [1])) }), { provider }),
    new RegExp(`^Error: Cannot use the provider "${provider}"`),
  );
});

Deno.test("a batch of another size than the graph's is refused by every executor, naming the input", async () => {
  const x = input("x", "float32", [4, 3]);
  const y = matMul(x, constant(new Array(6).fill(1), { shape: [3, 2] }));
  const six = { x: { dtype: "float32" as const, shape: [6, 3], data: new Float32Array(18) } };
  const message = /^TypeError: Cannot run: expected x float32 \[4, 3\], got float32 \[6, 3\] with 18 values$/;
  const open = [
    () => compile(graph("g", { y })),
    () => compile(graph("g", { y }), { binding: "node" }),
    () => tfjsExecutor(graph("g", { y }), { backend: "tfjs" }),
  ];
  for (const make of open) {
    const session = await make();
    try {
      await assert.rejects(session.run(six), message);
      assert.throws(() => session.bind(six, {}), message);
      const right = { x: { ...six.x, shape: [4, 3], data: new Float32Array(12) } };
      const fetches = { y: { dtype: "float32" as const, shape: [6, 2], data: new Float32Array(12) } };
      assert.throws(() => session.bind(right, fetches), /expected y float32 \[4, 2\], got float32 \[6, 2\]/);
    } finally {
      await session.release();
    }
  }
});

Deno.test("a session that cannot be run with what a shape says keeps its own words where no node is to blame", async () => {
  const open = graph("open", { y: reshape(input("x", "float32", ["n", 4]), [2, "n", 2]) });
  const session = await compile(open);
  try {
    const data = new Float32Array(12);
    await assert.rejects(session.run({ x: { dtype: "float32", shape: [3, 5], data } }), /expected x float32 \[n, 4\]/);
  } finally {
    await session.release();
  }
});
