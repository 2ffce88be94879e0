// Plans of weights in other forms: graphs that give the same numbers once their parameters are converted.

import assert from "node:assert/strict";
import {
  type FeedArray,
  gather,
  gemm,
  type Graph,
  graph,
  input,
  interpret,
  matMul,
  packRows,
  parameter,
  planBlocks,
  planColumns,
  planFloat16,
  type StoragePlan,
  type Tensor,
  transpose,
} from "lib/graph/mod.ts";
import { compile } from "lib/runtime/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

const ROWS = 7;
/** Not a multiple of a block's 32. */
const K = 41;
const counted = (count: number, factor = 1) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * factor + 1));
const leaf = (name: string, shape: number[]) => parameter(name, shape, { initializer: { kind: "constant", value: 0 } });

/** Looks rows up, multiplies them with a matrix, then with the table that they come from. */
function tied(): Graph {
  const table = leaf("table", [ROWS, K]);
  const rows = gather(table, input("ids", "int32", ["batch", "sequence"]));
  const hidden = matMul(rows, transpose(leaf("w", [K, K])));
  const last: Tensor = gather(hidden, input("last", "int64", []), 1);
  return graph("tied", {
    hidden,
    scores: gemm(last, table, null, { transB: true }),
    all: matMul(hidden, transpose(table)),
  });
}

const FEEDS: Record<string, FeedArray> = {
  ids: { data: [0, 6, 3, 2, 2, 5], shape: [2, 3] },
  last: { data: [2], shape: [] },
};
const VALUES: Record<string, Float32Array> = { table: counted(ROWS * K), w: counted(K * K, 1.7) };

/** Packed bytes and scales of rows, and the float32 that they stand for. */
function packed(values: Float32Array, bits: 4 | 8) {
  const [rows, blocks] = [values.length / K, Math.ceil(K / 32)];
  const into = { bytes: new Uint8Array(rows * blocks * 4 * bits), scales: new Float32Array(rows * blocks) };
  packRows(values, { k: K, bits }, into);
  const integer = (i: number) =>
    bits === 8 ? into.bytes[i] : i % 2 === 0 ? into.bytes[i >> 1] & 15 : into.bytes[i >> 1] >> 4;
  const restored = values.map((_, i) => {
    const [row, column] = [Math.floor(i / K), i % K];
    return (integer(row * blocks * 32 + column) - 2 ** (bits - 1)) * into.scales[row * blocks + (column >> 5)];
  });
  return { ...into, restored };
}

function parameterFeeds({ stored }: StoragePlan): Record<string, FeedArray> {
  return Object.fromEntries(stored.flatMap(({ source, form, results }): [string, FeedArray][] => {
    const values = VALUES[source.source.name];
    const names = results.map((result) => result.source.name);
    if (form.kind === "blocks") {
      const { bytes, scales } = packed(values, form.bits);
      return [[names[0], { data: bytes }], [names[1], { data: scales }]];
    }
    const [rows, columns] = source.shape as number[];
    const transposed = values.map((_, i) => values[i % rows * columns + Math.floor(i / rows)]);
    return [[names[0], { data: form.transposed ? transposed : values }]];
  }));
}

const plain = (values = VALUES) =>
  interpret(tied(), { ...FEEDS, table: { data: values.table }, w: { data: values.w } });

for (const bits of [4, 8] as const) {
  Deno.test(`planBlocks computes with the values that ${bits} bits stand for, table and products`, async () => {
    const plan = planBlocks(tied(), { bits });
    assert.deepEqual(plan.graph.parameters.map(({ source }) => source.name).sort(), [
      `table.int${bits}`,
      `table.int${bits}.scale`,
      `w.int${bits}`,
      `w.int${bits}.scale`,
    ]);
    assert.deepEqual(plan.stored.map(({ source }) => source.source.name).sort(), ["table", "w"]);
    const restored = Object.fromEntries(Object.entries(VALUES).map(([name, v]) => [name, packed(v, bits).restored]));
    const expected = plain(restored);
    const feeds = parameterFeeds(plan);
    const results = interpret(plan.graph, { ...FEEDS, ...feeds });
    for (const name of Object.keys(expected)) {
      assertAllClose(results[name].data, expected[name].data, { atol: 1e-6, label: name });
    }

    const weights = Object.fromEntries(plan.graph.parameters.map(({ source, dtype, shape }) => [source.name, {
      dtype,
      shape: shape as number[],
      data: feeds[source.name].data as Uint8Array,
    }]));
    const session = await compile(plan.graph, { threads: 1, weights });
    const found = await session.run({
      ids: { dtype: "int32", shape: [2, 3], data: Int32Array.from(FEEDS.ids.data as number[]) },
      last: { dtype: "int64", shape: [], data: BigInt64Array.of(2n) },
    });
    for (const name of Object.keys(expected)) {
      assertAllClose(found[name].data as Float32Array, expected[name].data, { atol: 1e-4, rtol: 1e-5, label: name });
    }
    await session.release();
  });

  Deno.test(`packRows of ${bits} bits is within a step of each value, half a step but at the far end`, () => {
    const values = counted(5 * K, 3.1);
    const { scales, restored } = packed(values, bits);
    values.forEach((value, i) => {
      const step = Math.abs(scales[Math.floor(i / K) * 2 + (i % K >> 5)]);
      const error = Math.abs(value - restored[i]);
      assert.ok(error <= step * (1 + 1e-6), `${value} became ${restored[i]}`);
      if (Math.abs(value) < (2 ** (bits - 1) - 1) * step) {
        assert.ok(error <= step / 2 * (1 + 1e-5), `${value}: ${restored[i]}`);
      }
    });
    assert.ok(packed(new Float32Array(K), bits).restored.every((value) => value === 0));
  });
}

