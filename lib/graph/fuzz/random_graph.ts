// Random graphs over all registered operators, valid and fit for a comparison by construction.

import { type Random, random } from "../../statistics/mod.ts";
import { dimTerms } from "../dimensions.ts";
import { gradients } from "../gradient.ts";
import { type Graph, graph, topologicalOrder } from "../graph.ts";
import { operatorOf, operatorTypes } from "../operator.ts";
import { bindDimensions } from "../rewrite.ts";
import type { Tensor } from "../tensor.ts";
import type { DType } from "../types.ts";
import { analyse } from "./analysis.ts";
import type { FuzzCase, FuzzFeeds } from "./case.ts";
import { Draw } from "./draw.ts";
import { proposeIdiom } from "./idioms.ts";
import { differentiableLeaves, weightedSum } from "./loss.ts";
import { operatorsWithoutRule, ruleOf } from "./rules.ts";

/** Options of a random graph. */
export interface RandomGraphOptions {
  /** Applications of operators aimed at. Default 1 to 14, by the seed. */
  size?: number;
  /** Dtypes beside float32; default all that executors take: float64, float16 (by casts), integers, bool. */
  dtypes?: readonly DType[];
  /** Operators to draw from; default all registered ones. */
  operators?: readonly string[];
}

const DTYPES: readonly DType[] = ["float64", "float16", "int64", "int32", "int8", "uint8", "bool"];
const MAX_OUTPUTS = 4;
const MAX_GRADIENTS = 3;
const IDIOM_PROBABILITY = 0.12;
const ATTEMPTS_PER_OPERATOR = 6;

/**
 * A random graph with values for its inputs and parameters. The same seed and options give the same graph on every machine.
 * Half of the graphs are differentiable and hold gradients of a random weighted sum of their outputs too; named dimensions
 * are bound by the values (or, before gradients are taken, by `bindDimensions`).
 *
 * Fit for a comparison by construction: values are finite and moderate, error bounds small beside the values, and nothing
 * comes near a jump (see analysis.ts): an application that breaks this is drawn again.
 *
 * @throws {Error} when an operator is registered without a rule for the fuzzer
 *
 * @example
 * ```ts
 * import { interpret, randomGraph } from "lib/graph/mod.ts";
 * const { graph, feeds } = randomGraph(7, { size: 5 });
 * const values = Object.fromEntries(
 *   Object.entries(feeds).map(([name, { data, shape }]) => [name, { data: Array.from(data, Number), shape }]),
 * );
 * console.log(Object.keys(interpret(graph, values)).length > 0); // true
 * ```
 */
export function randomGraph(seed: number, options: RandomGraphOptions = {}): FuzzCase {
  const missing = operatorsWithoutRule();
  if (missing.length > 0) {
    throw new Error(`The fuzzer has no rule for ${missing.join(", ")}: add one in lib/graph/fuzz/rules`);
  }
  for (let attempt = 0;; attempt++) {
    const drawn = drawGraph(random(seed, "graph", attempt), options);
    if (drawn) return { seed, ...drawn };
  }
}

function drawGraph(
  stream: Random,
  { size = 1 + stream.integer(14), dtypes = DTYPES, operators = operatorTypes() }: RandomGraphOptions,
): { graph: Graph; feeds: FuzzFeeds } | null {
  const differentiable = stream.next() < 0.5;
  const names = stream.next() < 0.4 ? ["batch", "rows"].slice(0, 1 + stream.integer(2)) : [];
  const sizes = Object.fromEntries(names.map((name) => [name, 1 + stream.integer(4)]));
  const draw = new Draw(stream, { sizes, differentiable, dtypes: new Set(dtypes) });
  const usable = differentiable ? operators.filter(keepsGradients) : operators;
  for (let count = 0; count < size; count++) grow(draw, usable);
  const outputs = chooseOutputs(draw);
  if (outputs.length === 0) return null;
  const forward = graph("fuzz", Object.fromEntries(outputs.map((tensor, i) => [`y${i}`, tensor])));
  const whole = differentiable ? withGradients(forward, draw) : forward;
  return { graph: whole, feeds: feedsOf(whole, draw.feeds) };
}

/** Operators with a gradient, and those that give no floats, through which none flows. */
function keepsGradients(type: string): boolean {
  return operatorOf(type).gradient !== undefined || ruleOf(type).givesNoFloats === true;
}

/** Applies one more operator, or one more idiom. */
function grow(draw: Draw, operators: readonly string[]): void {
  const rule = draw.chance(IDIOM_PROBABILITY) ? { propose: proposeIdiom } : ruleOf(draw.pick(operators));
  for (let attempt = 0; attempt < ATTEMPTS_PER_OPERATOR; attempt++) {
    const proposed = rule.propose(draw);
    const tensors: readonly Tensor[] = proposed === null ? [] : Array.isArray(proposed) ? proposed : [proposed];
    // What a rule adds beside its own operator, and all of an idiom, has to be among those that are wanted too.
    const wanted = topologicalOrder(tensors).every(({ type }) => operators.includes(type));
    if (tensors.length === 0 || !wanted || draw.analysis.compute(tensors) !== null) continue;
    draw.pool.push(...tensors);
    return;
  }
}

/** What nothing else uses, so that nearly all that was drawn is part of the graph. */
function chooseOutputs(draw: Draw): Tensor[] {
  const used = new Set(topologicalOrder(draw.pool).flatMap(({ inputs }) => inputs));
  const possible = draw.pool.filter((tensor) => tensor.dtype !== "float16" && tensor.source.kind === "operation");
  const sinks = possible.filter((tensor) => !used.has(tensor));
  const chosen = draw.shuffled(sinks).slice(0, MAX_OUTPUTS);
  // Sometimes a tensor in the middle is an output too.
  if (possible.length > 0 && draw.chance(0.2)) chosen.push(draw.pick(possible));
  return [...new Set(chosen)];
}

function feedsOf({ inputs, parameters }: Graph, all: FuzzFeeds): FuzzFeeds {
  const names = [...Object.keys(inputs), ...parameters.map(({ source }) => source.name)];
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}

/** The graph with gradients of a weighted sum of its float outputs, as far as these are fit for a comparison. */
function withGradients(forward: Graph, draw: Draw): Graph {
  const used = new Set(
    Object.values(forward.inputs).flatMap(({ shape }) => shape.flatMap((dim) => dimTerms(dim).names)),
  );
  const sizes = Object.fromEntries(Object.entries(draw.options.sizes).filter(([name]) => used.has(name)));
  const bound = bindDimensions(forward, sizes);
  const floats = Object.values(bound.outputs).filter(({ dtype }) => dtype === "float32");
  const loss = weightedSum(floats, () => draw.integer(-4, 4) / 2 + 0.25);
  const wrt = draw.shuffled(loss ? differentiableLeaves(loss) ?? [] : []).slice(0, MAX_GRADIENTS);
  if (!loss || wrt.length === 0) return bound;
  const slopes = gradients(loss, wrt).map((tensor, i) => [`d${leafName(wrt[i])}`, tensor] as const);
  const fit = [["loss", loss] as const, ...slopes].filter(([name, tensor]) => {
    const alone = graph("fuzz", { [name]: tensor });
    return analyse(alone, feedsOf(alone, draw.feeds)).problem === null;
  });
  return graph("fuzz", { ...bound.outputs, ...Object.fromEntries(fit) });
}

function leafName({ source }: Tensor): string {
  return (source as { name: string }).name;
}
