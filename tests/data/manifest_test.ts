import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { type DatasetManifest, parseManifest, randomDataset } from "lib/data/mod.ts";
import { projectPath } from "lib/process/mod.ts";

type Edit = (manifest: DatasetManifest & Record<string, unknown>) => void;

const text = await readFile(projectPath("data", "wordnet-20k", "manifest.json"), "utf8");

function edited(edit: Edit): unknown {
  const manifest = JSON.parse(text);
  edit(manifest);
  return manifest;
}

Deno.test("parseManifest takes the committed manifest and that of a random dataset", () => {
  assert.equal(parseManifest(JSON.parse(text)).name, "wordnet-20k");
  const { manifest } = randomDataset({ rows: 10, width: 2, seed: 0 });
  assert.deepEqual(parseManifest(manifest), manifest);
});

Deno.test("parseManifest refuses a dataset without provenance", () => {
  // deno-lint-ignore no-explicit-any
  const remove = (key: string) => edited((manifest) => delete (manifest as any)[key]);
  for (const key of ["origin", "licence"]) {
    assert.throws(() => parseManifest(remove(key)), new RegExp(`manifest: ${key}: .*without provenance is refused`));
  }
  assert.throws(() => parseManifest(edited((manifest) => manifest.origin = [])), /origin: .*without provenance/);
  assert.throws(() => parseManifest(edited((manifest) => manifest.origin[0].licence = "")), /origin\.0\.licence: /);
  assert.throws(() => parseManifest(remove("build")), /manifest: build: /);
  assert.throws(() => parseManifest(remove("model")), /manifest: model: /);
});

Deno.test("parseManifest names the path of the offending field", () => {
  const cases: [Edit, RegExp][] = [
    [(m) => m.schemaVersion = 2 as 1, /schemaVersion: /],
    [(m) => m.name = "Word Net", /name: expected lower-case letters/],
    [(m) => m.files["texts.tsv"].sha256 = "abc", /files\.texts\.tsv\.sha256: expected 64 hexadecimal digits/],
    [(m) => m.files["../secret"] = m.files["texts.tsv"], /files\.\.\.\/secret: /],
    [
      (m) => m.columns.embedding.file = "/etc/passwd",
      /columns\.embedding\.file: expected a file name without a folder/,
    ],
    [
      (m) => m.columns.embedding.file = "other.safetensors",
      /columns\.embedding\.file: expected a file listed in files/,
    ],
    [(m) => m.columns.embedding.shape = [19999, 384], /columns\.embedding\.shape\.0: expected 20000 rows, got 19999/],
    [(m) => m.columns = {}, /columns: expected at least one column/],
    [
      (m) => m.splits.validation.start = 15999,
      /splits\.validation\.start: expected 16000 or more, got 15999 \(overlap\)/,
    ],
    [(m) => m.splits.test.end = 20001, /splits\.test\.end: expected at most 20000, got 20001/],
    [(m) => m.splits.train.end = 0, /splits\.train\.end: /],
    [(m) => m.texts = { file: "none.tsv", columns: ["text"] }, /texts\.file: expected a file listed in files/],
    [(m) => m.author = "someone", /\(top level\): .*author/],
  ];
  for (const [edit, message] of cases) assert.throws(() => parseManifest(edited(edit)), message);
  assert.throws(() => parseManifest(null, "data/x/manifest.json"), /^TypeError: Cannot read data\/x\/manifest\.json: /);
});
