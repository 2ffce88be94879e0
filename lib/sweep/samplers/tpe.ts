// TPE, the tree-structured Parzen estimator (Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization"): the good
// observations have a density l, the others g, and the next configuration is the one of several drawn from l at which l / g is
// largest. Parameters that are there together are modelled together, as Optuna's multivariate TPE with groups does.

import { canonicalJson, type JsonValue } from "../../process/mod.ts";
import { crowdingDistances, paretoRanks, type Random, random } from "../../statistics/mod.ts";
import type { Objective } from "../objective.ts";
import { type AnyPoint, isPresent, type Parameter } from "../parameters.ts";
import type { Observation, Sampler, Suggestion } from "../sampler.ts";
import { configurationParameters, type Space } from "../space.ts";
import { asNumber, asValue, ParzenEstimator } from "./parzen.ts";
import type { CountedSampling } from "./random.ts";
import { checkInteger, checkNames, MOST_CONFIGURATIONS } from "./settings.ts";
import { Untried } from "./untried.ts";

/** Settings of `tpe`. */
export interface TpeSettings extends CountedSampling {
  /** Random configurations before the first modelled one: those finished or pruned are counted. Default: 10. */
  startup?: number;
  /** Configurations drawn for each suggestion. Default: 24. */
  candidates?: number;
}

/**
 * An adaptive search. Of n configurations that finished or were pruned, the best ceil(n / 10), at most 25, are the good ones:
 * finished ones first, by the objective (with several objectives: by Pareto rank, then those with distant neighbours), then
 * pruned ones. Those running and failed count as bad, so that neither the neighbourhood of what is being tried nor of what
 * failed is tried next. A list is a choice without order: `int` and `float` with a step tell it of order.
 *
 * @throws {RangeError} when a setting is no integer in range
 *
 * @example
 * ```ts
 * import { float, type Observation, tpe } from "lib/sweep/mod.ts";
 * const sampler = tpe({ count: 40, seed: 3 });
 * const space = { x: float(-1, 1) };
 * const observations: Observation[] = [];
 * const objectives = [{ metric: "loss", direction: "minimize" }] as const;
 * for (let index = 0; index < 40; index++) {
 *   const point = sampler.suggest!(space, { observations, objectives, index })!;
 *   observations.push({ point, values: [(Number(point.x) - 0.3) ** 2], state: "finished" });
 * }
 * const near = observations.slice(10).filter(({ point }) => Math.abs(Number(point.x) - 0.3) < 0.2);
 * if (near.length < 15) throw new Error("later suggestions are near the optimum");
 * ```
 */
export function tpe({ count, seed = 1, startup = 10, candidates = 24, ...rest }: TpeSettings): Sampler {
  checkNames("a TPE search", { ...rest }, ["count", "seed", "startup", "candidates"]);
  checkInteger("a TPE search", "count", count, { least: 1, most: MOST_CONFIGURATIONS });
  checkInteger("a TPE search", "seed", seed, { least: 0 });
  checkInteger("a TPE search", "startup", startup, { least: 1 });
  checkInteger("a TPE search", "candidates", candidates, { least: 1, most: 10_000 });
  return {
    name: "tpe",
    settings: { count, seed, startup, candidates },
    suggest: (space, given) =>
      given.index >= count ? null : suggestion(space, given, {
        stream: random(seed, "tpe", given.index),
        startup,
        candidates,
      }),
  };
}

function suggestion(
  space: Space,
  { observations, objectives }: Suggestion,
  { stream, startup, candidates }: { stream: Random; startup: number; candidates: number },
): AnyPoint | null {
  const parameters = configurationParameters(space);
  const untried = new Untried(parameters, observations.map(({ point }) => point));
  const { good, bad, known } = split(observations, objectives);
  if (known < startup || good.length === 0) return untried.random(stream);
  const groups = groupsOf(parameters).map((group) => new Group(group, good, bad));
  // Where the best was tried already, the next best of each group.
  for (let rank = 0; rank < candidates; rank++) {
    const chosen: Record<string, JsonValue> = {};
    for (const group of groups) {
      if (!isPresent(group.parameters[0], chosen)) continue;
      Object.assign(chosen, group.candidate(rank, candidates, stream));
    }
    // In the order of the space.
    const names = parameters.map(({ name }) => name).filter((name) => Object.hasOwn(chosen, name));
    const point = Object.fromEntries(names.map((name) => [name, chosen[name]]));
    if (untried.add(point)) return point;
  }
  return untried.random(stream);
}

