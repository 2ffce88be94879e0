// lib/statistics: the arithmetic of uncertainty.
// Seeded random numbers that are the same on every machine and can be continued; quantiles and summaries;
// bootstrap intervals (one level, two levels: seeds and items, and in blocks for series in time); tests of one thing against another, paired or by ranks;
// Sobol points; Pareto fronts; power laws of costs; ratios; how many samples a percentile needs before it may be printed.
// Pure functions of numbers: no clock, no file, no global state.

export { Random, random, type RandomState, type Shuffleable } from "./random.ts";
export type { SeedElement } from "./seed_path.ts";
export { mean, median, quantile, standardDeviation, summarize, type Summary } from "./summary.ts";
export type { Samples } from "./samples.ts";
export {
  bootstrapInterval,
  type BootstrapIntervalOptions,
  type BootstrapOptions,
  type ConfidenceInterval,
  type Estimate,
  type Statistic,
  twoLevelBootstrap,
  type TwoLevelBootstrapOptions,
} from "./bootstrap.ts";
export {
  mcNemar,
  mcNemarExact,
  type McNemarResult,
  type PairedDifference,
  pairedDifference,
  proportionInterval,
} from "./paired.ts";
export { coefficientOfVariation, ratioInterval, type RatioOptions, type VariationOptions } from "./ratio.ts";
export { medianInterval } from "./median_interval.ts";
export { percentileSupported, samplesForPercentile } from "./percentile_support.ts";
export {
  comparePasses,
  compareScores,
  type CompareScoresOptions,
  type Comparison,
  verdictSentence,
} from "./comparison.ts";
export type { Verdict } from "./over_seeds.ts";
export { type LinearTrend, linearTrend } from "./linear_trend.ts";
export { fitPowerLaw, type PowerLaw } from "./power_law.ts";
export { mannWhitney, type MannWhitneyOptions, type MannWhitneyResult } from "./mann_whitney.ts";
export { normalCdf, normalQuantile } from "./distributions.ts";
export { MOST_SOBOL_DIMENSIONS, sobolSequence } from "./sobol.ts";
export { crowdingDistances, dominates, hypervolume, paretoFront, paretoRanks } from "./pareto.ts";
export {
  blockBootstrap,
  type BlockBootstrapOptions,
  blockBootstrapOverSeeds,
  type BlockDifference,
  type BlockEstimate,
  pairedBlockDifference,
} from "./block_bootstrap.ts";
export type { BlockScheme } from "./block_indices.ts";
export { type OptimalBlockLength, optimalBlockLength } from "./block_length.ts";
export { dieboldMariano, type DieboldMarianoResult } from "./diebold_mariano.ts";
