// Products with weights in fewer bits, rewritten to scale them back product by product.

import assert from "node:assert/strict";
import {
  cast,
  constant,
  gemm,
  gradients,
  type Graph,
  graph,
  input,
  interpret,
  matMul,
  matMulNBits,
  mul,
  parameter,
  reduceSum,
  scalePerProduct,
  type Tensor,
  topologicalOrder,
  transpose,
} from "lib/graph/mod.ts";
import { compile } from "lib/runtime/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { assertAllClose } from "../../assertions.ts";

const stream = random(5, "per-product");
const list = (count: number, next: () => number) => Array.from({ length: count }, next);
const x = input("x", "float32", [2, 3, 64]);
const feeds = { x: { data: list(384, () => stream.uniform(-1, 1)), shape: [2, 3, 64] } };

/** The product, the gradient of its squares' sum, and how often each operator occurs. */
function withGradient(y: Tensor): Graph {
  return graph("g", { y, dx: gradients(reduceSum(mul(y, y)), [x])[0] });
}

const types = ({ outputs }: Graph) => topologicalOrder(Object.values(outputs)).map(({ type }) => type);

for (const bits of [4, 8] as const) {
  const blocks = (n: number, count: number) =>
    [
      constant(list(n * count * 4 * bits, () => stream.integer(256)), { dtype: "uint8", shape: [n, count, 4 * bits] }),
      constant(list(n * count, () => Math.fround(stream.uniform(-0.1, 0.1))), { shape: [n, count] }),
    ] as const;
  const [packed, scales] = blocks(7, 2);

  for (const valuesAtOnce of [undefined, 64, 200]) {
    Deno.test(`products with ${bits} bits and their gradients keep their numbers, ${valuesAtOnce ?? "all"} values at once`, async () => {
      const original = withGradient(matMulNBits(x, packed, scales, { bits, accuracyLevel: 1 }));
      const written = scalePerProduct(original, { valuesAtOnce });
      const left = types(written).filter((type) => type === "MatMulNBits" || type === "GatherBlockQuantized");
      assert.deepEqual(left, []);
      const expected = interpret(original, feeds);
      const session = await compile(written, { threads: 1 });
      const data = Float32Array.from(feeds.x.data);
      const computed = await session.run({ x: { dtype: "float32", shape: [2, 3, 64], data } });
      for (const [name, { data, shape }] of Object.entries(interpret(written, feeds))) {
        assert.deepEqual(shape, expected[name].shape);
        assertAllClose(data, expected[name].data, { rtol: 1e-12, atol: 1e-12, label: name });
        assertAllClose(computed[name].data as Float32Array, expected[name].data, {
          rtol: 1e-4,
          atol: 1e-4,
          label: name,
        });
      }
      await session.release();
    });
  }

  Deno.test(`rows that do not fill their blocks of ${bits} bits stay as they are`, () => {
    const narrow = matMulNBits(input("x", "float32", [2, 40]), ...blocks(3, 2), { bits });
    const original = graph("g", { y: narrow });
    assert.deepEqual(types(scalePerProduct(original)), ["MatMulNBits"]);
  });
}

Deno.test("each product with a matrix in half precision has a cast of its own, transposed or not", () => {
  const half = parameter("w", [5, 64], {
    dtype: "float16",
    trainable: false,
    initializer: { kind: "constant", value: 0 },
  });
  const wide = cast(half, "float32");
  const values = { ...feeds, w: { data: list(320, () => stream.integer(64) / 32 - 1), shape: [5, 64] } };
  const flat = input("flat", "float32", [3, 64]);
  const products = [matMul(x, transpose(wide)), gemm(flat, wide, null, { transB: true })];
  const outputs = Object.fromEntries(products.map((y, i) => [`y${i}`, y]));
  const [dx] = gradients(reduceSum(mul(products[0], products[0])), [x]);
  const original = graph("half", { ...outputs, dx });
  const written = scalePerProduct(original);
  assert.equal(types(original).filter((type) => type === "Cast").length, 1);
  assert.equal(types(written).filter((type) => type === "Cast").length, 3);
  const all = { ...values, flat: { data: feeds.x.data.slice(0, 192), shape: [3, 64] } };
  assert.deepEqual(interpret(written, all), interpret(original, all));
});

Deno.test("a graph without such products stays the same", () => {
  const original = withGradient(matMul(x, constant(list(128, () => 1), { shape: [64, 2] })));
  assert.deepEqual(scalePerProduct(original).outputs, original.outputs);
});
