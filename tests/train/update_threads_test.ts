// The optimizer on several threads computes what it computes on one.

import assert from "node:assert/strict";
import { parameter } from "lib/graph/mod.ts";
import { UpdateThreads } from "lib/train/kernel/update_threads.ts";
import { adam, adam8bit, adamW, type OptimizerSpec, sgd } from "lib/train/mod.ts";
import { allocateState, type TrainingState } from "lib/train/state.ts";

const OPTIMIZERS: Record<string, OptimizerSpec> = {
  adam: adam({ learningRate: 1e-3, weightDecay: 0.1 }),
  adamW: adamW({ learningRate: 1e-3 }),
  adam8bit: adam8bit({ learningRate: 1e-3 }),
  sgd: sgd({ learningRate: 1e-2, momentum: 0.9 }),
};
const sized = (name: string, size: number) => parameter(name, [size], { initializer: { kind: "constant", value: 0 } });

/** Everything that is carried over after some steps with made gradients. */
function train(optimizer: OptimizerSpec, threads: number, accumulates = false): TrainingState {
  const parameters = [sized("odd", 1001), sized("large", 7000), sized("one", 1)];
  // Two memories: the second parameter does not fit beside the first.
  const state = allocateState(parameters, { optimizer, threads, accumulates, limitBytes: 50_000 });
  assert.ok(state.memories.length > 1);
  const updater = new UpdateThreads(state.memories, optimizer, threads);
  const gradientRegion = accumulates ? "accumulated" : "gradient";
  for (let step = 1; step <= 20; step++) {
    for (const { memory, offsets, count } of state.memories) {
      const gradients = new Float32Array(memory.buffer, offsets[gradientRegion], count);
      gradients.forEach((_, i) => gradients[i] = Math.sin(i * step + 1) * 10 ** (i % 7 - 5));
    }
    updater.update({ step, learningRate: optimizer.learningRate / step, gradientScale: 0.5, gradientRegion });
  }
  updater.release();
  return state;
}

for (const [name, optimizer] of Object.entries(OPTIMIZERS)) {
  for (const threads of [2, 3]) {
    Deno.test(`${name} on ${threads} threads gives bit for bit what one thread gives`, () => {
      const [one, several] = [train(optimizer, 1), train(optimizer, threads)];
      assert.ok(one.parameters.every(({ parameter }) => parameter.every((value) => value !== 0)));
      several.parameters.forEach(({ parameter, carried }, i) => {
        assert.deepEqual([...parameter], [...one.parameters[i].parameter]);
        for (const [region, values] of Object.entries(carried)) {
          assert.deepEqual([...values], [...one.parameters[i].carried[region]], region);
        }
      });
    });
  }
}

Deno.test("helpers read the region of accumulated gradients when told so", () => {
  const [one, several] = [train(OPTIMIZERS.adam, 1, true), train(OPTIMIZERS.adam, 2, true)];
  assert.deepEqual([...several.parameters[1].parameter], [...one.parameters[1].parameter]);
});
