// How values of a parameter become the bytes that a planned graph reads: in blocks of integers, in columns, in half precision.

import {
  float32ToFloat16,
  LARGEST_FLOAT16,
  packRows,
  type Parameter,
  type StoredParameter,
  tensorBytes,
} from "../graph/mod.ts";

/** Part of the bytes of a parameter, from a position on. */
export interface Part {
  parameter: Parameter;
  position: number;
  bytes: Uint8Array;
}

/** Makes the bytes of rows of a parameter, from the first row that is given. */
export type Convert = (values: Float32Array, row: number) => Part[];

/**
 * How the rows of a parameter are converted, some at a time and in their order.
 *
 * @param size of the source: count rows of width values
 */
export function converterOf(stored: StoredParameter, size: { count: number; width: number }): Convert {
  if (stored.form.kind === "blocks") return blockConverter(stored, size.width);
  if (stored.form.transposed) return columnConverter(stored, size);
  const [parameter] = stored.results;
  const bytesPerRow = tensorBytes({ dtype: parameter.dtype, shape: [size.width] });
  return (values, row) => [{ parameter, position: row * bytesPerRow, bytes: inDtype(values, parameter) }];
}

function blockConverter({ form, results: [packed, scales] }: StoredParameter, k: number): Convert {
  if (form.kind !== "blocks") throw new Error("internal: expected blocks");
  const { bits } = form;
  const [, blocks, size] = packed.shape as number[];
  return (values, row) => {
    const rows = values.length / k;
    const into = { bytes: new Uint8Array(rows * blocks * size), scales: new Float32Array(rows * blocks) };
    packRows(values, { k, bits }, into);
    return [
      { parameter: packed, position: row * blocks * size, bytes: into.bytes },
      { parameter: scales, position: row * blocks * 4, bytes: bytesIn(into.scales) },
    ];
  };
}

/** Columns are whole only when the last row is there. */
function columnConverter(
  { results: [parameter] }: StoredParameter,
  { count, width }: { count: number; width: number },
): Convert {
  const columns = new Float32Array(count * width);
  return (values, row) => {
    transposeInto(values, { width, row, count }, columns);
    const isLast = row * width + values.length === columns.length;
    return isLast ? [{ parameter, position: 0, bytes: inDtype(columns, parameter) }] : [];
  };
}

/** Side of the squares that are transposed at once: both their rows and their columns stay in the cache. */
const TILE = 32;

function transposeInto(
  rows: Float32Array,
  { width, row, count }: { width: number; row: number; count: number },
  columns: Float32Array,
): void {
  const height = rows.length / width;
  for (let top = 0; top < height; top += TILE) {
    const bottom = Math.min(top + TILE, height);
    for (let left = 0; left < width; left += TILE) {
      const right = Math.min(left + TILE, width);
      for (let c = left; c < right; c++) {
        for (let r = top, to = c * count + row + top; r < bottom; r++, to++) columns[to] = rows[r * width + c];
      }
    }
  }
}

function inDtype(values: Float32Array, { dtype, source: { name } }: Parameter): Uint8Array {
  if (dtype !== "float16") return bytesIn(values);
  const tooLarge = firstAbove(values, LARGEST_FLOAT16);
  if (tooLarge >= 0) {
    throw new RangeError(
      `Cannot convert ${name} to float16: expected magnitudes up to ${LARGEST_FLOAT16}, got ${values[tooLarge]}`,
    );
  }
  return bytesIn(float32ToFloat16(values));
}

/** Place of the first value that is no number of at most this magnitude, or -1; a plain loop, for a billion values. */
export function firstAbove(values: Float32Array, magnitude: number): number {
  for (let i = 0; i < values.length; i++) if (!(Math.abs(values[i]) <= magnitude)) return i;
  return -1;
}

const bytesIn = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
