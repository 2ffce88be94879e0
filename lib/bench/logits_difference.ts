// How far the logits of two sides lie apart, position by position.

/** How far logits `[positions, vocabulary]` lie from others of the same positions. */
export interface LogitsDifference {
  /** Positions compared. */
  positions: number;
  /** Norm of the difference over that of the other's logits, over all positions. */
  relative: number;
  /** Largest difference of one logit, and the largest magnitude among the other's. */
  largest: number;
  largestLogit: number;
  /** Positions at which both have the same likeliest token. */
  sameLikeliest: number;
}

/**
 * Compares two tables of logits.
 *
 * @param ours `[positions, vocabulary]`
 * @param theirs of the same shape
 * @throws {RangeError} when the sizes differ or are no multiple of the positions
 */
export function logitsDifference(ours: Float32Array, theirs: Float32Array, positions: number): LogitsDifference {
  const vocabulary = ours.length / positions;
  if (ours.length !== theirs.length || !Number.isInteger(vocabulary) || vocabulary < 1) {
    throw new RangeError(
      `Cannot compare logits: expected two tables of ${positions} rows, got ${ours.length} and ${theirs.length} values`,
    );
  }
  let [squares, reference, largest, largestLogit, sameLikeliest] = [0, 0, 0, 0, 0];
  for (let row = 0, i = 0; row < positions; row++) {
    let [bestOurs, bestTheirs] = [i, i];
    for (const end = i + vocabulary; i < end; i++) {
      const difference = Math.abs(ours[i] - theirs[i]);
      squares += difference * difference;
      reference += theirs[i] * theirs[i];
      largest = Math.max(largest, difference); // NaN stays
      if (Math.abs(theirs[i]) > largestLogit) largestLogit = Math.abs(theirs[i]);
      if (ours[i] > ours[bestOurs]) bestOurs = i;
      if (theirs[i] > theirs[bestTheirs]) bestTheirs = i;
    }
    if (bestOurs === bestTheirs) sameLikeliest++;
  }
  return { positions, relative: Math.sqrt(squares / reference), largest, largestLogit, sameLikeliest };
}
