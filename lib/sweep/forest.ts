// Regression trees over boxes of a search space (Breiman et al. 1984; forests of them: Breiman 2001), whose leaves can be
// integrated exactly, which is what fANOVA needs.

import type { Random } from "../statistics/mod.ts";

/** What one feature ranges over: a line [low, high], or so many unordered categories. */
export type Feature = { kind: "line"; low: number; high: number } | { kind: "categories"; count: number };

/** The part of a feature that belongs to a leaf: an interval, or which categories. */
export type Side = { low: number; high: number } | readonly boolean[];

/** A box of the space with one prediction. */
export interface Leaf {
  sides: readonly Side[];
  value: number;
}

/** Rows of features, shape [n][features], and what is predicted, shape [n]. */
export interface TrainingRows {
  rows: readonly (readonly number[])[];
  values: readonly number[];
}

const LEAST_LEAF = 2;

/** A grown tree. */
export interface Tree {
  leaves: Leaf[];
  /** @param row shape [features] */
  predict(row: readonly number[]): number;
}

type Node = { leaf: Leaf } | { feature: number; first: Side; nodes: [Node, Node] };

/** A tree grown on the given rows, which may be repeated; at each node it chooses among some of the features. */
export function growTree(
  features: readonly Feature[],
  training: TrainingRows,
  { drawn, stream }: { drawn: readonly number[]; stream: Random },
): Tree {
  const { rows, values } = training;
  const tried = Math.max(1, Math.ceil(features.length * 5 / 6));
  const leaves: Leaf[] = [];
  const grow = (sides: readonly Side[], members: readonly number[]): Node => {
    const candidates = [...stream.permutation(features.length)].slice(0, tried);
    const splits = candidates.map((feature) => bestSplit(feature, sides[feature], members, training));
    const best = splits.reduce((one, other) => (other !== null && other.gain > (one?.gain ?? 0) ? other : one), null);
    if (best === null) {
      const leaf = { sides, value: members.reduce((sum, i) => sum + values[i], 0) / members.length };
      leaves.push(leaf);
      return { leaf };
    }
    const { feature, sides: [first, second] } = best;
    const isFirst = (i: number) => isInside(first, rows[i][feature]);
    const within = (side: Side) => sides.map((old, k) => (k === feature ? side : old));
    // As `predict` goes: what is not in the first is in the second, a value at the upper end of its line too.
    const nodes: [Node, Node] = [
      grow(within(first), members.filter(isFirst)),
      grow(within(second), members.filter((i) => !isFirst(i))),
    ];
    return { feature, first, nodes };
  };
  const whole = features.map((feature): Side =>
    feature.kind === "line" ? { low: feature.low, high: feature.high } : new Array<boolean>(feature.count).fill(true)
  );
  const root = grow(whole, drawn);
  const predict = (row: readonly number[]) => {
    let node = root;
    while (!("leaf" in node)) node = node.nodes[isInside(node.first, row[node.feature]) ? 0 : 1];
    return node.leaf.value;
  };
  return { leaves, predict };
}

/** Whether a feature's value lies in a side; lower ends belong to it. */
export function isInside(side: Side, value: number): boolean {
  return "low" in side ? value >= side.low && value < side.high : side[value];
}

interface Split {
  feature: number;
  gain: number;
  sides: [Side, Side];
}

/** The split of a node with the largest reduction of squared error; null when there is none. */
function bestSplit(feature: number, side: Side, members: readonly number[], { rows, values }: TrainingRows) {
  if (members.length < 2 * LEAST_LEAF) return null;
  const line = "low" in side;
  // Categories in the order of their means: the best subset is one of the first few (Fisher 1958).
  const place = line ? (i: number) => rows[i][feature] : categoryOrder(feature, members, { rows, values });
  const order = [...members].sort((a, b) => place(a) - place(b) || a - b);
  const total = order.reduce((sum, i) => sum + values[i], 0);
  const n = order.length;
  let best: { gain: number; after: number } | null = null;
  for (let k = 1, left = values[order[0]]; k < n; left += values[order[k++]]) {
    if (k < LEAST_LEAF || n - k < LEAST_LEAF || place(order[k]) === place(order[k - 1])) continue;
    const gain = left ** 2 / k + (total - left) ** 2 / (n - k) - total ** 2 / n;
    if (gain > 1e-12 * Math.abs(total ** 2 / n) && gain > (best?.gain ?? 0)) best = { gain, after: k };
  }
  if (best === null) return null;
  const [last, next] = [order[best.after - 1], order[best.after]].map(place);
  return { feature, gain: best.gain, sides: parts(side, { last, next, feature, members, rows, place }) } as Split;
}

