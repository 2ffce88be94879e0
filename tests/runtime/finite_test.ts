// Half precision that overflows is told with the node; everything else passes as it was.

import assert from "node:assert/strict";
import {
  type ArrayValue,
  cast,
  constant,
  div,
  float32ToFloat16,
  type Graph,
  graph,
  input,
  log,
  matMul,
  mul,
  parameter,
  relu,
  sub,
  toFloat16,
  where,
} from "lib/graph/mod.ts";
import { compile, type CompileOptions } from "lib/runtime/mod.ts";

const HERE = String.raw`file://\S*/tests/runtime/finite_test\.ts:\d+:\d+`;

const float32 = (shape: readonly number[], values: ArrayLike<number>): ArrayValue => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});

const float16 = (shape: readonly number[], values: ArrayLike<number>): ArrayValue => ({
  dtype: "float16",
  shape,
  data: float32ToFloat16(Float32Array.from(values)),
});

/** A product whose result is 400 times what it reads, its square, and the product's difference from one. */
function overflowing() {
  const w = parameter("w", [2, 2], { initializer: { kind: "constant", value: 0 } });
  const product = matMul(relu(input("x", "float32", ["batch", 2])), w);
  const square = mul(product, product);
  return toFloat16({
    graph: graph("square", { square, moved: sub(product, 1) }),
    weights: { w: float32([2, 2], [400, 0, 0, 400]) },
  }, { io: "float16" });
}

async function withSession<T>(
  whole: Graph,
  options: CompileOptions,
  use: (session: Awaited<ReturnType<typeof compile>>) => Promise<T>,
): Promise<T> {
  const session = await compile(whole, { threads: 1, ...options });
  try {
    return await use(session);
  } finally {
    await session.release();
  }
}

const message = new RegExp(
  String
    .raw`^RangeError: Cannot run square in float16: node Mul_\d+ \(Mul of float16 \[batch, 2\], float16 \[batch, 2\], ` +
    String
      .raw`at ${HERE}\) gives values that are not finite from finite ones, and with them the output square; float16 ends`,
);

for (const binding of ["auto", "node"] as const) {
  Deno.test(`an overflow in float16 names the node and its line, with stored and with fed weights (${binding})`, async () => {
    const { graph: half, weights } = overflowing();
    const feeds = { x: float16([2, 2], [1, 1, 1, -1]) };
    for (const stored of [true, false]) {
      await withSession(half, { binding, ...(stored && { weights }) }, async (session) => {
        const fed = stored ? feeds : { ...feeds, ...weights };
        await assert.rejects(session.run(fed), message);
        const square = float16([2, 2], new Array(4).fill(0));
        await assert.rejects(session.bind(fed, { square }).run(), message);
        // 200 fits, as its square does.
        const small = { ...fed, x: float16([1, 2], [0.25, 0.5]) };
        const expected = float16([1, 2], [10_000, 40_000]);
        assert.deepEqual((await session.run(small)).square.data, expected.data);
        const bound = float16([1, 2], [0, 0]);
        await session.bind(small, { square: bound }).run();
        assert.deepEqual(bound, expected);
      });
    }
  });
}

Deno.test("values that were not finite when they came in are handed out, and float32 is not watched", async () => {
  const { graph: half, weights } = overflowing();
  await withSession(half, { weights }, async (session) => {
    const { square } = await session.run({ x: float16([1, 2], [Infinity, 0.25]) });
    assert.equal(square.data[0], 0x7c00);
  });
  const whole = graph("reciprocal", { y: div(1, input("x", "float32", [1])) });
  await withSession(whole, {}, async (session) => {
    const { y } = await session.run({ x: float32([1], [0]) });
    assert.equal(y.data[0], Infinity);
  });
});

Deno.test("infinities that the graph's constants put there are handed out", async () => {
  const x = input("x", "float16", [2]);
  const masked = where(constant([1, 0], { dtype: "bool" }), x, constant(-Infinity, { dtype: "float16" }));
  await withSession(graph("masked", { masked }), {}, async (session) => {
    const { masked } = await session.run({ x: float16([2], [1, 2]) });
    assert.deepEqual(masked, float16([2], [1, -Infinity]));
  });
});

Deno.test("a float16 output is watched in its own bits, and a value that vanished in float16 too", async () => {
  const x = input("x", "float32", [1]);
  const narrowed = cast(x, "float16");
  await withSession(graph("narrow", { narrowed }), {}, async (session) => {
    await assert.rejects(
      session.run({ x: float32([1], [1e6]) }),
      /node Cast_0 \(Cast of float32 \[1\], at .*output narrowed/,
    );
    const { narrowed } = await session.run({ x: float32([1], [65504]) });
    assert.equal(narrowed.data[0], 0x7bff);
  });
  await withSession(graph("vanished", { y: log(cast(narrowed, "float32")) }), {}, async (session) => {
    await assert.rejects(session.run({ x: float32([1], [1e-9]) }), /node Log_2 .* output y/);
  });
});
