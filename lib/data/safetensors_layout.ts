// How a safetensors file that is written is laid out: the header, and where each tensor goes.

import { BYTES_PER_ELEMENT, type SafetensorsDtype } from "./safetensors_header.ts";

/** Dtype and shape of a tensor that is to be written. */
export interface TensorLayout {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
}

/** A file before its data: the bytes that it begins with, and where tensors lie in it. */
export interface FileLayout {
  readonly header: Uint8Array;
  /** From the start of the file, in the order of the data. */
  readonly tensors: ReadonlyMap<string, { readonly offset: number; readonly bytes: number }>;
  readonly fileBytes: number;
}

/** The reference implementation's order of data: wider dtypes first, so that every tensor is aligned. */
const WRITE_ORDER: readonly SafetensorsDtype[] = ["I64", "F64", "F32", "I32", "BF16", "F16", "U8", "BOOL"];

/**
 * Lays a file out. The result depends on the contents only, not on the order of keys, and is that of the reference implementation:
 * wider dtypes first, then names.
 *
 * @throws {TypeError} when metadata is not text
 * @throws {RangeError} for a tensor called `__metadata__`
 */
export function layoutSafetensors(
  tensors: Readonly<Record<string, TensorLayout>>,
  metadata: Readonly<Record<string, string>>,
): FileLayout {
  if (Object.hasOwn(tensors, "__metadata__")) {
    throw new RangeError(`Cannot write tensor: expected a name other than "__metadata__"`);
  }
  const text = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  const wrong = text.find(([, value]) => typeof value !== "string");
  if (wrong) throw new TypeError(`Cannot write metadata "${wrong[0]}": expected text, got ${typeof wrong[1]}`);
  const fields: [string, unknown][] = text.length > 0 ? [["__metadata__", Object.fromEntries(text)]] : [];
  const placed: { name: string; begin: number; bytes: number }[] = [];
  let position = 0;
  for (const [name, { dtype, shape }] of inWriteOrder(tensors)) {
    const bytes = shape.reduce((product, dim) => product * dim, BYTES_PER_ELEMENT[dtype]);
    fields.push([name, { dtype, shape, data_offsets: [position, position + bytes] }]);
    placed.push({ name, begin: position, bytes });
    position += bytes;
  }
  const header = encodeFields(fields);
  return {
    header,
    tensors: new Map(placed.map(({ name, begin, bytes }) => [name, { offset: header.length + begin, bytes }])),
    fileBytes: header.length + position,
  };
}

function inWriteOrder(tensors: Readonly<Record<string, TensorLayout>>): [string, TensorLayout][] {
  const rank = ({ dtype }: TensorLayout) => WRITE_ORDER.indexOf(dtype);
  return Object.entries(tensors).sort(([a, x], [b, y]) => rank(x) - rank(y) || (a < b ? -1 : 1));
}

function encodeFields(fields: readonly (readonly [string, unknown])[]): Uint8Array {
  // Written pair by pair: an object would move names that look like integers to the front.
  const json = `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
  const encoded = new TextEncoder().encode(json);
  const padded = new Uint8Array(8 + Math.ceil(encoded.length / 8) * 8).fill(0x20);
  padded.set(encoded, 8);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  return padded;
}
