// lib/evaluate: how good compressed vectors are, against the teacher's and against what needs no training.
// Geometry (cosine, squared error, explained variance, isotropy, CKA, RSA), retrieval (recall@k and MRR of the teacher's own
// neighbours), the reverse dictionary and vector arithmetic with its controls, all item by item, so that intervals and
// paired comparisons can be computed; the floors every student is compared with, behind one interface: PCA, truncation,
// random directions, int8 codes and sign bits; and the guard through which a report opens the test split, once.
// Forecasts of series: last value and linear baselines, errors with intervals drawn in blocks of time.
// Language models: perplexity and bits per byte of held-out texts, and how they change.
// The one expensive step, all products of two sets of vectors, is a function that can be replaced.

export { normalizeRows, selectRows, type Vectors } from "./vectors.ts";
export { compareGeometry, type GeometryScores } from "./geometry.ts";
export { type SimilarityBlock, similarityBlock } from "./similarity.ts";
export { nearestNeighbours, type NeighbourOptions, type Neighbours } from "./neighbours.ts";
export { recallAtK, type RetrievalScores, type RetrievalTask, retrievalTask, scoreRetrieval } from "./retrieval.ts";
export { fitPca, type Pca, pcaWeights } from "./pca.ts";
export { decode, encode, type LinearCodec, pcaCodec, randomRotationCodec, truncationCodec } from "./linear_codec.ts";
export { dequantizeInt8, fitInt8, type Int8Quantizer, type Int8Vectors, quantizeInt8 } from "./int8.ts";
export { openings, openTestSplit, type SplitData, type TestOpening } from "./test_split.ts";
export { applyModel, type ApplyOptions } from "./apply_model.ts";
export { type EngineProduct, engineProduct } from "./engine_product.ts";
export {
  analogiesFromPairs,
  type AnalogyCase,
  type AnalogyQuestion,
  type AnalogySet,
  analogySet,
  type PairOptions,
  type Word,
  type WordPair,
} from "./analogy_set.ts";
export { type AnalogyOptions, type AnalogySpace, scoreAnalogies } from "./analogy.ts";
export { scoreAveragedAnalogies } from "./analogy_average.ts";
export {
  ALL_CATEGORIES,
  type AnalogyMethod,
  type AnalogyOutcome,
  type AnalogyRate,
  analogyRates,
  type AnalogyScores,
  analogySimilarities,
  type AnalogySimilarity,
  type AnalogyVariant,
  meanByPair,
  outcomeOf,
  passes,
} from "./analogy_scores.ts";
export { offsetConcentration, type OffsetOptions, type OffsetScores } from "./analogy_offsets.ts";
export { distinctRows } from "./duplicates.ts";
export { firstNeighbours } from "./neighbours.ts";
export type { ScoreRetrievalOptions } from "./retrieval.ts";
export {
  glossVectors,
  type ReverseDictionaryScores,
  type ReverseDictionaryTask,
  reverseDictionaryTask,
  scoreReverseDictionary,
  synsetLemmas,
} from "./reverse_dictionary.ts";
export { isotropy, type IsotropyScores } from "./isotropy.ts";
export { type CkaScores, linearCka } from "./cka.ts";
export { rsa, type RsaOptions, type RsaScores } from "./rsa.ts";
export {
  type BinaryLevels,
  type BinaryVectors,
  decodeBinary,
  fitBinaryLevels,
  hammingBlock,
  packSigns,
  unpackSigns,
} from "./binary.ts";
export {
  baselineCompressors,
  type BaselineOptions,
  binaryCompressor,
  type Compressed,
  type Compressor,
  int8Compressor,
  linearCompressor,
  modelCompressor,
  type ModelCompressorOptions,
  type RankOption,
  teacherCompressor,
} from "./compressor.ts";
export {
  type CompressorScores,
  type DictionaryVectors,
  evaluateCompressors,
  type EvaluateCompressorsOptions,
} from "./evaluate_compressors.ts";
export { compareScore, estimateScore, type Robustness, robustness, type Score, scoreValue } from "./score.ts";
export { type ComparisonRecords, comparisonRecords, type ScoreRecords, scoreRecords } from "./score_records.ts";
export {
  analogyScore,
  analogySimilarityScore,
  type CompressorAnalogies,
  estimateRate,
  evaluateAnalogies,
  type EvaluateAnalogiesOptions,
} from "./evaluate_analogies.ts";
export {
  fitLinearForecaster,
  lastValueForecast,
  linearForecast,
  type LinearForecaster,
  type LinearOptions,
  RIDGE_CANDIDATES,
} from "./forecast_baselines.ts";
export {
  compareForecasts,
  type ForecastComparison,
  type ForecastErrorOptions,
  type ForecastErrors,
  forecastErrors,
  type ForecastMetric,
  type Forecasts,
  naiveScale,
} from "./forecast_errors.ts";
export {
  bitsPerByte,
  bitsPerByteChange,
  type LikelihoodIntervalOptions,
  perplexity,
  type TextLikelihoods,
} from "./perplexity.ts";
