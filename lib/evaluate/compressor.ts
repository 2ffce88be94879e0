// One interface for everything that makes vectors smaller, so that a table is one loop: floors without training, quantizers, students.

import type { Graph } from "../graph/mod.ts";
import { applyModel, type ApplyOptions } from "./apply_model.ts";
import { decodeBinary, fitBinaryLevels, hammingBlock, packSigns, unpackSigns } from "./binary.ts";
import { columnMeans } from "./geometry.ts";
import { dequantizeInt8, fitInt8, type Int8Quantizer, quantizeInt8 } from "./int8.ts";
import {
  decode,
  decodeByProduct,
  encode,
  encodeByProduct,
  type LinearCodec,
  pcaCodec,
  randomRotationCodec,
  truncationCodec,
} from "./linear_codec.ts";
import { fitPca, type Pca } from "./pca.ts";
import type { SimilarityBlock } from "./similarity.ts";
import { sizeOf, type Vectors } from "./vectors.ts";

/** What a store makes of vectors [n, width]. */
export interface Compressed {
  /** What it ranks by cosine (or by the compressor's `product`): its codes as values, or what they decode to. Shape [n, any width]. */
  readonly ranked: Vectors;
  /** The same vectors as queries where the store is asked with others than it keeps: shape of `ranked`. Absent: with `ranked`. */
  readonly asked?: Vectors;
  /** Back in the teacher's space, shape [n, width]; null where there is no way back. */
  readonly decoded: Vectors | null;
}

/** Something that makes the teacher's vectors smaller. */
export interface Compressor {
  /** Unique in a table: "PCA-192". */
  readonly name: string;
  /** What a store keeps for each vector; what it keeps once for all of them (a basis, scales, a model) is not in it. */
  readonly bytesPerVector: number;
  /** Compares queries with what is stored, where that is not a dot product. */
  readonly product?: SimilarityBlock;
  /** @throws {TypeError} when the width is another than the compressor's */
  compress(vectors: Vectors): Promise<Compressed>;
}

/** Bytes of a stored float32. */
const FLOAT_BYTES = 4;

/**
 * The teacher's own vectors: the ceiling.
 *
 * @example
 * ```ts
 * import { teacherCompressor } from "lib/evaluate/mod.ts";
 * console.log(teacherCompressor(384).bytesPerVector); // 1536
 * ```
 */
export function teacherCompressor(width: number): Compressor {
  const compress = (vectors: Vectors) => Promise.resolve({ ranked: vectors, decoded: vectors });
  return checked(width, { name: "teacher", bytesPerVector: FLOAT_BYTES * width, compress });
}

/**
 * A linear code whose latents are stored as float32.
 *
 * @param options.rank by cosine of what latents decode to (default; the training mean counts) or of the latents themselves
 * @param options.product multiplies with the basis in single precision, as stores do, many times as fast as the portable loops
 */
export function linearCompressor(
  codec: LinearCodec,
  { rank = "decoded", product }: RankOption & { product?: SimilarityBlock } = {},
): Compressor {
  const compress = async (vectors: Vectors) => {
    const latents = product ? await encodeByProduct(codec, vectors, product) : encode(codec, vectors);
    const decoded = product ? await decodeByProduct(codec, latents, product) : decode(codec, latents);
    return { ranked: rank === "latent" ? latents : decoded, decoded };
  };
  const name = rank === "latent" ? `${codec.name}, latent` : codec.name;
  return checked(codec.width, { name, bytesPerVector: FLOAT_BYTES * codec.latentDim, compress });
}

/** What vectors are compared by. */
export interface RankOption {
  rank?: "decoded" | "latent";
}

/** int8 codes: `width` bytes with scales shared by dimension, `width + 4` with a scale a vector. */
export function int8Compressor(quantizer: Int8Quantizer): Compressor {
  const perVector = quantizer.scheme === "perVector";
  const compress = (vectors: Vectors) => {
    const decoded = dequantizeInt8(quantizer, quantizeInt8(quantizer, vectors));
    return Promise.resolve({ ranked: decoded, decoded });
  };
  const name = perVector ? "int8, scale a vector" : "int8";
  return checked(quantizer.width, { name, bytesPerVector: quantizer.width + (perVector ? FLOAT_BYTES : 0), compress });
}

/**
 * Sign bits, `ceil(width / 8)` bytes. "hamming" compares bits with bits; "asymmetric" asks with the full vector, whose dot product with
 * the stored signs loses only the gallery's side (Gordo et al., Asymmetric Distances for Binary Embeddings, PAMI 2014). Bits
 * decode to the mean training value on their side of 0.
 *
 * @param train training vectors, shape [n, width]
 */
