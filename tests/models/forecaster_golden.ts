// The state, batches and sketches that tests/golden/models/make_forecaster.py describes, and its results.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fillExact } from "lib/bench/exact_values.ts";
import type { ForecasterConfig } from "lib/models/forecaster.ts";
import { projectPath } from "lib/process/mod.ts";
import type { CpuStepper, ParameterState } from "lib/train/mod.ts";

/** What is kept of gradients or updates: for each parameter its norm and first values, and products of all values together. */
export interface KeptFacts {
  norms: number[];
  values: number[][];
  sketches: number[];
}

/** The golden file. */
export interface ForecasterGolden {
  parameters: number;
  rows: number;
  learningRate: number;
  config: ForecasterConfig;
  names: string[];
  losses: number[];
  steps: { loss: number; gradient: KeptFacts; update: KeptFacts }[];
}

export function forecasterGolden(): ForecasterGolden {
  return JSON.parse(readFileSync(projectPath("tests", "golden", "models", "forecaster.json"), "utf8"));
}

/** A stepper's parameters in the order of the golden file. */
export function inOrder({ state }: CpuStepper, names: readonly string[]): ParameterState[] {
  const byName = new Map(state.parameters.map((parameter) => [parameter.name, parameter]));
  assert.deepEqual([...byName.keys()].sort(), [...names].sort());
  return names.map((name) => byName.get(name)!);
}

/** Sets parameters and moments to those of a step. */
export function setState(parameters: readonly ParameterState[], step: number): void {
  let fanIn = 1;
  parameters.forEach(({ shape, parameter, carried }, i) => {
    if (shape.length === 2) fanIn = shape[1];
    const stream = 64 * step + i;
    fillExact(parameter, { stream, scale: 2 ** -((31 - Math.clz32(fanIn)) >> 1) });
    fillExact(carried.firstMoment as Float32Array, { stream: 4096 + stream, scale: 2 ** -11 });
    const second = fillExact(carried.secondMoment as Float32Array, { stream: 8192 + stream });
    second.forEach((value, k) => second[k] = (Math.fround(value + 3) * 2 ** -12) ** 2);
  });
}

/** Fills a batch with that of a step. */
export function setBatch({ batch }: CpuStepper, step: number): void {
  fillExact(batch.x, { stream: 16384 + 2 * step });
  fillExact(batch.y, { stream: 16385 + 2 * step });
}

/** Vectors of the sketches, as long as all parameters together. */
export function sketchDirections(count: number, length: number): Float32Array[] {
  return Array.from({ length: count }, (_, k) => fillExact(new Float32Array(length), { stream: 20000 + k }));
}

/** The facts of vectors, one for each parameter. */
export function factsOf(vectors: readonly Float32Array[], directions: readonly Float32Array[]): KeptFacts {
  return {
    norms: vectors.map((vector) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))),
    values: vectors.map((vector) => [...vector.subarray(0, 3)]),
    sketches: directions.map((direction) => {
      let [sum, offset] = [0, 0];
      for (const vector of vectors) {
        for (let i = 0; i < vector.length; i++) sum += vector[i] * direction[offset + i];
        offset += vector.length;
      }
      return sum;
    }),
  };
}

/** An estimate of the norm of the difference, relative to the norm; and the largest difference of a parameter's norm or value. */
export function differences(actual: KeptFacts, expected: KeptFacts): { whole: number; parts: number } {
  const whole = Math.hypot(...expected.norms);
  const squares = actual.sketches.map((value, k) => 3 * (value - expected.sketches[k]) ** 2);
  const mean = squares.reduce((sum, value) => sum + value, 0) / squares.length;
  const parts = expected.norms.map((norm, i) => {
    const largest = Math.max(norm, 1e-3 * whole);
    const values = expected.values[i].map((value, k) => Math.abs(actual.values[i][k] - value));
    return Math.max(Math.abs(actual.norms[i] - norm), ...values) / largest;
  });
  return { whole: Math.sqrt(mean) / whole, parts: Math.max(...parts) };
}
