// One's own vectors as a dataset: read from safetensors or .npy, checked, made free of duplicates, shuffled and split.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { projectPath, sha256Hex } from "../process/mod.ts";
import { type VectorsToWrite, writeDataset } from "./dataset_files.ts";
import { type DatasetManifest, parseManifest } from "./manifest.ts";
import { decodeNpy } from "./npy.ts";
import { decodeSafetensors, toFloat32 } from "./safetensors.ts";
import type { SafetensorsTensor } from "./safetensors_header.ts";
import { readImportedTexts } from "./import_texts.ts";

/** What is imported, and where to. */
export interface ImportOptions {
  /** Texts: one line a row, or a `.tsv` with a header. */
  texts?: string | null;
  /** Name of the dataset. Default: from the file's name. */
  name?: string;
  /** Tensor of a safetensors file that has several. */
  tensor?: string;
  /** Where the vectors come from, in words. Default: the file's name. */
  origin?: string;
  /** Their licence. Default "not stated". */
  licence?: string;
  /** Of the shuffle that splits follow. Default 1. */
  seed?: number;
  /** Folder that the dataset's folder is made in. Default `data/`. */
  parent?: string;
  /** Replaces a dataset of the same name. */
  force?: boolean;
}

/** What an import made. */
export interface ImportResult {
  readonly folder: string;
  readonly manifest: DatasetManifest;
  /** Rows left out because an earlier row has the same values. */
  readonly duplicates: number;
}

const LEAST_ROWS = 10;
const FLOATING = ["F16", "BF16", "F32", "F64"];

/**
 * Makes a dataset of vectors of any width.
 *
 * Rows that repeat an earlier one are left out, since they could fall into two splits, and counted in the manifest. The others are ordered by
 * SHA-256 of seed and values, so that the same vectors in another order give the same splits: 80% train, 10% validation, 10% test.
 *
 * @param file `.safetensors` with one matrix (or `tensor` says which), or `.npy`; float16, bfloat16, float32 or float64, kept as they are
 * @throws {RangeError} for a value that is not finite or a row of zeros, with its place; for texts that are not as many as rows; for fewer
 *   than 10 different rows; when there is a dataset of that name
 * @throws {TypeError} for files of another kind, tensors that are no matrix, and matrices of mixed widths or dtypes
 *
 * @example
 * ```ts
 * import { importDataset, loadDataset, writeSafetensors } from "lib/data/mod.ts";
 * import { mkdtempSync, rmSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * const parent = mkdtempSync(`${tmpdir()}/example-`);
 * const data = Float32Array.from({ length: 20 * 3 }, (_, i) => i + 1);
 * await writeSafetensors(`${parent}/mine.safetensors`, { vectors: { shape: [20, 3], data } });
 * const { folder } = await importDataset(`${parent}/mine.safetensors`, { parent });
 * const dataset = await loadDataset(folder);
 * console.log(dataset.columns.embedding.shape, dataset.splits.train.length); // [20, 3] 16
 * rmSync(parent, { recursive: true });
 * ```
 */
export async function importDataset(file: string, options: ImportOptions = {}): Promise<ImportResult> {
  const { texts: textFile = null, seed = 1, parent = projectPath("data"), force = false } = options;
  const name = options.name ?? nameFrom(file);
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) {
    throw new RangeError(`Cannot import: expected a name of lower-case letters, digits and hyphens, got "${name}"`);
  }
  const folder = join(parent, name);
  if (existsSync(folder) && !(force && await isImported(folder))) {
    const hint = await isImported(folder) ? "--force replaces it" : "choose another name";
    throw new RangeError(`Cannot import: ${folder} exists already; ${hint}`);
  }
  const bytes = await readFile(file);
  const matrix = readMatrix(bytes, file, options.tensor);
  checkValues(matrix, file);
  const [rows, width] = matrix.shape;
  const table = textFile === null ? null : await readImportedTexts(textFile, rows);
  const { order, duplicates } = distinctRows(matrix, seed);
  if (order.length < LEAST_ROWS) {
    throw new RangeError(`Cannot import ${file}: expected at least ${LEAST_ROWS} different rows, got ${order.length}`);
  }
  const held = Math.max(1, Math.floor(order.length / 10));
  const manifest = await writeDataset(folder, {
    facts: factsOf(name, { file, bytes, duplicates, options, seed }),
    vectors: { dtype: matrix.dtype, width, data: gathered(matrix, order) } as VectorsToWrite,
    counts: { train: order.length - 2 * held, validation: held, test: held },
    texts: table && { columns: table.columns, rows: order.map((row) => table.rows[row]) },
  });
  return { folder, manifest, duplicates };
}

const COMMAND = "deno task data import";

