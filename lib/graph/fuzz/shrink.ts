// Shrinking: from a graph on which an executor fails to the smallest one on which it still fails.

import { graph, leaves, topologicalOrder } from "../graph.ts";
import { rebuild } from "../rewrite.ts";
import { input, type Operation, type Tensor } from "../tensor.ts";
import { analyse } from "./analysis.ts";
import { type FuzzCase, type FuzzFeeds, numbersIn, toArrayValue } from "./case.ts";
import { smallerDimensions } from "./shrink_dimensions.ts";
import { simplerValues } from "./shrink_values.ts";

/** A case without its seed. */
export type Candidate = Omit<FuzzCase, "seed">;

/** Candidates that are smaller than a case in one respect, the boldest first. */
export type ShrinkPass = (candidate: Candidate) => Generator<Candidate>;

const MAX_ATTEMPTS = 2000;

/**
 * The smallest case found on which `fails` still holds: outputs are removed, subgraphs replaced by inputs with the values
 * that they had, operators left out, dimensions made smaller, values simpler, until nothing of that keeps the failure.
 * Candidates that are unfit for a comparison are never tried.
 *
 * @param fails whether a candidate fails in the same way; called at most 2,000 times
 */
export async function shrink(failing: FuzzCase, fails: (candidate: Candidate) => Promise<boolean>): Promise<FuzzCase> {
  const passes: readonly ShrinkPass[] = [
    fewerOutputs,
    earlierOutputs,
    cutInputs,
    leftOut,
    smallerDimensions,
    simplerValues,
  ];
  let smallest: Candidate = failing;
  let attempts = 0;
  for (let shrunk = true; shrunk;) {
    shrunk = false;
    for (const pass of passes) {
      for (const candidate of pass(smallest)) {
        if (++attempts > MAX_ATTEMPTS) return { ...smallest, seed: failing.seed };
        if (size(candidate) >= size(smallest) || !isFit(candidate) || !await fails(candidate)) continue;
        smallest = candidate;
        shrunk = true;
        break;
      }
      if (shrunk) break;
    }
  }
  return { ...smallest, seed: failing.seed };
}

/** Fit for a comparison; an index that no longer lies within its smaller table is not. */
function isFit({ graph, feeds }: Candidate): boolean {
  return attempt(() => analyse(graph, feeds))?.problem === null;
}

/** Order of size: operations, then outputs and leaves, then elements, then digits of the values. */
function size({ graph, feeds }: Candidate): number {
  const outputs = Object.values(graph.outputs);
  const found = leaves(outputs);
  const arrays = [
    ...found.flatMap(({ source, dtype }) => (source.kind === "constant" && dtype !== "int64" ? [source.data] : [])),
    ...Object.values(feeds).map(numbersIn),
  ];
  const elements = arrays.reduce((sum, { length }) => sum + length, 0);
  const digits = arrays.reduce((sum, values) => sum + values.reduce((total, value) => total + digitsOf(value), 0), 0);
  const names =
    Object.values(graph.inputs).flatMap(({ shape }) => shape).filter((dim) => typeof dim === "string").length;
  const nodes = 10 * topologicalOrder(outputs).length + 3 * outputs.length + found.length;
  return nodes * 1e9 + (elements + 0.1 * names) * 1e4 + digits;
}

function digitsOf(value: number): number {
  return value === 1 ? 0.25 : value === 0 ? 0.5 : String(value).length;
}

/** The case for other outputs; feeds of what they do not need are left out. */
export function withOutputs(
  { graph: original, feeds }: Candidate,
  outputs: Readonly<Record<string, Tensor>>,
): Candidate {
  const smaller = graph(original.name, outputs);
  const names = [...Object.keys(smaller.inputs), ...smaller.parameters.map(({ source }) => source.name)];
  return { graph: smaller, feeds: Object.fromEntries(names.map((name) => [name, feeds[name]])) };
}

