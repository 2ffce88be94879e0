// Reading NumPy's .npy files (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): matrices of floating numbers.

import type { SafetensorsTensor } from "./safetensors_header.ts";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
const DTYPES = {
  "<f2": { dtype: "F16", array: Uint16Array },
  "<f4": { dtype: "F32", array: Float32Array },
  "<f8": { dtype: "F64", array: Float64Array },
} as const;

/**
 * Decodes a `.npy` file of little-endian float16, float32 or float64, in C or Fortran order.
 *
 * @param label how errors name the source
 * @returns the array in C order; float16 as bit patterns
 * @throws {TypeError} when it is no .npy file, or of another dtype, such as the objects that rows of different lengths become
 * @throws {RangeError} when its data are shorter or longer than its shape
 */
export function decodeNpy(bytes: Uint8Array, label = "npy bytes"): SafetensorsTensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 10 || !MAGIC.every((byte, i) => bytes[i] === byte)) {
    throw new TypeError(`Cannot read ${label}: expected a .npy file, got something else`);
  }
  const isFirstVersion = bytes[6] === 1;
  const start = isFirstVersion ? 10 : 12;
  const length = isFirstVersion ? view.getUint16(8, true) : view.getUint32(8, true);
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const dims = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  const known = descr === undefined ? undefined : DTYPES[descr as keyof typeof DTYPES];
  if (!known) {
    const hint = descr?.includes("O") ? ", objects: are its rows of different lengths?" : "";
    throw new TypeError(
      `Cannot read ${label}: expected ${Object.keys(DTYPES).join(", ")}, got ${descr ?? "none"}${hint}`,
    );
  }
  if (dims === undefined || order === undefined) {
    throw new TypeError(`Cannot read ${label}: expected a shape and an order, got ${header.trim()}`);
  }
  const shape = dims.split(",").map((dim) => dim.trim()).filter((dim) => dim !== "").map(Number);
  const count = shape.reduce((product, dim) => product * dim, 1);
  const content = Uint8Array.from(bytes.subarray(start + length)); // a copy is aligned, and a Buffer's slice is none
  if (content.length !== count * known.array.BYTES_PER_ELEMENT) {
    const expected = `${count * known.array.BYTES_PER_ELEMENT} bytes for [${shape}]`;
    throw new RangeError(`Cannot read ${label}: expected ${expected}, got ${content.length}`);
  }
  const stored = new known.array(content.buffer);
  const data = order === "True" ? transposed(stored, shape) : stored;
  return { dtype: known.dtype, shape, data } as SafetensorsTensor;
}

/** Column-major to row-major. */
function transposed<T extends Uint16Array | Float32Array | Float64Array>(data: T, shape: readonly number[]): T {
  if (shape.length !== 2) return data;
  const [rows, width] = shape;
  const result = new (data.constructor as new (length: number) => T)(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < width; column++) result[row * width + column] = data[column * rows + row];
  }
  return result;
}
