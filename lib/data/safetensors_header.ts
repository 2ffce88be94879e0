// The header of a safetensors file: what is in it, where it lies, and everything that can be wrong with it.
// Format: https://github.com/huggingface/safetensors#format (8 bytes little-endian header length, JSON, data).

/** Array type that holds the elements of each dtype; halves stay as bit patterns. */
export interface SafetensorsArrays {
  F64: Float64Array;
  F32: Float32Array;
  F16: Uint16Array;
  BF16: Uint16Array;
  I64: BigInt64Array;
  I32: Int32Array;
  U8: Uint8Array;
  BOOL: Uint8Array;
}

/** Element types that are read and written. */
export type SafetensorsDtype = keyof SafetensorsArrays;

/** A tensor as stored: row-major `data` with the product of `shape` elements (`[]` is a scalar). */
export type SafetensorsTensor = {
  [D in SafetensorsDtype]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: SafetensorsArrays[D];
  };
}[SafetensorsDtype];

/** Where a tensor lies: byte offsets from the start of the data section. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A parsed header: entries in the order of their data, and the free text of `__metadata__`. */
export interface SafetensorsHeader {
  readonly entries: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

export const BYTES_PER_ELEMENT: Readonly<Record<SafetensorsDtype, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  U8: 1,
  BOOL: 1,
};

/** The reference implementation refuses longer headers too: a random file read as a length must not allocate gigabytes. */
const MAX_HEADER_BYTES = 100_000_000;

/** An error of one file or buffer, named `label`. */
export function refuse(label: string, expected: string, got: string): RangeError {
  return new RangeError(`Cannot read ${label}: expected ${expected}, got ${got}`);
}

/**
 * The header's length from the first eight bytes.
 *
 * @param fileBytes size of the whole file
 * @throws {RangeError} when the file is shorter than the header says
 */
export function headerLength(prefix: Uint8Array, fileBytes: number, label: string): number {
  if (prefix.byteLength < 8) {
    throw refuse(label, "a safetensors file of at least 8 bytes", `${prefix.byteLength} bytes`);
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw refuse(label, `a safetensors header of at most ${MAX_HEADER_BYTES} bytes`, `${length}`);
  }
  if (Number(length) > fileBytes - 8) {
    throw refuse(
      label,
      `a header of ${length} bytes`,
      `a file with ${fileBytes - 8} bytes after the length (truncated?)`,
    );
  }
  return Number(length);
}

/**
 * Parses and checks a header: known dtypes, sizes that fit shapes, and data that lies back to back from the first byte to
 * the last, so that nothing overlaps, nothing is hidden between tensors and nothing is missing.
 *
 * @param dataBytes size of the data section
 * @throws {RangeError} naming the file and the tensor
 */
export function parseHeader(json: Uint8Array, dataBytes: number, label: string): SafetensorsHeader {
  const { __metadata__: metadata = {}, ...tensors } = parseObject(json, label);
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== "string")) {
    throw refuse(label, "__metadata__ to map names to text", JSON.stringify(metadata));
  }
  const entries = Object.entries(tensors).map(([name, fields]) => parseEntry(name, fields, label));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const { name, begin, end } of entries) {
    if (begin < position) {
      throw refuse(label, `"${name}" to begin at byte ${position}`, `${begin} (overlapping tensors)`);
    }
    if (begin > position) {
      throw refuse(label, `"${name}" to begin at byte ${position}`, `${begin} (bytes of no tensor)`);
    }
    position = end;
  }
  if (position !== dataBytes) {
    const problem = position > dataBytes ? "truncated" : "bytes of no tensor at the end";
    throw refuse(label, `${position} bytes of data`, `${dataBytes} (${problem})`);
  }
  return { entries, metadata: metadata as Record<string, string> };
}

function parseObject(json: Uint8Array, label: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (error) {
    throw refuse(label, "a JSON header", error instanceof Error ? error.message : String(error));
  }
  if (!isRecord(header)) throw refuse(label, "a JSON object as header", JSON.stringify(header));
  return header;
}

function parseEntry(name: string, fields: unknown, label: string): TensorEntry {
  const at = `${label}, tensor "${name}"`;
  if (!isRecord(fields)) throw refuse(at, "dtype, shape and data_offsets", JSON.stringify(fields));
  const { dtype, shape, data_offsets: offsets } = fields;
  if (typeof dtype !== "string" || !Object.hasOwn(BYTES_PER_ELEMENT, dtype)) {
    throw refuse(at, `a dtype of ${Object.keys(BYTES_PER_ELEMENT).join(", ")}`, JSON.stringify(dtype));
  }
  if (!isSizes(shape)) throw refuse(at, "a shape of non-negative integers", JSON.stringify(shape));
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[1] < offsets[0]) {
    throw refuse(at, "two ascending data_offsets", JSON.stringify(offsets));
  }
  const known = dtype as SafetensorsDtype;
  const bytes = shape.reduce((product, dim) => product * dim, BYTES_PER_ELEMENT[known]);
  const [begin, end] = offsets;
  if (bytes !== end - begin) throw refuse(at, `${bytes} bytes for ${dtype} [${shape}]`, `${end - begin}`);
  return { name, dtype: known, shape, begin, end };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
