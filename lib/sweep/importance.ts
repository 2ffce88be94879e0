// Importance of parameters: fANOVA (Hutter, Hoos and Leyton-Brown 2014, "An Efficient Approach for Assessing Hyperparameter
// Importance"): a forest of regression trees predicts the objective over the whole space, and the variance of its predictions is
// divided among the parameters. Unlike there, it is that of the forest's mean prediction, in which the noise of single trees,
// which would look like interactions, has been averaged out.

import { canonicalJson } from "../process/mod.ts";
import { MOST_SOBOL_DIMENSIONS, type Random, random, sobolSequence } from "../statistics/mod.ts";
import { effectVariance, type Feature, growTree, mainEffects, type TrainingRows, type Tree } from "./forest.ts";
import { type AnyPoint, type Parameter, valueCount } from "./parameters.ts";
import { coordinateRange, toCoordinate } from "./samplers/coordinates.ts";
import { configurationParameters, type Space } from "./space.ts";

/** A configuration and what it reached: the mean over its seeds. */
export interface ScoredPoint {
  point: AnyPoint;
  value: number;
}

/** Options of `parameterImportance`. */
export interface ImportanceOptions {
  /**
   * "values" (default), or "ranks": where a few values are far from the others (a learning rate that is too high), they alone make
   * the variance, and ranks tell more.
   */
  scale?: "values" | "ranks";
  /** Trees of the forest, from 8 to 1000. Default: 64. */
  trees?: number;
  /** Default: 1. */
  seed?: number;
}

/** How much of the variance of the objective over the space each parameter accounts for. */
export interface Importance {
  /** Largest first; empty when nothing can be said. `share` is that of the parameter alone; with `interactions` they add up to 1. */
  parameters: { name: string; share: number }[];
  /** The share that is due to parameters together. */
  interactions: number;
  /** Share of the variance that trees predict for configurations that they were not grown on (out of bag); below 0 for none. */
  explained: number;
  n: number;
  /** Why the shares cannot be relied on, as a sentence; null when nothing speaks against them. */
  warning: string | null;
}

const MOST_ROWS = 1_000; // rows a tree
const EVALUATIONS = 2_048; // of the forest, for its variance over the space
const LEAST_EXPLAINED = 0.3;

/**
 * The importance of each parameter over the whole space, where values are taken as equally likely along each axis's own line.
 * A conditional parameter counts where it is there: elsewhere it is filled with random values, which change nothing. Adaptive
 * searches look where it is good, so that shares of the whole space rest on few points elsewhere: `explained` does not show that.
 *
 * @param points one for each finished configuration; seeds are averaged before
 * @throws {TypeError | RangeError} when a value is not finite, a point lacks a parameter, or an option is out of range
 *
 * @example
 * ```ts
 * import { float, parameterImportance, sobol } from "lib/sweep/mod.ts";
 * const space = { x: float(0, 1), y: float(0, 1) };
 * const points = sobol({ count: 128 }).points!(space).map((point) => ({ point, value: 3 * Number(point.x) + Number(point.y) }));
 * const { parameters: [first] } = parameterImportance(space, points);
 * if (first.name !== "x" || Math.abs(first.share - 0.9) > 0.05) throw new Error("x makes 9 tenths of the variance");
 * ```
 */
export function parameterImportance(
  space: Space,
  points: readonly ScoredPoint[],
  { scale = "values", trees = 64, seed = 1 }: ImportanceOptions = {},
): Importance {
  checkOptions(scale, trees, points);
  const parameters = configurationParameters(space).filter(({ domain }) => valueCount(domain) > 1);
  const n = points.length;
  const least = Math.max(16, 4 * parameters.length);
  const raw = points.map(({ value }) => value);
  const values = scale === "ranks" ? meanRanks(raw) : raw;
  const reason = parameters.length === 0
    ? "No parameter has more than one value."
    : n < least
    ? `Too few configurations to tell ${parameters.length} parameters apart: ${least} are needed, there are ${n}.`
    : values.every((value) => value === values[0])
    ? "All configurations have the same value."
    : null;
  if (reason !== null) return { parameters: [], interactions: 0, explained: 0, n, warning: reason };
  return measured(parameters, points.map(({ point }) => point), { values, trees, seed });
}

