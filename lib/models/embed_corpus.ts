// Embedding a corpus that takes long: parts go to files, and a run that was stopped goes on after the last one.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { float32ToFloat16, readSafetensors, writeSafetensors } from "../data/mod.ts";
import { serializeGraph } from "../graph/mod.ts";
import { sha256Hex } from "../process/mod.ts";
import { type EmbedOptions, embedTexts, type Teacher } from "./teacher.ts";

/** Options of `embedCorpus`. */
export interface EmbedCorpusOptions extends EmbedOptions {
  /** Where parts are kept; without it nothing can be resumed. */
  partsFolder?: string;
  /** Texts a part. Default 4096. */
  partSize?: number;
  /** Texts embedded so far, after each batch; not called for parts of an earlier run, which say nothing about speed. */
  onProgress?: (done: number, total: number) => void;
}

/** Half-precision embeddings of a corpus. */
export interface CorpusEmbeddings {
  /** `[texts, width]`, in the order of the texts. */
  readonly shape: readonly [number, number];
  /** Bit patterns of float16, rows of norm 1 within its rounding. */
  readonly data: Uint16Array;
  /** Texts whose ends were cut off. */
  readonly truncated: number;
  /** Texts that were not embedded again. */
  readonly resumed: number;
}

/**
 * Embeds texts in parts, as float16.
 *
 * A part is found again by the SHA-256 of its texts, the teacher's files and its graph: whatever changes, no old vectors come in.
 *
 * @throws the signal's reason when it is aborted; parts that are finished stay
 */
export async function embedCorpus(
  teacher: Teacher,
  texts: readonly string[],
  { partsFolder, partSize = 4096, onProgress, ...options }: EmbedCorpusOptions = {},
): Promise<CorpusEmbeddings> {
  if (!Number.isInteger(partSize) || partSize < 1) {
    throw new RangeError(`Cannot embed a corpus: expected partSize to be an integer from 1, got ${partSize}`);
  }
  const data = new Uint16Array(texts.length * teacher.width);
  let [truncated, resumed] = [0, 0];
  for (let start = 0; start < texts.length; start += partSize) {
    const part = texts.slice(start, start + partSize);
    const path = partsFolder && join(partsFolder, `${partKey(teacher, part)}.safetensors`);
    const known = path ? await readPart(path, [part.length, teacher.width]) : null;
    if (known) resumed += part.length;
    const done = (count: number) => onProgress?.(start + count, texts.length);
    const made = known ?? await embedPart(teacher, part, { ...options, onProgress: done });
    if (path && !known) await writePart(path, made, teacher.width);
    data.set(made.data, start * teacher.width);
    truncated += made.truncated;
  }
  return { shape: [texts.length, teacher.width], data, truncated, resumed };
}

interface Part {
  data: Uint16Array;
  truncated: number;
}

const partKey = ({ sha256, session }: Teacher, texts: readonly string[]) =>
  sha256Hex(JSON.stringify([sha256, serializeGraph(session.graph), texts])).slice(0, 32);

async function embedPart(teacher: Teacher, texts: readonly string[], options: EmbedOptions): Promise<Part> {
  const { data, truncated } = await embedTexts(teacher, texts, options);
  return { data: float32ToFloat16(data), truncated: truncated.length };
}

/** A part from a file; null where there is none that fits. */
async function readPart(path: string, shape: readonly number[]): Promise<Part | null> {
  if (!existsSync(path)) return null;
  const { tensors: { embedding }, metadata } = await readSafetensors(path);
  if (embedding?.dtype !== "F16" || embedding.shape.join() !== shape.join()) return null;
  return { data: embedding.data, truncated: Number(metadata.truncated) };
}

async function writePart(path: string, { data, truncated }: Part, width: number): Promise<void> {
  const embedding = { dtype: "F16" as const, shape: [data.length / width, width], data };
  await writeSafetensors(path, { embedding }, { truncated: String(truncated) });
}
