// Shrinking the values of a failing case: all ones, then one input at a time, then fewer digits.

import { rebuild } from "../rewrite.ts";
import { constant, type Tensor } from "../tensor.ts";
import { type ArrayValue, isFloating } from "../types.ts";
import { numbersIn, toArrayValue } from "./case.ts";
import { attempt, type Candidate, withOutputs } from "./shrink.ts";

/** Simpler values for all feeds together, then for each alone, then for each element. */
export function* simplerValues({ graph, feeds }: Candidate): Generator<Candidate> {
  const with_ = (changed: Record<string, ArrayValue>): Candidate => ({ graph, feeds: { ...feeds, ...changed } });
  const mapped = (array: ArrayValue, simplify: (value: number) => number) =>
    toArrayValue(array.dtype, array.shape, numbersIn(array).map(simplify));
  for (const simplify of SIMPLIFICATIONS) {
    yield with_(Object.fromEntries(Object.entries(feeds).map(([name, array]) => [name, mapped(array, simplify)])));
  }
  for (const [name, array] of Object.entries(feeds)) {
    for (const simplify of SIMPLIFICATIONS) yield with_({ [name]: mapped(array, simplify) });
  }
  for (const simplify of SIMPLIFICATIONS) yield* withConstants({ graph, feeds }, simplify);
  for (const [name, array] of Object.entries(feeds)) {
    if (array.data.length > 12) continue;
    for (let i = 0; i < array.data.length; i++) {
      for (const simplify of SIMPLIFICATIONS) {
        let index = 0;
        yield with_({ [name]: mapped(array, (value) => (index++ === i ? simplify(value) : value)) });
      }
    }
  }
}

/** The float constants, too. */
function* withConstants(candidate: Candidate, simplify: (value: number) => number): Generator<Candidate> {
  const { outputs } = candidate.graph;
  const leaf = ({ source, dtype, shape }: Tensor) =>
    source.kind === "constant" && isFloating(dtype)
      ? constant(source.data.map(simplify), { dtype, shape: shape as number[] })
      : null;
  const results = attempt(() => rebuild(Object.values(outputs), { leaf }));
  if (results) {
    yield withOutputs(candidate, Object.fromEntries(Object.keys(outputs).map((name, i) => [name, results[i]])));
  }
}

const SIMPLIFICATIONS: readonly ((value: number) => number)[] = [
  () => 1,
  Math.round,
  (value) => Math.round(value * 4) / 4,
  (value) => Number(value.toFixed(2)),
];
