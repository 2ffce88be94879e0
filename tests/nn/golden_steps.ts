// The golden files of tests/golden/graph, and training steps held against theirs on any engine.

import assert from "node:assert/strict";
import { readSafetensors } from "lib/data/mod.ts";
import { elementCount, type Graph } from "lib/graph/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import type { ArrayValue } from "lib/runtime/mod.ts";
import { adam, type Stepper } from "lib/train/mod.ts";

export type Values = Float32Array | Float64Array;

/** A golden file: its tensors, and rows of those that have one a step. */
export interface Golden {
  /** Rows of a batch. */
  readonly rows: number;
  /** Parameters in the order in which flat tensors hold them. */
  readonly names: readonly string[];
  readonly steps: number;
  readonly batchNames: readonly string[];
  all(key: string): Values;
  at(key: string, step: number): Values;
}

/** Reads the golden file of a model. */
export async function golden(name: string): Promise<Golden> {
  const { tensors, metadata } = await readSafetensors(projectPath("tests", "golden", "graph", `${name}.safetensors`));
  const all = (key: string) => tensors[key].data as Values;
  const batchNames = Object.keys(tensors).filter((key) => key.startsWith("batch/")).map((key) => key.slice(6));
  return {
    rows: Number(metadata.rows),
    names: JSON.parse(metadata.names) as string[],
    steps: tensors["step/loss"].data.length,
    batchNames,
    all,
    at(key, step) {
      const size = elementCount(tensors[key].shape.slice(1));
      return all(key).subarray(step * size, (step + 1) * size) as Values;
    },
  };
}

/** A flat vector cut into the parameters of a graph, by name. */
export function byName(
  flat: Values,
  names: readonly string[],
  { parameters }: Pick<Graph, "parameters">,
): Record<string, Values> {
  const shapes = new Map(parameters.map(({ shape, source }) => [source.name, shape as number[]]));
  assert.deepEqual([...shapes.keys()].sort(), [...names].sort());
  let offset = 0;
  const parts = names.map((name) => {
    const size = elementCount(shapes.get(name)!);
    const part = flat.subarray(offset, offset + size) as Values;
    offset += size;
    return [name, part] as const;
  });
  assert.equal(offset, flat.length);
  return Object.fromEntries(parts);
}

const norm = (values: Values) => Math.sqrt((values as Float64Array).reduce((sum, value) => sum + value * value, 0));

/** Norm of the difference over the norm of what was expected. */
export function relativeError(actual: Values, expected: Values): number {
  return norm(Float64Array.from(expected, (value, i) => actual[i] - value)) / norm(expected);
}

/** The optimizer of make_models.py. */
export const GOLDEN_OPTIMIZER = adam({ learningRate: 1e-2, epsilon: 1e-4 });

/** How far a step may be from PyTorch's: the loss relative to itself, gradients and update relative to their norms. */
export const STEP_TOLERANCES = { loss: 1e-6, gradient: 1e-5, update: 1e-4 } as const;

/** The errors of a step, or the largest of all. */
export type StepErrors = Record<keyof typeof STEP_TOLERANCES, number>;

/** An engine that takes the steps, and a way to see the gradients of what its batch and state hold. */
export interface GoldenEngine {
  readonly stepper: Stepper;
  /** The trained parameters, in any order. */
  readonly parameters: Graph["parameters"];
  /** Gradients by parameter; called after a step that started from the state of `step`. */
  gradients(step: number): Promise<Readonly<Record<string, ArrayLike<number>>>>;
}

/**
 * Takes each step of a golden file from PyTorch's own parameters and moments.
 *
 * @returns the largest errors seen
 * @throws {AssertionError} naming the step and what is out of tolerance
 */
export async function assertGoldenSteps(name: string, { stepper, parameters, gradients }: GoldenEngine) {
  const reference = await golden(name);
  const flat = (values: Readonly<Record<string, ArrayLike<number>>>) =>
    Float64Array.from(reference.names.flatMap((key) => Array.from(values[key])));
  const largest: StepErrors = { loss: 0, gradient: 0, update: 0 };
  for (let step = 0; step < reference.steps; step++) {
    await stepper.writeState(stateAt(reference, { step, parameters }));
    for (const key of reference.batchNames) stepper.batch[key].set(reference.at(`batch/${key}`, step));
    const loss = await stepper.step({ step: step + 1, learningRate: GOLDEN_OPTIMIZER.learningRate });
    const after = Object.entries(await stepper.readParameters()).map(([key, { data }]) =>
      [key, data as Float32Array] as const
    );
    const before = reference.at("step/parameter", step);
    const moved = (to: Values) => Float64Array.from(to, (value, i) => value - before[i]);
    const expected = reference.all("step/loss")[step];
    const errors: StepErrors = {
      loss: Math.abs(loss - expected) / Math.abs(expected),
      gradient: relativeError(flat(await gradients(step)), reference.at("step/gradient", step)),
      update: relativeError(moved(flat(Object.fromEntries(after))), moved(reference.at("step/parameter", step + 1))),
    };
    for (const key of ["loss", "gradient", "update"] as const) {
      const label = `${name}, step ${step + 1}: ${key}`;
      assert.ok(errors[key] <= STEP_TOLERANCES[key], `${label}: ${errors[key]} is above ${STEP_TOLERANCES[key]}`);
      largest[key] = Math.max(largest[key], errors[key]);
    }
  }
  return largest;
}

const REGIONS = ["parameter", "firstMoment", "secondMoment"] as const;

/** PyTorch's state before a step, as a stepper takes it. */
function stateAt(
  reference: Golden,
  { step, parameters }: { step: number; parameters: Graph["parameters"] },
): Record<string, ArrayValue> {
  const shapes = new Map(parameters.map(({ source, shape }) => [source.name, shape as number[]]));
  const named = REGIONS.flatMap((region) =>
    Object.entries(byName(reference.at(`step/${region}`, step), reference.names, { parameters })).map(([key, data]) =>
      [`${region}/${key}`, { dtype: "float32", shape: shapes.get(key)!, data: data as Float32Array }] as const
    )
  );
  return Object.fromEntries(named);
}