function parts(side: Side, { last, next, feature, members, rows, place }: {
  last: number;
  next: number;
  feature: number;
  members: readonly number[];
  rows: TrainingRows["rows"];
  place: (i: number) => number;
}): [Side, Side] {
  if ("low" in side) {
    const middle = (last + next) / 2;
    // Neighbouring doubles have no number between them.
    const cut = middle > last ? middle : next;
    return [{ low: side.low, high: cut }, { low: cut, high: side.high }];
  }
  const first = new Set(members.filter((i) => place(i) <= last).map((i) => rows[i][feature]));
  const second = new Set(members.filter((i) => place(i) >= next).map((i) => rows[i][feature]));
  // Categories that no member has go to the side that has more.
  const unseenFirst = first.size >= second.size;
  const isFirst = (category: number) => first.has(category) || (unseenFirst && !second.has(category));
  return [side.map((own, c) => own && isFirst(c)), side.map((own, c) => own && !isFirst(c))];
}

function categoryOrder(feature: number, members: readonly number[], { rows, values }: TrainingRows) {
  const sums = new Map<number, { sum: number; count: number }>();
  for (const i of members) {
    const known = sums.get(rows[i][feature]) ?? { sum: 0, count: 0 };
    sums.set(rows[i][feature], { sum: known.sum + values[i], count: known.count + 1 });
  }
  const mean = (category: number) => sums.get(category)!.sum / sums.get(category)!.count;
  const order = [...sums.keys()].sort((a, b) => mean(a) - mean(b) || a - b);
  const rank = new Map(order.map((category, k) => [category, k]));
  return (i: number) => rank.get(rows[i][feature])!;
}

/** The share of a feature that a side takes, 0 to 1. */
export function measure(feature: Feature, side: Side): number {
  if ("low" in side) {
    const { low, high } = feature as { low: number; high: number };
    return high > low ? (side.high - side.low) / (high - low) : 1;
  }
  return side.filter((own) => own).length / side.length;
}

/** A function of one feature: steps between places along its line, or a height for each category. */
export type Effect = { feature: Feature; steps: { side: Side; height: number }[] };

/** What a tree predicts on average over all features but one, for each, less its mean over all. */
export function mainEffects(features: readonly Feature[], { leaves }: Tree): Effect[] {
  const shares = leaves.map(({ sides }) => sides.map((side, k) => measure(features[k], side)));
  const mean = leaves.reduce((sum, { value }, i) => sum + value * product(shares[i], -1), 0);
  return features.map((feature, k) => (
    {
      feature,
      steps: leaves.map(({ sides, value }, i) => ({ side: sides[k], height: (value - mean) * product(shares[i], k) })),
    }
  ));
}

function product(shares: readonly number[], without: number): number {
  return shares.reduce((result, share, i) => (i === without ? result : result * share), 1);
}

/** The variance of the mean of several effects of one feature, along its line or over its categories. */
export function effectVariance(effects: readonly Effect[]): number {
  const { feature } = effects[0];
  const steps = effects.flatMap((effect) => effect.steps);
  const sum = feature.kind === "line" ? lineVariance(feature, steps) : categoryVariance(feature.count, steps);
  return sum / effects.length ** 2;
}

/** Of a sum of steps along a line: each begins at its lower end and ends at its upper. */
function lineVariance({ low, high }: { low: number; high: number }, steps: Effect["steps"]): number {
  if (high === low) return 0;
  const changes = steps.flatMap(({ side, height }) => {
    const interval = side as { low: number; high: number };
    return [{ at: interval.low, change: height }, { at: interval.high, change: -height }];
  }).sort((a, b) => a.at - b.at);
  let [variance, height] = [0, 0];
  changes.forEach(({ at, change }, i) => {
    height += change;
    const width = (changes[i + 1]?.at ?? at) - at;
    variance += height ** 2 * width / (high - low);
  });
  return variance;
}

function categoryVariance(count: number, steps: Effect["steps"]): number {
  const heights = new Float64Array(count);
  for (const { side, height } of steps) {
    (side as readonly boolean[]).forEach((own, category) => heights[category] += own ? height : 0);
  }
  return heights.reduce((sum, height) => sum + height ** 2, 0) / count;
}
