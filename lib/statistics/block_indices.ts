// Resampling a dependent series in blocks: neighbours stay together, so that a resample keeps what each value owes to those before it.

import type { Random } from "./random.ts";

/**
 * How blocks are cut. "stationary": lengths are geometric with the given mean and blocks wrap around the end (Politis and Romano 1994);
 * "circular": one length, wrapping around the end (Politis and Romano 1992); "moving": one length, within the series (Künsch 1989).
 */
export type BlockScheme = "stationary" | "circular" | "moving";

/** A scheme with its block length: an integer for circular and moving blocks, the mean length (at least 1) for stationary ones. */
export interface Blocks {
  readonly scheme: BlockScheme;
  readonly blockLength: number;
}

/** Draws the indices of one resample, as many as there are samples. The array is used again for the next one. */
export type DrawBlocks = () => Uint32Array;

/** A drawer of resamples of `n` samples, reading `stream`. */
export function blockDrawer(n: number, { scheme, blockLength }: Blocks, stream: Random): DrawBlocks {
  const indices = new Uint32Array(n);
  return scheme === "stationary"
    ? () => drawStationary(indices, 1 / blockLength, stream)
    : () => drawFixed(indices, { blockLength, starts: scheme === "circular" ? n : n - blockLength + 1 }, stream);
}

function drawStationary(indices: Uint32Array, endProbability: number, stream: Random): Uint32Array {
  const n = indices.length;
  let index = 0;
  for (let i = 0; i < n; i++) {
    const isStart = i === 0 || (endProbability === 1 || stream.next() < endProbability);
    index = isStart ? stream.integer(n) : index + 1 === n ? 0 : index + 1;
    indices[i] = index;
  }
  return indices;
}

/** Blocks begin at the first `starts` indices; the last one is cut off where the resample is full. */
function drawFixed(
  indices: Uint32Array,
  { blockLength, starts }: { blockLength: number; starts: number },
  stream: Random,
): Uint32Array {
  const n = indices.length;
  for (let i = 0; i < n;) {
    let index = stream.integer(starts);
    for (const end = Math.min(n, i + blockLength); i < end; i++) {
      indices[i] = index;
      index = index + 1 === n ? 0 : index + 1;
    }
  }
  return indices;
}
