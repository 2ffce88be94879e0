// Parzen estimators: the density of a group of parameters as a mixture of one kernel for each observation and a wide one in the
// middle. Truncated normal kernels along a parameter's line, categorical ones over unordered values; bandwidths, weights and the
// prior are those of Optuna's TPE (Watanabe 2023, "Tree-Structured Parzen Estimator: Understanding Its Algorithm Components").

import type { JsonValue } from "../../process/mod.ts";
import { normalCdf, normalQuantile, type Random } from "../../statistics/mod.ts";
import { type NumberDomain, type Parameter, valueAt } from "../parameters.ts";
import { coordinateRange, fromCoordinate, toCoordinate } from "./coordinates.ts";

/** What one parameter contributes to the kernels: draws from kernel k, and the logarithm of its density at a value. */
interface Kernels {
  /** A number on the parameter's line, or the index of an unordered value. */
  draw(kernel: number, stream: Random): number;
  /** Adds the logarithm of the density at `at` to `sums`, shape [kernels]. */
  addLogDensity(at: number, sums: Float64Array): void;
}

const LEAST_MASS = 1e-18; // below the accuracy of normalCdf
const RECENT = 25;

/** A mixture over a group of parameters. */
export class ParzenEstimator {
  readonly #weights: Float64Array;
  readonly #cumulative: Float64Array;
  readonly #kernels: Kernels[];

  /** @param observed by parameter, the values of each observation, shape [parameters][n], in the order in which they were tried */
  constructor(parameters: readonly Parameter[], observed: readonly (readonly number[])[]) {
    const n = observed[0].length;
    const weights = [...observationWeights(n), 1];
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    this.#weights = Float64Array.from(weights, (weight) => Math.log(weight / total));
    let sum = 0;
    this.#cumulative = Float64Array.from(weights, (weight) => sum += weight / total);
    this.#kernels = parameters.map(({ domain }, i) =>
      domain.kind === "values"
        ? categoricalKernels(domain.texts.length, observed[i])
        : normalKernels(domain, observed[i])
    );
  }

  /** Shape [parameters]. */
  draw(stream: Random): number[] {
    const unit = stream.next();
    const found = this.#cumulative.findIndex((sum) => unit < sum);
    const kernel = found < 0 ? this.#cumulative.length - 1 : found;
    return this.#kernels.map((kernels) => kernels.draw(kernel, stream));
  }

  logDensity(point: readonly number[]): number {
    const sums = this.#weights.slice();
    this.#kernels.forEach((kernels, i) => kernels.addLogDensity(point[i], sums));
    const largest = sums.reduce((most, sum) => Math.max(most, sum));
    return largest + Math.log(sums.reduce((total, sum) => total + Math.exp(sum - largest), 0));
  }
}

/** A value as a number: on its line, or its index among unordered ones; NaN for one that the domain does not have. */
export function asNumber({ domain }: Parameter, value: JsonValue, text: string): number {
  if (domain.kind === "numbers") return typeof value === "number" ? toCoordinate(domain, value) : NaN;
  const index = domain.texts.indexOf(text);
  return index < 0 ? NaN : index;
}

/** The value that a drawn number stands for, and the number as it is after rounding. */
export function asValue({ domain }: Parameter, drawn: number): { value: JsonValue; number: number } {
  if (domain.kind === "values") return { value: valueAt(domain, drawn), number: drawn };
  const value = fromCoordinate(domain, drawn);
  return { value, number: toCoordinate(domain, value) };
}

/** The last 25 count fully, earlier ones less and less. */
function observationWeights(n: number): number[] {
  return Array.from({ length: n }, (_, i) => {
    const old = n - RECENT;
    return i >= old ? 1 : old === 1 ? 1 / n : 1 / n + (1 - 1 / n) * i / (old - 1);
  });
}

