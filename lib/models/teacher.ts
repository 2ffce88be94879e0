// Embedding texts with the teacher: its files in a folder, a session with its weights, and a corpus in batches of like length.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { type EncodedText, parseTokenizer, type TextTokenizer } from "../data/mod.ts";
import { projectPath, sha256Hex } from "../process/mod.ts";
import { compile, type Session } from "../runtime/mod.ts";
import { MINILM, minilm } from "./minilm.ts";
import { loadMinilmWeights } from "./minilm_weights.ts";
import { TEACHER_FILES, TEACHER_SOURCE } from "./teacher_files.ts";

/** Longest text in tokens, as sentence-transformers cuts for this model. */
export const TEACHER_MAX_TOKENS = 256;

/** SHA-256 of MiniLM's `vocab.txt`: ids of another vocabulary would look up other words' vectors. */
const VOCABULARY_SHA256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3";

/** A loaded teacher. */
export interface Teacher {
  readonly name: string;
  /** Values of an embedding. */
  readonly width: number;
  /** SHA-256 of each file. */
  readonly sha256: Readonly<Record<string, string>>;
  readonly tokenizer: TextTokenizer;
  readonly session: Session;
  /** Frees the native memory. */
  release(): Promise<void>;
}

/** Where `deno task teacher` puts the files: LATENT_LAB_TEACHER, or data/teacher/all-MiniLM-L6-v2. */
export function teacherFolder(): string {
  return process.env.LATENT_LAB_TEACHER || projectPath("data", "teacher", "all-MiniLM-L6-v2");
}

/** Whether the teacher's files are there; without them everything works that needs only the shipped vectors. */
export function hasTeacher(folder: string = teacherFolder()): boolean {
  return TEACHER_FILES.every(({ name }) => existsSync(join(folder, name)));
}

/**
 * Loads a teacher from a folder with `config.json`, `tokenizer.json` and `model.safetensors`.
 *
 * @param options folder, by default `teacherFolder()`; threads inside one operator, 0: one a physical core
 * @throws {RangeError} when a file is missing, the model has other sizes, a tensor is missing, unknown or of another shape, or the
 *   tokenizer has another vocabulary
 */
export async function loadTeacher(
  { folder = teacherFolder(), threads = 0 }: { folder?: string; threads?: number } = {},
): Promise<Teacher> {
  const missing = TEACHER_FILES.find(({ name }) => !existsSync(join(folder, name)));
  if (missing) {
    throw new RangeError(
      `Cannot load the teacher: expected ${join(folder, missing.name)}, got none; deno task teacher fetches it`,
    );
  }
  checkConfig(JSON.parse(await readFile(join(folder, "config.json"), "utf8")), join(folder, "config.json"));
  const tokenizerFile = join(folder, "tokenizer.json");
  const tokenizer = await parseTokenizer(await readFile(tokenizerFile, "utf8"), tokenizerFile);
  checkVocabulary(tokenizer, tokenizerFile);
  const graph = minilm().trace();
  const weights = await loadMinilmWeights(join(folder, "model.safetensors"), graph);
  const session = await compile(graph, { threads, weights });
  const sha256 = Object.fromEntries(
    await Promise.all(TEACHER_FILES.map(async ({ name }) => [name, sha256Hex(await readFile(join(folder, name)))])),
  );
  return {
    name: TEACHER_SOURCE.model,
    width: MINILM.hiddenDim,
    sha256,
    tokenizer,
    session,
    release: () => session.release(),
  };
}

/** Fields of a `config.json` that the graph depends on. */
const CONFIG: Readonly<Record<string, unknown>> = {
  model_type: "bert",
  hidden_act: "gelu",
  hidden_size: MINILM.hiddenDim,
  intermediate_size: MINILM.intermediateDim,
  layer_norm_eps: 1e-12,
  max_position_embeddings: MINILM.maxPositions,
  num_attention_heads: MINILM.heads,
  num_hidden_layers: MINILM.layers,
  type_vocab_size: MINILM.tokenTypes,
  vocab_size: MINILM.vocabularySize,
};