/** Good and bad observations, in the order in which they were tried; `known` have finished or were pruned. */
function split(observations: readonly Observation[], objectives: readonly Objective[]) {
  const costs = new Map<Observation, number[]>();
  for (const observation of observations) {
    const { values } = observation;
    if (values !== null && values.every(Number.isFinite)) costs.set(observation, asCosts(values, objectives));
  }
  const finished = observations.filter((one) => one.state === "finished" && costs.has(one));
  const pruned = observations.filter(({ state }) => state === "pruned");
  const known = finished.length + pruned.length;
  const count = Math.min(25, Math.ceil(known / 10));
  // A pruned one without values cannot be told to be good.
  const ranked = [...ordered(finished, costs), ...ordered(pruned.filter((one) => costs.has(one)), costs)];
  const best = new Set(ranked.slice(0, count));
  return {
    good: observations.filter((one) => best.has(one)).map(({ point }) => point),
    bad: observations.filter((one) => !best.has(one)).map(({ point }) => point),
    known,
  };
}

/** Values with every objective to be made small. */
function asCosts(values: readonly number[], objectives: readonly Objective[]): number[] {
  return values.map((value, i) => (objectives[i]?.direction === "maximize" ? -value : value));
}

/** Best first. */
function ordered(observations: readonly Observation[], costsOf: ReadonlyMap<Observation, number[]>): Observation[] {
  const costs = observations.map((one) => costsOf.get(one)!);
  const indices = observations.map((_, i) => i);
  if ((costs[0]?.length ?? 0) <= 1) {
    return indices.sort((a, b) => costs[a][0] - costs[b][0] || a - b).map((i) => observations[i]);
  }
  const ranks = paretoRanks(costs);
  const lonely = new Array<number>(costs.length);
  for (const rank of new Set(ranks)) {
    const front = indices.filter((i) => ranks[i] === rank);
    const distances = crowdingDistances(front.map((i) => costs[i]));
    front.forEach((i, k) => lonely[i] = distances[k]);
  }
  const compare = (a: number, b: number) =>
    ranks[a] - ranks[b] || (lonely[a] === lonely[b] ? a - b : lonely[b] - lonely[a]);
  return indices.sort(compare).map((i) => observations[i]);
}

/** Parameters with the same conditions, in the order of the first of each; what a group depends on stands in groups before it. */
function groupsOf(parameters: readonly Parameter[]): Parameter[][] {
  const groups = new Map<string, Parameter[]>();
  for (const parameter of parameters) {
    const conditions = [...parameter.conditions].map(([name, texts]) => [name, [...texts].sort()] as const);
    const key = canonicalJson(Object.fromEntries(conditions));
    groups.set(key, [...groups.get(key) ?? [], parameter]);
  }
  return [...groups.values()];
}

/** Parameters that are there together, with candidates for them. */
class Group {
  readonly parameters: readonly Parameter[];
  readonly #good: ParzenEstimator;
  readonly #bad: ParzenEstimator;
  #candidates: AnyPoint[] | null = null;

  constructor(parameters: readonly Parameter[], good: readonly AnyPoint[], bad: readonly AnyPoint[]) {
    this.parameters = parameters;
    this.#good = new ParzenEstimator(parameters, observed(parameters, good));
    this.#bad = new ParzenEstimator(parameters, observed(parameters, bad));
  }

  /** The different ones of `count` draws, best first; the last for ranks beyond. */
  candidate(rank: number, count: number, stream: Random): AnyPoint {
    this.#candidates ??= this.#draw(count, stream);
    return this.#candidates[Math.min(rank, this.#candidates.length - 1)];
  }

  #draw(count: number, stream: Random): AnyPoint[] {
    const drawn = new Map<string, { point: AnyPoint; score: number }>();
    for (let i = 0; i < count; i++) {
      const values = this.#good.draw(stream).map((number, k) => asValue(this.parameters[k], number));
      const point = Object.fromEntries(values.map(({ value }, k) => [this.parameters[k].name, value]));
      const key = canonicalJson(point);
      if (drawn.has(key)) continue;
      const numbers = values.map(({ number }) => number);
      drawn.set(key, { point, score: this.#good.logDensity(numbers) - this.#bad.logDensity(numbers) });
    }
    return [...drawn.values()].sort((a, b) => b.score - a.score).map(({ point }) => point);
  }
}

/** The values of those points that have all the parameters, by parameter. */
function observed(parameters: readonly Parameter[], points: readonly AnyPoint[]): number[][] {
  const rows = points.filter((point) => parameters.every(({ name }) => Object.hasOwn(point, name)))
    .map((point) =>
      parameters.map((parameter) => {
        const value = point[parameter.name];
        return asNumber(parameter, value, parameter.domain.kind === "values" ? canonicalJson(value) : "");
      })
    )
    .filter((row) => row.every((number) => !Number.isNaN(number)));
  return parameters.map((_, k) => rows.map((row) => row[k]));
}