for (const bits of [4, 8] as const) {
  Deno.test(`activations in int8 move a product with ${bits} bits by no more than their own rounding`, async () => {
    const [x, w] = [counted(3 * 64, 5.3), counted(ROWS * 64, 2.9)];
    const product = graph("product", { y: matMul(input("x", "float32", [3, 64]), transpose(leaf("w", [ROWS, 64]))) });
    const into = { bytes: new Uint8Array(ROWS * 2 * 4 * bits), scales: new Float32Array(ROWS * 2) };
    packRows(w, { k: 64, bits }, into);
    const results: Float32Array[] = [];
    for (const activations of ["float32", "int8"] as const) {
      const plan = planBlocks(product, { bits, activations });
      const session = await compile(plan.graph, {
        threads: 1,
        weights: {
          [`w.int${bits}`]: { dtype: "uint8", shape: [ROWS, 2, 4 * bits], data: into.bytes },
          [`w.int${bits}.scale`]: { dtype: "float32", shape: [ROWS, 2], data: into.scales },
        },
      });
      const { y } = await session.run({ x: { dtype: "float32", shape: [3, 64], data: x } });
      results.push(y.data as Float32Array);
      await session.release();
    }
    results[1].forEach((value, i) => {
      const [row, column] = [Math.floor(i / ROWS), i % ROWS];
      let bound = 1e-5;
      for (const block of [0, 32]) {
        const own = x.subarray(row * 64 + block, row * 64 + block + 32);
        const most = own.reduce((largest, one) => Math.max(largest, Math.abs(one)), 0);
        // The integers stand for weights of up to a step more than the largest.
        const step = Math.abs(into.scales[column * 2 + block / 32]);
        for (let k = 0; k < 32; k++) bound += (Math.abs(w[column * 64 + block + k]) + step) * most / 254;
      }
      assert.ok(Math.abs(value - results[0][i]) <= bound, `${value} is not within ${bound} of ${results[0][i]}`);
    });
    assert.notDeepEqual(results[1], results[0], "they are rounded");
  });
}

Deno.test("planColumns stores matrices as products read them, but for those that are also read in another way", () => {
  const plan = planColumns(tied());
  const forms = Object.fromEntries(plan.stored.map(({ source, form }) => [source.source.name, form]));
  assert.deepEqual(forms.w, { kind: "dense", dtype: "float32", transposed: true });
  assert.deepEqual(forms.table, { kind: "dense", dtype: "float32", transposed: false });
  const results = interpret(plan.graph, { ...FEEDS, ...parameterFeeds(plan) });
  for (const [name, { data }] of Object.entries(plain())) assert.deepEqual(results[name].data, data, name);
});

Deno.test("planFloat16 stores in half precision what products read", () => {
  const plan = planFloat16(tied());
  assert.deepEqual(
    plan.stored.map(({ source, form, results: [result] }) => [source.source.name, form, result.dtype]).sort(),
    [
      ["table", { kind: "dense", dtype: "float16", transposed: false }, "float16"],
      ["w", { kind: "dense", dtype: "float16", transposed: true }, "float16"],
    ],
  );
  const results = interpret(plan.graph, { ...FEEDS, ...parameterFeeds(plan) });
  for (const [name, { data }] of Object.entries(plain())) assertAllClose(results[name].data, data, { atol: 1e-6 });
});

Deno.test("planBlocks leaves out what is not selected", () => {
  const plan = planBlocks(tied(), { bits: 4, select: (name) => name === "w" });
  const forms = plan.stored.map(({ source, form }) => [source.source.name, form.kind]).sort();
  assert.deepEqual(forms, [["table", "dense"], ["w", "blocks"]]);
});
