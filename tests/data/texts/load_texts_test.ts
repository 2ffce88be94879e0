import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadDataset, loadTexts, loadTextsOf } from "lib/data/mod.ts";
import { sha256Hex } from "lib/process/mod.ts";

const TABLE = "verse\tsplit\ttext\nA1:1\ttrain\tone\nA1:2\ttest\ttwo\nA2:1\tvalidation\tthree\n";

function manifest(table = TABLE, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    schemaVersion: 1,
    kind: "texts",
    name: "small",
    title: "Small",
    origin: [{ name: "Somebody", version: "1", obtainedFrom: "a shelf", licence: "public domain" }],
    licence: { name: "public domain", notice: "written long ago" },
    file: "verses.tsv",
    columns: ["verse", "split", "text"],
    rows: 3,
    splits: { train: 1, validation: 1, test: 1 },
    files: { "verses.tsv": { bytes: table.length, sha256: sha256Hex(table) } },
    build: { command: "deno task data small", seed: 1, dropped: {} },
    ...changes,
  };
}

async function withFolder(
  files: { table?: string; manifest: Record<string, unknown> },
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-texts-"));
  try {
    writeFileSync(join(folder, "verses.tsv"), files.table ?? TABLE);
    writeFileSync(join(folder, "manifest.json"), JSON.stringify(files.manifest));
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

Deno.test("loadTexts gives the verses of kjv-1mb and the definitions of wordnet-20k with their splits", async () => {
  const verses = await loadTexts("kjv-1mb");
  assert.equal(verses.keys[0], "Ge1:1");
  assert.match(verses.texts[0], /^In the beginning God created the heaven and the earth\.$/);
  const { train, validation, test } = verses.splits;
  assert.equal(train.length + validation.length + test.length, verses.texts.length);
  // A chapter is in one split.
  const chapter = (row: number) => verses.keys[row].split(":")[0];
  const trained = new Set(Array.from(train, chapter));
  assert.ok([...test, ...validation].every((row) => !trained.has(chapter(row))));
  assert.match(verses.provenance.terms, /copyright/);
  const definitions = await loadTexts("wordnet-20k");
  assert.equal(definitions.hash, (await loadDataset("wordnet-20k")).hash);
  assert.equal(definitions.splits.test.length, 2000);
});

Deno.test("loadTextsOf reads a folder of texts, and refuses what its manifest does not say", async () => {
  await withFolder({ manifest: manifest() }, async (folder) => {
    const { texts, keys, splits, provenance } = await loadTextsOf(folder, "small");
    assert.deepEqual([texts, keys], [["one", "two", "three"], ["A1:1", "A1:2", "A2:1"]]);
    assert.deepEqual(Object.values(splits).map((rows) => Array.from(rows)), [[0], [2], [1]]);
    assert.equal(provenance.terms, "public domain: written long ago");
    await assert.rejects(loadTextsOf(folder, "other"), /expected other, got small/);
    await assert.rejects(loadDataset(folder), /of texts without vectors, which loadTexts reads/);
  });
  await withFolder({ manifest: manifest(), table: `${TABLE} ` }, async (folder) => {
    await assert.rejects(loadTextsOf(folder, "small"), /expected SHA-256 .* rebuild it with: deno task data small/);
  });
  const wrongSplit = TABLE.replace("\ttest\t", "\texam\t");
  await withFolder({ manifest: manifest(wrongSplit), table: wrongSplit }, async (folder) => {
    await assert.rejects(loadTextsOf(folder, "small"), /expected train, validation or test in row 1, got "exam"/);
  });
  const otherCounts = manifest(TABLE, { splits: { train: 2, validation: 0, test: 1 } });
  await withFolder({ manifest: otherCounts }, async (folder) => {
    await assert.rejects(loadTextsOf(folder, "small"), /expected 2 rows of train, got 1/);
  });
});

Deno.test("manifests of texts need provenance, a text column, and splits that add up", async () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ origin: [] }, /origin: .*a set of texts without provenance is refused/],
    [{ columns: ["verse", "part", "text"] }, /columns: expected "split" among them/],
    [{ splits: { train: 1, validation: 1, test: 2 } }, /splits: expected 3 rows together/],
    [{ file: "other.tsv" }, /file: expected a file listed in files, got other\.tsv/],
  ];
  for (const [changes, message] of cases) {
    await withFolder({ manifest: manifest(TABLE, changes) }, async (folder) => {
      await assert.rejects(loadTextsOf(folder, "small"), message);
    });
  }
  await assert.rejects(loadTexts("wti"), /data\/wti is a series, which loadSeries reads/);
  await assert.rejects(loadTexts("no-such"), /expected a folder data\/no-such with a manifest\.json, got none/);
  await assert.rejects(loadTexts("../x"), /expected the name of a folder under data\//);
});
