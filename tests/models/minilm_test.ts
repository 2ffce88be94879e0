import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { loadDataset, readSafetensors, type SafetensorsTensor, toFloat32 } from "lib/data/mod.ts";
import { type Graph, interpret, parameterCount } from "lib/graph/mod.ts";
import { minilm, type MinilmConfig, minilmParameterCount } from "lib/models/minilm.ts";
import { minilmWeights } from "lib/models/minilm_weights.ts";
import { embedTexts, loadTeacher, TEACHER_MAX_TOKENS } from "lib/models/teacher.ts";
import { initialValues } from "lib/nn/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { type ArrayValue, compile } from "lib/runtime/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { availableTeacher } from "./teacher_folder.ts";

const TINY: MinilmConfig = {
  vocabularySize: 11,
  hiddenDim: 8,
  layers: 2,
  heads: 2,
  intermediateDim: 12,
  maxPositions: 6,
  tokenTypes: 2,
};
const folder = availableTeacher();

function randomWeights(graph: Graph): Record<string, ArrayValue> {
  return Object.fromEntries(graph.parameters.map((leaf) => [
    leaf.source.name,
    { dtype: "float32" as const, shape: leaf.shape as number[], data: initialValues(leaf, 3) },
  ]));
}

/** Ids of two texts of 5 and 3 tokens, padded to `length` with id 7. */
function feeds(length: number): Record<string, ArrayValue> {
  const texts = [[1, 4, 9, 10, 2], [1, 3, 2]];
  const shape = [2, length];
  const rows = (make: (text: number[]) => number[]) => texts.flatMap(make);
  return {
    ids: {
      dtype: "int32",
      shape,
      data: Int32Array.from(rows((text) => [...text, ...Array(length - text.length).fill(7)])),
    },
    mask: {
      dtype: "float32",
      shape,
      data: Float32Array.from(rows((text) => Array.from({ length }, (_, i) => (i < text.length ? 1 : 0)))),
    },
  };
}

Deno.test("minilm has the parameters that the formula counts, for sizes of all kinds", () => {
  for (const config of [{}, TINY, { ...TINY, layers: 1, heads: 4, tokenTypes: 1 }]) {
    assert.equal(parameterCount(minilm(config).trace()), minilmParameterCount(config));
  }
  // What transformers counts, less the pooling layer of 384^2 + 384.
  assert.equal(minilmParameterCount(), 22_713_216 - 384 ** 2 - 384);
  assert.throws(() => minilm({ layers: 0 }), /expected layers to be an integer of at least 1, got 0/);
  assert.throws(() => minilm({ heads: 5 }).trace(), /heads that divides 384, got 5/);
});

Deno.test("minilm computes what the float64 interpreter does, in rows of norm 1, whatever the padding", async () => {
  const graph = minilm(TINY).trace();
  const weights = randomWeights(graph);
  const session = await compile(graph, { weights, threads: 1 });
  const [short, long] = [await session.run(feeds(5)), await session.run(feeds(6))];
  await session.release();
  const expected = interpret(graph, { ...weights, ...feeds(5) } as never).embedding;
  assertAllClose(short.embedding.data as Float32Array, expected.data as ArrayLike<number>, { rtol: 1e-5, atol: 1e-6 });
  assertAllClose(long.embedding.data as Float32Array, short.embedding.data as Float32Array, { rtol: 1e-5, atol: 1e-6 });
  for (const row of [0, 1]) {
    const values = (short.embedding.data as Float32Array).subarray(row * 8, row * 8 + 8);
    assert.ok(Math.abs(Math.hypot(...values) - 1) < 1e-6);
  }
});

