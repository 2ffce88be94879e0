import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { float16ToFloat32, loadDataset } from "lib/data/mod.ts";
import { embedCorpus } from "lib/models/embed_corpus.ts";
import { embedTexts, hasTeacher, loadTeacher, TEACHER_MAX_TOKENS } from "lib/models/teacher.ts";
import { TEACHER_FILES } from "lib/models/teacher_files.ts";
import { standInTeacher } from "./stand_in_teacher.ts";

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-teacher-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const CONFIG = {
  model_type: "bert",
  hidden_act: "gelu",
  hidden_size: 384,
  intermediate_size: 1536,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 512,
  num_attention_heads: 12,
  num_hidden_layers: 6,
  type_vocab_size: 2,
  vocab_size: 30522,
};

const tokenizerOf = (tokens: string[]) => ({
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: null,
  decoder: null,
  model: { type: "WordPiece", unk_token: "[UNK]", vocab: Object.fromEntries(tokens.map((token, i) => [token, i])) },
});

Deno.test("embedTexts batches texts of like length, longest first, and gives them back in their order", async () => {
  const teacher = standInTeacher();
  const progress: number[][] = [];
  const texts = ["aaaa", "", "aa", "a", "aaaaaaa"];
  const { shape, data, truncated } = await embedTexts(teacher, texts, {
    batchSize: 2,
    onProgress: (...counts) => progress.push(counts),
  });
  assert.deepEqual([shape, truncated], [[5, 3], []]);
  assert.deepEqual(teacher.batches, [[2, 9], [2, 4], [1, 2]]);
  assert.deepEqual(progress, [[2, 5], [4, 5], [5, 5]]);
  assert.deepEqual(texts.map((_, row) => data[row * 3]), [6, 2, 4, 3, 9]);
});

Deno.test("embedTexts says which texts it cut, and stops between batches", async () => {
  const teacher = standInTeacher();
  const long = "a".repeat(TEACHER_MAX_TOKENS - 1);
  assert.deepEqual((await embedTexts(teacher, ["a", long, long.slice(1), long + "a"])).truncated, [1, 3]);
  await assert.rejects(embedTexts(teacher, ["a"], { batchSize: 0 }), /batchSize to be an integer from 1, got 0/);
  const controller = new AbortController();
  const stopped = embedTexts(teacher, ["a", "b", "c"], {
    batchSize: 1,
    signal: controller.signal,
    onProgress: () => controller.abort(new Error("enough")),
  });
  await assert.rejects(stopped, /enough/);
  assert.equal(teacher.batches.length, 2);
});

Deno.test("embedCorpus goes on after the last part that was finished, and never takes another teacher's or other texts' parts", async () => {
  await withFolder(async (partsFolder) => {
    const texts = Array.from({ length: 10 }, (_, i) => "a".repeat(i));
    const options = { partsFolder, partSize: 4, batchSize: 4 };
    const controller = new AbortController();
    const first = standInTeacher();
    const stopped = embedCorpus(first, texts, {
      ...options,
      signal: controller.signal,
      onProgress: (done) => done === 8 && controller.abort(new Error("enough")),
    });
    await assert.rejects(stopped, /enough/);
    assert.equal(readdirSync(partsFolder).length, 2);

    const second = standInTeacher();
    const resumed = await embedCorpus(second, texts, options);
    assert.deepEqual([resumed.resumed, resumed.shape, resumed.truncated], [8, [10, 3], 0]);
    assert.equal(second.batches.length, 1);
    assert.deepEqual(resumed.data, (await embedCorpus(standInTeacher(), texts, { partSize: 4, batchSize: 4 })).data);
    assert.deepEqual(
      texts.map((_, row) => float16ToFloat32(resumed.data)[row * 3]),
      texts.map(({ length }) => length + 2),
    );

    assert.equal((await embedCorpus(standInTeacher({ weights: "b" }), texts, options)).resumed, 0);
    assert.equal((await embedCorpus(standInTeacher(), ["b", ...texts.slice(1)], options)).resumed, 6);
    await assert.rejects(embedCorpus(first, texts, { partSize: 0 }), /partSize to be an integer from 1, got 0/);
  });
});

Deno.test("loadTeacher says what is missing, and refuses another model's sizes and another vocabulary", async () => {
  await withFolder(async (folder) => {
    const write = (name: string, value: unknown) => writeFileSync(join(folder, name), JSON.stringify(value));
    assert.equal(hasTeacher(folder), false);
    await assert.rejects(loadTeacher({ folder }), /expected .*config.json, got none; deno task teacher fetches it/);
    write("config.json", { ...CONFIG, num_hidden_layers: 12 });
    write("tokenizer.json", tokenizerOf(["[UNK]", "a", "b"]));
    writeFileSync(join(folder, "model.safetensors"), "");
    assert.equal(hasTeacher(folder), true);
    await assert.rejects(loadTeacher({ folder }), /config.json: expected num_hidden_layers 6, got 12/);
    write("config.json", CONFIG);
    await assert.rejects(loadTeacher({ folder }), /tokenizer.json: expected the 30522 tokens of MiniLM, got 3/);
    write("tokenizer.json", tokenizerOf(Array.from({ length: 30522 }, (_, i) => `token${i}`)));
    await assert.rejects(loadTeacher({ folder }), /expected the 30522 tokens of MiniLM, got other ones/);
    writeFileSync(join(folder, "tokenizer.json"), "{}");
    await assert.rejects(loadTeacher({ folder }), /Cannot read .*tokenizer.json: expected a tokenizer.json/);
  });
});

Deno.test("the teacher's pinned files are those that the shipped vectors were made with", async () => {
  const { model } = (await loadDataset("wordnet-20k")).manifest;
  assert.deepEqual(Object.fromEntries(TEACHER_FILES.map(({ name, sha256 }) => [name, sha256])), model!.sha256);
});