/** Whether a folder is an earlier import, and not a dataset that was built or anything else. */
async function isImported(folder: string): Promise<boolean> {
  const manifest = await readFile(join(folder, "manifest.json"), "utf8").catch(() => null);
  return manifest !== null && parseManifest(JSON.parse(manifest)).build.command.startsWith(COMMAND);
}

/** `My Vectors.npy` is `my-vectors`. */
function nameFrom(file: string): string {
  return basename(file, extname(file)).toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
}

type Matrix = Extract<SafetensorsTensor, { dtype: "F16" | "BF16" | "F32" | "F64" }>;

const described = ([name, { dtype, shape }]: [string, SafetensorsTensor]) => `${name} ${dtype} [${shape}]`;

function readMatrix(bytes: Uint8Array, file: string, wanted?: string): Matrix {
  const extension = extname(file).toLowerCase();
  if (extension !== ".npy" && extension !== ".safetensors") {
    throw new TypeError(`Cannot import ${file}: expected a .safetensors or .npy file, got "${extension}"`);
  }
  const tensors = extension === ".npy" ? { array: decodeNpy(bytes, file) } : decodeSafetensors(bytes, file).tensors;
  const found = Object.entries<SafetensorsTensor>(tensors).filter(([name]) => wanted === undefined || name === wanted);
  if (found.length !== 1) {
    const all = Object.entries<SafetensorsTensor>(tensors).map(described);
    const got = all.length > 4 ? `${all.slice(0, 4).join(", ")} and ${all.length - 4} more` : all.join(", ") || "none";
    const expected = wanted === undefined
      ? "one matrix, whose rows have one width and dtype (--tensor NAME chooses one of several)"
      : `a tensor "${wanted}"`;
    throw new TypeError(`Cannot import ${file}: expected ${expected}, got ${got}`);
  }
  const [[name, tensor]] = found;
  if (tensor.shape.length !== 2 || !FLOATING.includes(tensor.dtype) || tensor.shape.includes(0)) {
    throw new TypeError(
      `Cannot import ${file}: expected a matrix [rows, width] of ${FLOATING.join(", ")}, got ${
        described([name, tensor])
      }`,
    );
  }
  return tensor as Matrix;
}

function checkValues(matrix: Matrix, file: string): void {
  const [, width] = matrix.shape;
  const values = matrix.dtype === "F64" ? matrix.data : toFloat32(matrix);
  for (let start = 0, row = 0; start < values.length; start += width, row++) {
    let largest = 0;
    for (let i = start; i < start + width; i++) {
      // What float32 cannot hold would become infinite when the dataset is loaded.
      if (!Number.isFinite(Math.fround(values[i]))) {
        throw new RangeError(
          `Cannot import ${file}: expected finite values of float32, got ${values[i]} in row ${row}, column ${
            i - start
          }`,
        );
      }
      largest = Math.max(largest, Math.abs(values[i]));
    }
    if (largest === 0) {
      throw new RangeError(`Cannot import ${file}: expected rows with a direction, got zeros only in row ${row}`);
    }
  }
}

/** Rows in the order of their hashes, of equal ones the first. */
function distinctRows({ shape: [rows, width], data }: Matrix, seed: number): { order: number[]; duplicates: number } {
  const byHash = new Map<string, number>();
  const rowBytes = width * data.BYTES_PER_ELEMENT;
  for (let row = 0; row < rows; row++) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset + row * rowBytes, rowBytes);
    const hash = createHash("sha256").update(`${seed}:`).update(bytes).digest("hex");
    if (!byHash.has(hash)) byHash.set(hash, row);
  }
  const order = [...byHash].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  return { order, duplicates: rows - order.length };
}

function gathered({ shape: [, width], data }: Matrix, order: readonly number[]): Matrix["data"] {
  const result = new (data.constructor as new (length: number) => Matrix["data"])(order.length * width);
  order.forEach((row, i) => result.set(data.subarray(row * width, (row + 1) * width) as never, i * width));
  return result;
}

function factsOf(
  name: string,
  { file, bytes, duplicates, options, seed }: {
    file: string;
    bytes: Uint8Array;
    duplicates: number;
    options: ImportOptions;
    seed: number;
  },
) {
  const licence = options.licence ?? "not stated";
  const source = basename(resolve(file));
  return {
    name,
    title: `Vectors imported from ${source}`,
    origin: [{
      name: options.origin ?? source,
      version: "as imported",
      obtainedFrom: source,
      licence,
      sha256: { [source]: sha256Hex(bytes) },
    }],
    licence: { name: licence },
    model: null,
    build: {
      command: `${COMMAND} ${source} --name ${name}`,
      seed,
      dropped: { duplicateRows: duplicates },
      versions: {},
    },
  };
}
