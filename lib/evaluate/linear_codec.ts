// Linear codes: project onto a few orthonormal directions, and back. PCA is the best of them; truncation and random
// directions show how much of a score any projection would get.

import { random } from "../statistics/mod.ts";
import type { Pca } from "./pca.ts";
import { multiplyTransposed, type SimilarityBlock } from "./similarity.ts";
import { sizeOf, type Vectors } from "./vectors.ts";

/** A linear code: `latent = (x - mean) basis^T` and `x = mean + latent basis`. */
export interface LinearCodec {
  readonly name: string;
  readonly width: number;
  readonly latentDim: number;
  /** Subtracted before and added after, length width: the training mean, so that a dropped direction is filled with it. */
  readonly mean: Float64Array;
  /** Orthonormal rows, shape [latentDim, width]. */
  readonly basis: Float64Array;
}

/**
 * The code of the first `latentDim` principal components.
 *
 * @throws {RangeError} when latentDim is not an integer from 1 to the width
 *
 * @example
 * ```ts
 * import { decode, encode, fitPca, pcaCodec } from "lib/evaluate/mod.ts";
 * const vectors = { shape: [3, 2], data: Float32Array.of(0, 0, 3, 4, 6, 8) };
 * const codec = pcaCodec(fitPca(vectors), 1);
 * const latent = encode(codec, vectors);
 * console.log(latent.shape, decode(codec, latent).data); // [3, 1], and the vectors again: they lie on a line
 * ```
 */
export function pcaCodec(pca: Pca, latentDim: number): LinearCodec {
  checkLatentDim(latentDim, pca.width);
  const basis = pca.components.slice(0, latentDim * pca.width);
  return { name: `PCA-${latentDim}`, width: pca.width, latentDim, mean: pca.mean, basis };
}

/** The code that keeps the first `latentDim` values of a vector and drops the rest. `mean` is the training mean, length width. */
export function truncationCodec(mean: Float64Array, latentDim: number): LinearCodec {
  checkLatentDim(latentDim, mean.length);
  const basis = new Float64Array(latentDim * mean.length);
  for (let i = 0; i < latentDim; i++) basis[i * mean.length + i] = 1;
  return { name: `truncation-${latentDim}`, width: mean.length, latentDim, mean, basis };
}

/** The code of `latentDim` random orthonormal directions (Gram-Schmidt on normal vectors); the same seed gives the same ones. */
export function randomRotationCodec(mean: Float64Array, latentDim: number, { seed }: { seed: number }): LinearCodec {
  const width = mean.length;
  checkLatentDim(latentDim, width);
  const basis = random(seed, "random rotation", latentDim, width).fillNormal(new Float64Array(latentDim * width), 0, 1);
  for (let i = 0; i < latentDim; i++) {
    const row = basis.subarray(i * width, (i + 1) * width);
    // Twice: one pass of Gram-Schmidt loses orthogonality where little is left of a row.
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) removeComponent(row, basis.subarray(j * width, (j + 1) * width));
    }
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    row.forEach((value, k) => row[k] = value / norm);
  }
  return { name: `random rotation-${latentDim}`, width, latentDim, mean, basis };
}

/**
 * Projects vectors onto the code's directions.
 *
 * @param vectors shape [n, width]
 * @returns shape [n, latentDim]
 * @throws {TypeError} when the width is another
 */
export function encode(codec: LinearCodec, vectors: Vectors): Vectors {
  const { rows, width } = sizeOf(vectors, `encode with ${codec.name}`);
  if (width !== codec.width) {
    throw new TypeError(`Cannot encode with ${codec.name}: expected [n, ${codec.width}], got [${rows}, ${width}]`);
  }
  const centred = Float64Array.from(vectors.data);
  for (let i = 0; i < centred.length; i++) centred[i] -= codec.mean[i % width];
  const data = multiplyTransposed(centred, codec.basis, new Float32Array(rows * codec.latentDim), width);
  return { shape: [rows, codec.latentDim], data };
}

/**
 * Vectors from their latents.
 *
 * @param latents shape [n, latentDim]
 * @returns shape [n, width]
 * @throws {TypeError} when the latents have another width
 */
export function decode(codec: LinearCodec, latents: Vectors): Vectors {
  const { rows, width: latentDim } = sizeOf(latents, `decode with ${codec.name}`);
  if (latentDim !== codec.latentDim) {
    throw new TypeError(
      `Cannot decode with ${codec.name}: expected [n, ${codec.latentDim}], got [${rows}, ${latentDim}]`,
    );
  }
  const values = multiplyTransposed(
    latents.data,
    transposedBasis(codec),
    new Float64Array(rows * codec.width),
    latentDim,
  );
  return {
    shape: [rows, codec.width],
    data: Float32Array.from(values, (value, i) => value + codec.mean[i % codec.width]),
  };
}

/** {@link encode} in single precision. */
export async function encodeByProduct(
  codec: LinearCodec,
  vectors: Vectors,
  product: SimilarityBlock,
): Promise<Vectors> {
  const { rows, width } = sizeOf(vectors, `encode with ${codec.name}`);
  const centred = vectors.data.map((value, i) => value - codec.mean[i % width]);
  const basis = { shape: [codec.latentDim, width], data: Float32Array.from(codec.basis) };
  return { shape: [rows, codec.latentDim], data: await product({ shape: [rows, width], data: centred }, basis) };
}

/** {@link decode} in single precision. */
export async function decodeByProduct(
  codec: LinearCodec,
  latents: Vectors,
  product: SimilarityBlock,
): Promise<Vectors> {
  const { rows } = sizeOf(latents, `decode with ${codec.name}`);
  const { width, latentDim } = codec;
  const data = await product(latents, { shape: [width, latentDim], data: Float32Array.from(transposedBasis(codec)) });
  return { shape: [rows, width], data: data.map((value, i) => value + codec.mean[i % width]) };
}

/** Shape [width, latentDim]. */
function transposedBasis({ basis, width, latentDim }: LinearCodec): Float64Array {
  const transposed = new Float64Array(basis.length);
  basis.forEach((value, i) => transposed[(i % width) * latentDim + Math.floor(i / width)] = value);
  return transposed;
}

function removeComponent(row: Float64Array, direction: Float64Array): void {
  let product = 0;
  for (let k = 0; k < row.length; k++) product += row[k] * direction[k];
  for (let k = 0; k < row.length; k++) row[k] -= product * direction[k];
}

function checkLatentDim(latentDim: number, width: number): void {
  if (!Number.isInteger(latentDim) || latentDim < 1 || latentDim > width) {
    throw new RangeError(
      `Cannot make a linear code: expected latentDim to be an integer from 1 to ${width}, got ${latentDim}`,
    );
  }
}
