// Are the gradients right? In float64, along a random direction of each leaf, against central differences of the loss.

import { random } from "../../statistics/mod.ts";
import { sizesOfNames } from "../dimensions.ts";
import { gradients } from "../gradient.ts";
import { type Graph, graph } from "../graph.ts";
import { interpret } from "../interpreter.ts";
import { bindDimensions } from "../rewrite.ts";
import type { Tensor } from "../tensor.ts";
import { type FuzzFeeds, numbersIn } from "./case.ts";
import type { Difference } from "./compare.ts";
import { differentiableLeaves, weightedSum } from "./loss.ts";
import type { Candidate } from "./shrink.ts";

/** Steps of the differences: values keep at least 1e-4 from every kink, and a step may be amplified on its way there. */
const STEPS = [1e-5, 1e-6, 1e-7];
const RELATIVE_TOLERANCE = 1e-4;
const ABSOLUTE_TOLERANCE = 1e-6;

/**
 * Differentiates a weighted sum of the outputs named `y...` in each float leaf and compares with differences along a
 * direction; null when all agree, or when the outputs cannot be differentiated.
 */
export function gradientDifference({ graph: whole, feeds }: Candidate): Difference | null {
  const forward = withoutNames(whole, feeds);
  const outputs = Object.entries(forward.outputs).filter(([name, { dtype }]) =>
    /^y\d/.test(name) && dtype === "float32"
  );
  let count = 0;
  const loss = weightedSum(outputs.map(([, tensor]) => tensor), () => (count++ % 5) / 2 - 0.75);
  const wrt = loss && differentiableLeaves(loss);
  if (!loss || !wrt || wrt.length === 0) return null;
  const slopes = Object.fromEntries(gradients(loss, wrt).map((tensor, i) => [nameOf(wrt[i]), tensor]));
  const results = interpret(graph("gradients", slopes), valuesOf(feeds));
  const lossOnly = graph("loss", { loss });
  for (const [name, { data }] of Object.entries(results)) {
    const message = disagreement(data, { lossOnly, feeds, name });
    if (message) return { kind: "wrong", output: null, message };
  }
  return null;
}

function disagreement(
  gradient: Float64Array,
  { lossOnly, feeds, name }: { lossOnly: Graph; feeds: FuzzFeeds; name: string },
): string | null {
  const stream = random("direction", name);
  const direction = gradient.map(() => (stream.next() < 0.5 ? -1 : 1));
  const analytic = gradient.reduce((sum, slope, i) => sum + slope * direction[i], 0);
  const tolerance = ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * gradient.reduce((sum, slope) => sum + Math.abs(slope), 0);
  const numeric = STEPS.map((step) => slopeAlong(direction, { lossOnly, feeds, name, step }));
  if (numeric.some((slope) => Math.abs(slope - analytic) <= tolerance)) return null;
  return `gradient of ${name}: differences give ${numeric[0]} along a direction, the gradient ${analytic}`;
}

function nameOf({ source }: Tensor): string {
  return (source as { name: string }).name;
}

/** The graph with its named dimensions bound to the sizes that the values have. */
function withoutNames(whole: Graph, feeds: FuzzFeeds): Graph {
  const given = Object.entries(whole.inputs).map(([name, { shape }]) => [shape, feeds[name].shape] as const);
  return bindDimensions(whole, sizesOfNames(given));
}

function valuesOf(feeds: FuzzFeeds): Record<string, { data: Float64Array; shape: readonly number[] }> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, array]) => [name, { data: numbersIn(array), shape: array.shape }]),
  );
}

function slopeAlong(
  direction: Float64Array,
  { lossOnly, feeds, name, step }: { lossOnly: Graph; feeds: FuzzFeeds; name: string; step: number },
): number {
  const values = valuesOf(feeds);
  const { data, shape } = values[name];
  const at = (sign: number) => {
    const moved = Float64Array.from(data, (value, i) => value + sign * step * direction[i]);
    return interpret(lossOnly, { ...values, [name]: { data: moved, shape } }).loss.data[0];
  };
  return (at(1) - at(-1)) / (2 * step);
}