function* fewerOutputs(candidate: Candidate): Generator<Candidate> {
  const entries = Object.entries(candidate.graph.outputs);
  if (entries.length === 1) return;
  for (const entry of entries) yield withOutputs(candidate, Object.fromEntries([entry]));
  // A failure may need several outputs, when an executor fuses differently for one.
  for (const [name] of entries) yield withOutputs(candidate, Object.fromEntries(entries.filter(([n]) => n !== name)));
}

/** The results of one operation alone, from the first operation on: where a wrong value first appears. */
function* earlierOutputs(candidate: Candidate): Generator<Candidate> {
  for (const { outputs } of topologicalOrder(Object.values(candidate.graph.outputs))) {
    const usable = outputs.filter(({ dtype }) => dtype !== "float16");
    if (usable.length > 0) {
      yield withOutputs(candidate, Object.fromEntries(usable.map((tensor, i) => [`y${i}`, tensor])));
    }
  }
}

/** Operations replaced by inputs with the values that they had: the last ones first, which cuts off most. */
function* cutInputs(candidate: Candidate): Generator<Candidate> {
  const operations = topologicalOrder(Object.values(candidate.graph.outputs)).reverse();
  const last = operations[0]?.inputs.flatMap(({ source }) => (source.kind === "operation" ? [source] : [])) ?? [];
  if (last.length > 1) yield* replaceByInputs(candidate, last);
  for (const operation of operations) yield* replaceByInputs(candidate, [operation]);
}

function* replaceByInputs(candidate: Candidate, cut: readonly Operation[]): Generator<Candidate> {
  const { graph: { outputs, inputs }, feeds } = candidate;
  const { analysis } = analyse(candidate.graph, feeds);
  const added: Record<string, FuzzFeeds[string]> = {};
  let number = 0;
  const unusedName = () => {
    while (`x${number}` in inputs || `x${number}` in feeds || `x${number}` in added) number++;
    return `x${number}`;
  };
  const replace = (tensor: Tensor): Tensor => {
    if (tensor.dtype === "float16") return tensor;
    const { shape, data } = analysis.valueOf(tensor);
    const name = unusedName();
    added[name] = toArrayValue(tensor.dtype, shape, data);
    return input(name, tensor.dtype, tensor.shape);
  };
  const names = Object.keys(outputs);
  const results = attempt(() =>
    rebuild(Object.values(outputs), {
      operation: (operation) => (cut.includes(operation) ? operation.outputs.map(replace) : null),
    })
  );
  if (!results) return;
  // An output that is only an input now says nothing.
  const computed = names.map((name, i) => [name, results[i]] as const).filter(([, { source }]) =>
    source.kind === "operation"
  );
  if (computed.length === 0) return;
  yield withOutputs({ ...candidate, feeds: { ...feeds, ...added } }, Object.fromEntries(computed));
}

/** Operations left out: one of their inputs in the place of their result. */
function* leftOut(candidate: Candidate): Generator<Candidate> {
  const { outputs } = candidate.graph;
  for (const operation of topologicalOrder(Object.values(outputs))) {
    const [result] = operation.outputs;
    for (const [index, given] of operation.inputs.entries()) {
      if (given.dtype !== result.dtype || given.shape.join() !== result.shape.join()) continue;
      const results = attempt(() =>
        rebuild(Object.values(outputs), {
          operation: (other, inputs) => (other === operation ? [inputs[index], ...other.outputs.slice(1)] : null),
        })
      );
      const computed = Object.keys(outputs).map((name, i) => [name, results?.[i]] as const)
        .filter((entry): entry is readonly [string, Tensor] => entry[1]?.source.kind === "operation");
      if (computed.length > 0) yield withOutputs(candidate, Object.fromEntries(computed));
    }
  }
}

/** What a rebuilding gives, or null when the shapes of the smaller graph no longer fit. */
export function attempt<T>(build: () => T): T | null {
  try {
    return build();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return null;
    throw error;
  }
}