function categoricalKernels(count: number, observed: readonly number[]): Kernels {
  const kernels = observed.length + 1;
  const prior = 1 / kernels;
  const total = 1 + count * prior;
  const [logOwn, logOther] = [Math.log((1 + prior) / total), Math.log(prior / total)];
  return {
    draw: (kernel, stream) => {
      // The prior's kernel is flat; the others put most on what was observed.
      if (kernel === observed.length) return stream.integer(count);
      const unit = stream.next() * total;
      return unit < 1 ? observed[kernel] : Math.min(count - 1, Math.floor((unit - 1) / prior));
    },
    addLogDensity: (at, sums) => {
      for (let k = 0; k < observed.length; k++) sums[k] += observed[k] === at ? logOwn : logOther;
      sums[observed.length] -= Math.log(count);
    },
  };
}

function normalKernels(domain: NumberDomain, observed: readonly number[]): Kernels {
  const [low, high] = coordinateRange(domain);
  const centres = Float64Array.from([...observed, (low + high) / 2]);
  const widths = bandwidths(observed, low, high);
  // The part of each kernel below and above the range is cut off.
  const from = centres.map((centre, k) => normalCdf((low - centre) / widths[k]));
  const mass = centres.map((centre, k) => Math.max(normalCdf((high - centre) / widths[k]) - from[k], LEAST_MASS));
  const logNorms = mass.map((part, k) => -Math.log(part) - Math.log(widths[k] * Math.sqrt(2 * Math.PI)));
  return {
    draw: (kernel, stream) => {
      if (low === high) return low;
      const unit = from[kernel] + stream.next() * mass[kernel];
      const drawn = centres[kernel] + widths[kernel] * normalQuantile(Math.max(1e-16, Math.min(1 - 1e-16, unit)));
      return Math.max(low, Math.min(high, drawn));
    },
    addLogDensity: (at, sums) => {
      if (low === high) return;
      const share = domain.step === null ? null : stepEdges(domain, at, low);
      for (let k = 0; k < sums.length; k++) {
        const z = (at - centres[k]) / widths[k];
        sums[k] += share === null
          ? logNorms[k] - z * z / 2
          : Math.log(stepMass(share, centres[k], widths[k]) / mass[k]);
      }
    },
  };
}

/** Each kernel reaches to the farther of its neighbours, within bounds; the prior's over the whole range. */
function bandwidths(observed: readonly number[], low: number, high: number): Float64Array {
  const n = observed.length;
  const span = high - low;
  const least = span / Math.min(100, n + 2);
  const widths = new Float64Array(n + 1).fill(span || 1);
  const order = observed.map((_, i) => i).sort((a, b) => observed[a] - observed[b] || a - b);
  order.forEach((i, rank) => {
    const below = rank > 0 ? observed[i] - observed[order[rank - 1]] : null;
    const above = rank < n - 1 ? observed[order[rank + 1]] - observed[i] : null;
    // The ends of the range count as neighbours only of an observation that has no other.
    const width = n === 1 ? Math.max(observed[i] - low, high - observed[i]) : Math.max(below ?? 0, above ?? 0);
    widths[i] = Math.max(least, Math.min(span, width)) || 1;
  });
  return widths;
}

/** The stretch of the line that belongs to one step. */
function stepEdges({ log, step }: NumberDomain, at: number, low: number): [number, number] {
  if (!log) return [at - step! / 2, at + step! / 2];
  const value = Math.exp(at);
  const below = value - step! / 2;
  return [below > 0 ? Math.max(low, Math.log(below)) : low, Math.log(value + step! / 2)];
}

function stepMass([from, to]: [number, number], centre: number, width: number): number {
  const [a, b] = [(from - centre) / width, (to - centre) / width];
  // On the side where the tail is small, so that the difference keeps its digits.
  const mass = a > 0 ? normalCdf(-a) - normalCdf(-b) : normalCdf(b) - normalCdf(a);
  return Math.max(mass, LEAST_MASS);
}