function checkConfig(config: Record<string, unknown>, label: string): void {
  for (const [field, expected] of Object.entries(CONFIG)) {
    if (config[field] === expected) continue;
    throw new RangeError(`Cannot load ${label}: expected ${field} ${expected}, got ${config[field] ?? "none"}`);
  }
}

function checkVocabulary({ vocabularySize, vocabularySha256 }: TextTokenizer, label: string): void {
  if (vocabularySha256 === VOCABULARY_SHA256) return;
  const got = vocabularySize === MINILM.vocabularySize ? "other ones" : `${vocabularySize}`;
  throw new RangeError(`Cannot load ${label}: expected the ${MINILM.vocabularySize} tokens of MiniLM, got ${got}`);
}

/** Options of `embedTexts`. */
export interface EmbedOptions {
  /** Texts a batch. Default 64. */
  batchSize?: number;
  /** Texts embedded so far, after each batch. */
  onProgress?: (done: number, total: number) => void;
  /** Stops between two batches. */
  signal?: AbortSignal;
}

/** Embeddings of texts. */
export interface TextEmbeddings {
  /** `[texts, width]`, in the order of the texts. */
  readonly shape: readonly [number, number];
  /** Rows of norm 1. */
  readonly data: Float32Array;
  /** Rows of texts longer than `TEACHER_MAX_TOKENS`, whose ends were cut off; ascending. */
  readonly truncated: readonly number[];
}

/**
 * Embeds texts. Texts of like length share a batch, so that little is padded; row i belongs to text i. An empty text has an
 * embedding too, that of its two marker tokens.
 *
 * @throws {RangeError} when batchSize is not an integer from 1
 * @throws the signal's reason when it is aborted
 *
 * @example
 * ```ts
 * import { embedTexts, hasTeacher, loadTeacher } from "lib/models/teacher.ts";
 * if (hasTeacher()) {
 *   const teacher = await loadTeacher();
 *   const { shape } = await embedTexts(teacher, ["a small dog", "a young cat"]);
 *   if (shape.join() !== "2,384") throw new Error("two vectors of width 384");
 *   await teacher.release();
 * }
 * ```
 */
export async function embedTexts(
  teacher: Teacher,
  texts: readonly string[],
  { batchSize = 64, onProgress, signal }: EmbedOptions = {},
): Promise<TextEmbeddings> {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`Cannot embed texts: expected batchSize to be an integer from 1, got ${batchSize}`);
  }
  const encoded = texts.map((text) => teacher.tokenizer.encode(text, TEACHER_MAX_TOKENS));
  const order = Array.from(encoded.keys()).sort((a, b) => encoded[b].ids.length - encoded[a].ids.length || a - b);
  const data = new Float32Array(texts.length * teacher.width);
  for (let start = 0; start < order.length; start += batchSize) {
    signal?.throwIfAborted();
    const rows = order.slice(start, start + batchSize);
    const vectors = await embedBatch(teacher, rows.map((row) => encoded[row]));
    rows.forEach((row, i) =>
      data.set(vectors.subarray(i * teacher.width, (i + 1) * teacher.width), row * teacher.width)
    );
    onProgress?.(start + rows.length, texts.length);
    await setImmediate(); // computing blocks this thread: what waits, such as Ctrl-C, comes in between
  }
  const truncated = [...encoded.keys()].filter((row) => encoded[row].truncated);
  return { shape: [texts.length, teacher.width], data, truncated };
}

async function embedBatch(teacher: Teacher, texts: readonly EncodedText[]): Promise<Float32Array> {
  const length = Math.max(...texts.map(({ ids }) => ids.length));
  const shape = [texts.length, length];
  const ids = new Int32Array(texts.length * length);
  const mask = new Float32Array(ids.length);
  texts.forEach((text, row) => {
    ids.set(text.ids, row * length);
    mask.fill(1, row * length, row * length + text.ids.length);
  });
  const { embedding } = await teacher.session.run({
    ids: { dtype: "int32", shape, data: ids },
    mask: { dtype: "float32", shape, data: mask },
  });
  return embedding.data as Float32Array;
}
