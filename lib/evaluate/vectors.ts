// The small vocabulary of this room: a matrix of row vectors, checked at the edge.

/** Row vectors: `data` is row-major with shape [n, width]. A dataset's column and a session's output both fit. */
export interface Vectors {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * Rows and width of `vectors`.
 *
 * @param task what the caller was about to do, for the message
 * @throws {TypeError} when the shape is not [n, width] with both at least 1, or does not fit the data
 */
export function sizeOf(vectors: Vectors, task: string): { rows: number; width: number } {
  const [rows, width] = vectors.shape;
  if (vectors.shape.length !== 2 || !(rows >= 1 && width >= 1)) {
    throw new TypeError(`Cannot ${task}: expected vectors of [n, width], got [${vectors.shape}]`);
  }
  if (vectors.data.length !== rows * width) {
    throw new TypeError(
      `Cannot ${task}: expected ${rows * width} values for [${rows}, ${width}], got ${vectors.data.length}`,
    );
  }
  return { rows, width };
}

/** Refuses NaN and infinities: one of them in a student's output would silently become a low score. */
export function checkFinite(vectors: Vectors, task: string): void {
  const wrong = vectors.data.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return;
  const row = Math.floor(wrong / vectors.shape[1]);
  throw new RangeError(`Cannot ${task}: expected finite vectors, got ${vectors.data[wrong]} in row ${row}`);
}

/**
 * The rows of `vectors` at `indices`, in that order, copied.
 *
 * @throws {RangeError} when an index is out of range
 */
export function selectRows(vectors: Vectors, indices: Uint32Array): Vectors {
  const { rows, width } = sizeOf(vectors, "select rows");
  const data = new Float32Array(indices.length * width);
  indices.forEach((row, i) => {
    if (row >= rows) throw new RangeError(`Cannot select rows: expected indices below ${rows}, got ${row}`);
    data.set(vectors.data.subarray(row * width, (row + 1) * width), i * width);
  });
  return { shape: [indices.length, width], data };
}

/** A copy with every row scaled to norm 1; rows of zeros stay zero, so that their cosine with anything is 0. */
export function normalizeRows(vectors: Vectors): Vectors {
  const { rows, width } = sizeOf(vectors, "normalize rows");
  const data = new Float32Array(vectors.data.length);
  for (let start = 0; start < rows * width; start += width) {
    let squares = 0;
    for (let i = start; i < start + width; i++) squares += vectors.data[i] * vectors.data[i];
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let i = start; i < start + width; i++) data[i] = vectors.data[i] * scale;
  }
  return { shape: [rows, width], data };
}
