import assert from "node:assert/strict";
import { adam, adamW, scheduleFactor } from "lib/train/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

const factors = (schedule: Parameters<typeof scheduleFactor>[0], steps: number[], total: number) =>
  steps.map((step) => scheduleFactor(schedule, step, total));

Deno.test("scheduleFactor of a constant is 1", () => {
  assert.deepEqual(factors({ kind: "constant" }, [0, 50, 1000], 100), [1, 1, 1]);
});

Deno.test("scheduleFactor falls along half a cosine", () => {
  const expected = [1, (1 + Math.SQRT1_2) / 2, 0.5, (1 - Math.SQRT1_2) / 2, 0];
  assertAllClose(factors({ kind: "cosine" }, [0, 25, 50, 75, 100], 100), expected, { rtol: 1e-12, atol: 1e-15 });
});

Deno.test("scheduleFactor falls along a line to its final factor and stays there", () => {
  const values = factors({ kind: "linear", finalFactor: 0.2 }, [0, 50, 100, 150], 100);
  assertAllClose(values, [1, 0.6, 0.2, 0.2], { rtol: 1e-12 });
});

Deno.test("scheduleFactor warms up from one part to the whole, then falls over what is left", () => {
  const values = factors({ kind: "linear", warmupSteps: 4 }, [0, 1, 2, 3, 4, 9, 14], 14);
  assertAllClose(values, [0.25, 0.5, 0.75, 1, 1, 0.5, 0], { rtol: 1e-12 });
  assert.equal(scheduleFactor({ kind: "cosine", warmupSteps: 100 }, 49, 10), 0.5);
});

Deno.test("adam and adamW fill in PyTorch's defaults", () => {
  const common = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  assert.deepEqual(adam({ learningRate: 1e-3 }), { kind: "adam", ...common, weightDecay: 0 });
  assert.deepEqual(adamW({ learningRate: 1e-3 }), { kind: "adamW", ...common, weightDecay: 0.01 });
});

Deno.test("adam and adamW refuse values outside their range, naming them", () => {
  assert.throws(() => adam({ learningRate: -1 }), /Cannot use adam: expected learningRate above 0, got -1/);
  assert.throws(() => adam({ learningRate: Infinity }), /learningRate above 0, got Infinity/);
  assert.throws(() => adam({ learningRate: NaN }), /learningRate above 0, got NaN/);
  assert.throws(() => adam({ learningRate: 1, beta1: 1 }), /beta1 in \[0, 1\), got 1/);
  assert.throws(() => adamW({ learningRate: 1, beta2: -0.1 }), /Cannot use adamW: expected beta2/);
  assert.throws(() => adam({ learningRate: 1, epsilon: 0 }), /epsilon above 0, got 0/);
  assert.throws(() => adamW({ learningRate: 1, weightDecay: -1 }), /weightDecay of at least 0, got -1/);
});
