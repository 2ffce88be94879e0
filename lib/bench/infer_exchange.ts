// What both sides of `bench:infer` read and write, as files in one folder: the model, its inputs, and each side's first outputs.
// Values are raw little-endian bytes beside an index in JSON.

import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ArrayValue, ELEMENT_ARRAYS, isDType } from "../graph/mod.ts";
import { linkExternal } from "./harness/subject.ts";
import { type InferInput, inferInputs, type InferSubject, modelBytes } from "./infer_subject.ts";

/** Name of the model in the folder. */
export const MODEL_FILE = "model.onnx";

/** A value in the folder. */
export interface StoredValue {
  name: string;
  dtype: string;
  shape: number[];
  file: string;
}

const TOLERANCE = 1e-5;

/** A folder with a subject's model and inputs; the caller removes it. */
export async function writeExchange(subject: InferSubject, batchSize: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-infer-"));
  try {
    await writeFile(join(folder, MODEL_FILE), modelBytes(subject, batchSize));
    if (typeof subject === "object" && "file" in subject) await linkExternal(subject.file, folder);
    await storeValues(folder, "inputs", inferInputs(subject, batchSize));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return folder;
}

/** Writes values and their index, `NAME.json`. */
export async function storeValues(folder: string, name: string, values: readonly InferInput[]): Promise<void> {
  const index: StoredValue[] = [];
  for (const [i, { name: tensor, value }] of values.entries()) {
    const { data, dtype, shape } = value;
    const file = `${name}-${i}.bin`;
    await writeFile(join(folder, file), new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength));
    index.push({ name: tensor, dtype, shape: [...shape], file });
  }
  await writeFile(join(folder, `${name}.json`), JSON.stringify(index));
}

/** The values of an index by name. */
export function readValues(folder: string, name: string): Record<string, ArrayValue> {
  const index = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as StoredValue[];
  return Object.fromEntries(index.map(({ name: tensor, dtype, shape, file }) => {
    if (!isDType(dtype)) {
      const known = Object.keys(ELEMENT_ARRAYS).join(", ");
      throw new TypeError(`Cannot compare ${tensor}: expected ${known}, got ${dtype}`);
    }
    const bytes = readFileSync(join(folder, file));
    const data = new ELEMENT_ARRAYS[dtype](Uint8Array.from(bytes).buffer);
    return [tensor, { dtype, shape, data }];
  }));
}

/** Says where two sides' outputs differ by more than 1e-5 of the largest value, or what one of them lacks. */
export function outputProblems(
  ours: Readonly<Record<string, ArrayValue>>,
  theirs: Readonly<Record<string, ArrayValue>>,
): string[] {
  return Object.entries(ours).flatMap(([name, { shape, data }]) => {
    const other = theirs[name];
    if (!other) return [`the peer has no output ${name}`];
    if (String(shape) !== String(other.shape)) return [`${name}: ours is [${shape}], the peer's [${other.shape}]`];
    let [largest, difference] = [0, 0];
    for (let i = 0; i < data.length; i++) {
      const value = Number(data[i]);
      largest = Math.max(largest, Math.abs(value));
      difference = Math.max(difference, Math.abs(value - Number(other.data[i])) || 0);
      if (Number.isNaN(value) !== Number.isNaN(Number(other.data[i]))) difference = Infinity;
    }
    return difference <= TOLERANCE * largest
      ? []
      : [`${name} differs by ${difference}; its largest value is ${largest}`];
  });
}