Deno.test("minilmWeights takes a BertModel's tensors, and refuses missing, unknown, misshapen and broken ones", () => {
  const graph = minilm(TINY).trace();
  const good = Object.fromEntries(
    Object.entries(randomWeights(graph)).map(([name, { shape, data }]) => [name, { dtype: "F32", shape, data }]),
  ) as Record<string, SafetensorsTensor>;
  const load = (tensors: Record<string, SafetensorsTensor>) => minilmWeights(tensors, { graph, label: "a file" });
  const first = "embeddings.LayerNorm.weight";
  const changed = (name: string, tensor: SafetensorsTensor) => ({ ...good, [name]: tensor });
  const of = (length: number, value = 1): SafetensorsTensor => ({
    dtype: "F32",
    shape: [length],
    data: new Float32Array(length).fill(value),
  });

  assert.equal(load(good)[first].data, good[first].data);
  assert.deepEqual(Object.keys(load(good)), graph.parameters.map(({ source }) => source.name));
  const prefixed = Object.fromEntries(Object.entries(good).map(([name, tensor]) => [`bert.${name}`, tensor]));
  assert.deepEqual(load({ ...prefixed, "bert.pooler.dense.bias": of(8) }), load(good));
  const half: SafetensorsTensor = { dtype: "F16", shape: [8], data: new Uint16Array(8).fill(0x3c00) };
  assert.deepEqual(load(changed(first, half))[first].data, new Float32Array(8).fill(1));

  const { [first]: _, ...without } = good;
  assert.throws(
    () => load(without),
    /Cannot load a file: expected no missing tensors, got embeddings.LayerNorm.weight$/,
  );
  assert.throws(() => load({}), /got .*, .*, .* and 34 more/);
  assert.throws(() => load(changed("extra", of(1))), /expected no other tensors, got extra/);
  assert.throws(() => load(changed(first, of(9))), /expected embeddings.LayerNorm.weight \[8\], got \[9\]/);
  assert.throws(
    () => load(changed(first, of(8, NaN))),
    /expected finite values, got NaN in embeddings.LayerNorm.weight/,
  );
  const whole: SafetensorsTensor = { dtype: "I32", shape: [8], data: new Int32Array(8) };
  assert.throws(() => load(changed(first, whole)), /expected F64, F32, F16 or BF16, got I32/);
});

interface GoldenText {
  text: string;
  /** Of the whole text. */
  tokens: number;
  /** The first 24 ids. */
  ids: number[];
}

Deno.test({
  name: "the teacher embeds 200 texts as sentence-transformers does, token for token and with a cosine of 0.99999",
  ignore: folder === null,
  async fn() {
    const golden = projectPath("tests", "golden", "models");
    const rows: GoldenText[] = JSON.parse(readFileSync(`${golden}/minilm_texts.json`, "utf8"));
    const expected = toFloat32((await readSafetensors(`${golden}/minilm.safetensors`)).tensors.embedding);
    assert.equal(rows.length, 200);
    const teacher = await loadTeacher({ folder: folder! });
    try {
      for (const { text, tokens, ids } of rows) {
        const encoded = teacher.tokenizer.encode(text, 100_000);
        assert.deepEqual([encoded.tokens, encoded.ids.slice(0, 24)], [tokens, ids], JSON.stringify(text.slice(0, 60)));
      }
      const { data, truncated } = await embedTexts(teacher, rows.map(({ text }) => text), { batchSize: 32 });
      const tooLong = [...rows.keys()].filter((row) => rows[row].tokens > TEACHER_MAX_TOKENS);
      assert.deepEqual([...truncated], tooLong);
      assert.ok(tooLong.length > 5);
      const cosines = rows.map((_, row) => cosine(data, expected, row));
      assert.ok(Math.min(...cosines) >= 0.99999, `the lowest cosine is ${Math.min(...cosines)}`);
    } finally {
      await teacher.release();
    }
  },
});

Deno.test({
  name:
    "the teacher gives the shipped vectors of wordnet-20k, whatever the order and size of batches, and takes any text",
  ignore: folder === null,
  async fn() {
    const { texts, columns } = await loadDataset("wordnet-20k");
    const teacher = await loadTeacher({ folder: folder! });
    try {
      const some = texts.text.slice(0, 50);
      const { data } = await embedTexts(teacher, [...some, "", "word ".repeat(100_000)], { batchSize: 7 });
      assert.ok(some.every((_, row) => cosine(data, columns.embedding.data, row) > 0.999999));
      assertAllClose(data.subarray(0, 384), (await embedTexts(teacher, some.slice(0, 1))).data, { atol: 1e-6 });
      const { shape, truncated } = await embedTexts(teacher, ["word ".repeat(100_000)]);
      assert.deepEqual([shape, truncated], [[1, 384], [0]]);
      assert.deepEqual((await embedTexts(teacher, [])).shape, [0, 384]);
    } finally {
      await teacher.release();
    }
  },
});

/** Of row `row` of two matrices of width 384, the second not quite normalised. */
function cosine(a: Float32Array, b: Float32Array, row: number): number {
  let [product, aa, bb] = [0, 0, 0];
  for (let i = row * 384; i < (row + 1) * 384; i++) {
    product += a[i] * b[i];
    aa += a[i] ** 2;
    bb += b[i] ** 2;
  }
  return product / Math.sqrt(aa * bb);
}
