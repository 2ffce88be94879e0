import assert from "node:assert/strict";
import { fillExact, setExactWeights } from "lib/bench/exact_values.ts";
import type { ParameterState } from "lib/train/mod.ts";

Deno.test("fillExact gives the numbers that tests/peers/exact_values.py gives", () => {
  // exact_values(4, 3) in Python, which computes in int64.
  assert.deepEqual([...fillExact(new Float32Array(4), { stream: 3 })], PYTHON);
});

const PYTHON = [-0.878536581993103, 0.8966681957244873, 0.239166259765625, -0.06725454330444336];

Deno.test("fillExact fills [-scale, scale) evenly, another stream otherwise", () => {
  const values = fillExact(new Float32Array(10_000), { stream: 1, scale: 0.25 });
  assert.ok(values.every((value) => value >= -0.25 && value < 0.25));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  assert.ok(Math.abs(mean) < 0.005, `mean ${mean}`);
  assert.ok(Math.abs(variance - 0.25 ** 2 / 3) < 0.001, `variance ${variance}`);
  assert.notDeepEqual(fillExact(new Float32Array(10_000), { stream: 2, scale: 0.25 }), values);
});

Deno.test("setExactWeights scales a matrix and its bias by its inputs", () => {
  const state = (shape: number[]): ParameterState => {
    const make = () => new Float32Array(shape.reduce((a, b) => a * b, 1));
    return { name: "p", shape, parameter: make(), gradient: make(), carried: {} };
  };
  const parameters = [state([64, 384]), state([64]), state([100, 64])];
  setExactWeights(parameters);
  const largest = parameters.map(({ parameter }) => Math.max(...parameter.map(Math.abs)));
  for (const [i, bound] of [1 / 16, 1 / 16, 1 / 8].entries()) {
    assert.ok(largest[i] <= bound && largest[i] > bound * 0.9, `${largest[i]} of ${bound}`);
  }
});