function measured(
  parameters: readonly Parameter[],
  points: readonly AnyPoint[],
  { values, trees, seed }: { values: number[]; trees: number; seed: number },
): Importance {
  const features = parameters.map(featureOf);
  const known = points.map((point) => parameters.map((parameter) => asFeature(parameter, point)));
  const outOfBag = values.map(() => ({ sum: 0, count: 0 }));
  const forest = Array.from({ length: trees }, (_, index) => {
    const stream = random(seed, "fanova", index);
    const rows = known.map((row) => filled(row, features, stream));
    const drawn = Array.from({ length: Math.min(values.length, MOST_ROWS) }, () => stream.integer(values.length));
    const tree = growTree(features, { rows, values }, { drawn, stream });
    addPredictions(tree, rows, { drawn, outOfBag });
    return tree;
  });
  const effects = forest.map((tree) => mainEffects(features, tree));
  const total = forestVariance(features, forest, seed);
  const own = parameters.map(({ name }, k) => (
    { name, share: total > 0 ? effectVariance(effects.map((ofTree) => ofTree[k])) / total : 0 }
  ));
  const alone = own.reduce((sum, { share }) => sum + share, 0);
  const explained = explainedShare(values, outOfBag);
  // The total is an estimate: parameters that act alone may come out a little above it.
  const scale = Math.max(1, alone);
  return {
    parameters: own.map(({ name, share }) => ({ name, share: share / scale })).sort((a, b) => b.share - a.share),
    interactions: Math.max(0, 1 - alone),
    explained,
    n: values.length,
    warning: explained >= LEAST_EXPLAINED
      ? null
      : "The forest hardly predicts configurations that it has not seen: noise, or too few configurations.",
  };
}

/** The variance of the forest's predictions over the space, at Sobol points. */
function forestVariance(features: readonly Feature[], forest: readonly Tree[], seed: number): number {
  const next = features.length <= MOST_SOBOL_DIMENSIONS ? sobolSequence(features.length, { seed }) : null;
  const stream = random(seed, "fanova", "total");
  const predictions = Array.from({ length: EVALUATIONS }, () => {
    const units = next?.() ?? features.map(() => stream.next());
    const row = features.map((feature, k) =>
      feature.kind === "line"
        ? feature.low + units[k] * (feature.high - feature.low)
        : Math.floor(units[k] * feature.count)
    );
    return mean(forest.map((tree) => tree.predict(row)));
  });
  const centre = mean(predictions);
  return mean(predictions.map((prediction) => (prediction - centre) ** 2));
}

function featureOf({ domain }: Parameter): Feature {
  if (domain.kind === "values") return { kind: "categories", count: domain.texts.length };
  const [low, high] = coordinateRange(domain);
  return { kind: "line", low, high };
}

/** Null where the parameter is absent. */
function asFeature({ name, domain, conditions }: Parameter, point: AnyPoint): number | null {
  if (!Object.hasOwn(point, name)) {
    if (conditions.size > 0) return null;
    throw new TypeError(
      `Cannot measure importance: expected a value of ${name} in each point, got ${JSON.stringify(point)}`,
    );
  }
  const value = point[name];
  const number = domain.kind === "values"
    ? domain.texts.indexOf(canonicalJson(value))
    : typeof value === "number"
    ? toCoordinate(domain, value)
    : NaN;
  if (number === -1 && domain.kind === "values" || Number.isNaN(number)) {
    throw new RangeError(
      `Cannot measure importance: expected a value of ${name} in its axis, got ${JSON.stringify(value)}`,
    );
  }
  return number;
}

function filled(row: readonly (number | null)[], features: readonly Feature[], stream: Random): number[] {
  return row.map((value, k) => {
    if (value !== null) return value;
    const feature = features[k];
    return feature.kind === "line" ? stream.uniform(feature.low, feature.high) : stream.integer(feature.count);
  });
}

/** Adds what the tree predicts for the rows that it was not grown on. */
function addPredictions(
  tree: Tree,
  rows: TrainingRows["rows"],
  { drawn, outOfBag }: { drawn: readonly number[]; outOfBag: { sum: number; count: number }[] },
): void {
  const bag = new Set(drawn);
  rows.forEach((row, i) => {
    if (bag.has(i)) return;
    outOfBag[i].sum += tree.predict(row);
    outOfBag[i].count++;
  });
}

function explainedShare(values: readonly number[], outOfBag: readonly { sum: number; count: number }[]): number {
  const seen = values.map((_, i) => i).filter((i) => outOfBag[i].count > 0);
  const centre = mean(seen.map((i) => values[i]));
  const total = seen.reduce((sum, i) => sum + (values[i] - centre) ** 2, 0);
  const left = seen.reduce((sum, i) => sum + (values[i] - outOfBag[i].sum / outOfBag[i].count) ** 2, 0);
  return total > 0 ? 1 - left / total : 0;
}

function meanRanks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const ranks = new Array<number>(values.length);
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let k = start; k < end; k++) ranks[order[k]] = (start + end - 1) / 2;
    start = end;
  }
  return ranks;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function checkOptions(scale: string, trees: number, points: readonly ScoredPoint[]): void {
  if (scale !== "values" && scale !== "ranks") {
    throw new RangeError(`Cannot measure importance: expected scale to be "values" or "ranks", got "${scale}"`);
  }
  if (!(Number.isInteger(trees) && trees >= 8 && trees <= 1000)) {
    throw new RangeError(`Cannot measure importance: expected trees to be an integer from 8 to 1000, got ${trees}`);
  }
  points.forEach(({ value }, i) => {
    if (!Number.isFinite(value)) {
      throw new TypeError(`Cannot measure importance: expected finite values, got ${value} at point ${i}`);
    }
  });
}
