// What is best when there are several objectives: fronts of points of which none is better in everything, and the volume that
// a front dominates.

/**
 * The rank of each point, 0 for those that none dominates, 1 for those that only rank 0 dominates, and so on (Deb et al. 2002).
 * A point dominates another when it is nowhere larger and somewhere smaller.
 *
 * @param costs shape [n, objectives], all to be made small
 * @returns shape [n]
 *
 * @example
 * ```ts
 * import { paretoRanks } from "lib/statistics/mod.ts";
 * if (paretoRanks([[1, 2], [2, 1], [2, 2]]).join() !== "0,0,1") throw new Error("the third is dominated");
 * ```
 */
export function paretoRanks(costs: readonly (readonly number[])[]): number[] {
  // Sorted, so that a point can only be dominated by one before it; each goes to the first front that does not dominate it.
  const order = costs.map((_, i) => i).sort((a, b) => compareLists(costs[a], costs[b]));
  const fronts: number[][] = [];
  const ranks = new Array<number>(costs.length).fill(0);
  for (const i of order) {
    let low = 0;
    let high = fronts.length;
    // A front that does not dominate the point is followed by fronts that do not either.
    while (low < high) {
      const middle = (low + high) >> 1;
      // Latest first: with two objectives the latest member of a front dominates when any does.
      const dominator = fronts[middle].findLast((other) => dominates(costs[other], costs[i]));
      if (dominator !== undefined) low = middle + 1;
      else high = middle;
    }
    if (low === fronts.length) fronts.push([]);
    fronts[low].push(i);
    ranks[i] = low;
  }
  return ranks;
}

/** Whether `a` is nowhere larger than `b` and somewhere smaller. */
export function dominates(a: readonly number[], b: readonly number[]): boolean {
  let smaller = false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] > b[i]) return false;
    if (a[i] < b[i]) smaller = true;
  }
  return smaller;
}

/** Indices of the points that none dominates, in their order. Shape of `costs`: [n, objectives]. */
export function paretoFront(costs: readonly (readonly number[])[]): number[] {
  const ranks = paretoRanks(costs);
  return costs.map((_, i) => i).filter((i) => ranks[i] === 0);
}

/**
 * How lonely each point of one front is (Deb et al. 2002): the sum over objectives of the distance between its neighbours, relative
 * to the span; Infinity for the ends.
 */
export function crowdingDistances(costs: readonly (readonly number[])[]): number[] {
  const distances = new Array<number>(costs.length).fill(0);
  for (let objective = 0; objective < (costs[0]?.length ?? 0); objective++) {
    const order = costs.map((_, i) => i).sort((a, b) => costs[a][objective] - costs[b][objective]);
    const span = costs[order[order.length - 1]][objective] - costs[order[0]][objective];
    distances[order[0]] = distances[order[order.length - 1]] = Infinity;
    for (let k = 1; k < order.length - 1 && span > 0; k++) {
      distances[order[k]] += (costs[order[k + 1]][objective] - costs[order[k - 1]][objective]) / span;
    }
  }
  return distances;
}

/**
 * The hypervolume (Zitzler and Thiele 1999): the volume that the points dominate below a reference point.
 *
 * @param costs shape [n, objectives], all to be made small; points that are not below the reference add nothing
 * @param reference shape [objectives]
 * @throws {RangeError} when the numbers of objectives differ, or a value is not finite
 *
 * @example
 * ```ts
 * import { hypervolume } from "lib/statistics/mod.ts";
 * if (hypervolume([[1, 2], [2, 1]], [3, 3]) !== 3) throw new Error("two rectangles of 2 that share 1");
 * ```
 */
export function hypervolume(costs: readonly (readonly number[])[], reference: readonly number[]): number {
  for (const [i, cost] of [reference, ...costs].entries()) {
    if (cost.length !== reference.length || !cost.every(Number.isFinite)) {
      const place = i === 0 ? "the reference" : `point ${i - 1}`;
      throw new RangeError(
        `Cannot measure a hypervolume: expected ${reference.length} finite values in ${place}, got ${cost.join(", ")}`,
      );
    }
  }
  return volume(costs.filter((cost) => cost.every((value, k) => value < reference[k])), reference);
}

/** By slicing along the last objective. */
function volume(costs: readonly (readonly number[])[], reference: readonly number[]): number {
  if (costs.length === 0) return 0;
  const last = reference.length - 1;
  if (last === 0) return reference[0] - Math.min(...costs.map(([value]) => value));
  const sorted = [...costs].sort((a, b) => a[last] - b[last]);
  let total = 0;
  for (let i = 0; i < sorted.length; i++) {
    const depth = (sorted[i + 1]?.[last] ?? reference[last]) - sorted[i][last];
    if (depth <= 0) continue;
    const slice = sorted.slice(0, i + 1).map((cost) => cost.slice(0, last));
    const front = last === 1 ? slice : paretoFront(slice).map((k) => slice[k]);
    total += depth * volume(front, reference.slice(0, last));
  }
  return total;
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return 0;
}