export function binaryCompressor(train: Vectors, { scoring }: { scoring: "hamming" | "asymmetric" }): Compressor {
  const { width } = sizeOf(train, "make a binary compressor");
  const levels = fitBinaryLevels(train);
  const compress = (vectors: Vectors): Promise<Compressed> => {
    const ranked = unpackSigns(packSigns(vectors));
    const decoded = decodeBinary(levels, ranked);
    return Promise.resolve(scoring === "hamming" ? { ranked, decoded } : { ranked, asked: vectors, decoded });
  };
  const product = scoring === "hamming" ? { product: hammingBlock } : {};
  return checked(width, { name: `binary, ${scoring}`, bytesPerVector: Math.ceil(width / 8), ...product, compress });
}

/** How {@link modelCompressor} reads a model. */
export interface ModelCompressorOptions extends RankOption {
  name: string;
  /** Width of vectors it takes. */
  width: number;
  weights: ApplyOptions["weights"];
  /** What the store keeps: for float32 latents `4 x latentDim`. */
  bytesPerVector: number;
  /** Output to rank by with `rank: "latent"`; default `latent`. */
  latent?: string;
  /** Output in the teacher's space; default `output`; null: the model has none, and latents are ranked. */
  output?: string | null;
  threads?: number;
}

/** A trained model of one input `x [batch, width]`, applied with {@link applyModel}. */
export function modelCompressor(model: Graph, options: ModelCompressorOptions): Compressor {
  const { name, width, weights, bytesPerVector, latent = "latent", output = "output", threads } = options;
  const { rank = output === null ? "latent" : "decoded" } = options;
  if (output === null && rank === "decoded") {
    throw new RangeError(`Cannot rank ${name} by what it decodes to: expected an output, got none`);
  }
  const compress = async (vectors: Vectors) => {
    const decoded = output === null ? null : await applyModel(model, vectors, { weights, output, threads });
    if (rank === "decoded") return { ranked: decoded!, decoded };
    return { ranked: await applyModel(model, vectors, { weights, output: latent, threads }), decoded };
  };
  return checked(width, { name, bytesPerVector, compress });
}

/** What {@link baselineCompressors} makes. */
export interface BaselineOptions {
  /** Sizes of PCA, truncation and random rotation, each from 1 to the width. */
  latentDims: readonly number[];
  /** Of the random rotations. */
  seed: number;
  /** When it is fitted already. */
  pca?: Pca;
  /** Multiplies vectors with the bases; see {@link linearCompressor}. */
  product?: SimilarityBlock;
}

/**
 * The rows that every table has beside a student: the teacher, PCA-d, truncation-d and random rotation-d for each d, int8, and
 * sign bits with both ways to compare them. Fitted on training vectors only.
 *
 * @param train training vectors, shape [n, width], n at least 2
 * @throws {RangeError} when a size is out of range, or a value is not finite
 *
 * @example
 * ```ts
 * import { randomDataset } from "lib/data/mod.ts";
 * import { baselineCompressors, selectRows } from "lib/evaluate/mod.ts";
 * const { columns, splits } = randomDataset({ rows: 100, width: 16, seed: 1 });
 * const floors = baselineCompressors(selectRows(columns.embedding, splits.train), { latentDims: [4], seed: 1 });
 * console.log(floors.map(({ name, bytesPerVector }) => `${name}: ${bytesPerVector}`).join("; "));
 * // teacher: 64; PCA-4: 16; truncation-4: 16; random rotation-4: 16; int8: 16; binary, hamming: 2; binary, asymmetric: 2
 * ```
 */
export function baselineCompressors(train: Vectors, { latentDims, seed, pca, product }: BaselineOptions): Compressor[] {
  const { rows, width } = sizeOf(train, "make baselines");
  const components = pca ?? fitPca(train);
  const mean = columnMeans(train.data, rows, width);
  const linear = (make: (latentDim: number) => LinearCodec) =>
    latentDims.map((dim) => linearCompressor(make(dim), { product }));
  return [
    teacherCompressor(width),
    ...linear((dim) => pcaCodec(components, dim)),
    ...linear((dim) => truncationCodec(mean, dim)),
    ...linear((dim) => randomRotationCodec(mean, dim, { seed })),
    int8Compressor(fitInt8(train, { scheme: "perDimension" })),
    binaryCompressor(train, { scoring: "hamming" }),
    binaryCompressor(train, { scoring: "asymmetric" }),
  ];
}

/** Refuses vectors of another width before any work is done. */
function checked(width: number, compressor: Compressor): Compressor {
  return {
    ...compressor,
    compress: async (vectors) => {
      const got = sizeOf(vectors, `compress with ${compressor.name}`);
      if (got.width !== width) {
        throw new TypeError(
          `Cannot compress with ${compressor.name}: expected [n, ${width}], got [${got.rows}, ${got.width}]`,
        );
      }
      return await compressor.compress(vectors);
    },
  };
}
