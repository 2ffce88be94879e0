import assert from "node:assert/strict";
import { measureTextToVector } from "lib/bench/mod.ts";
import { linearAutoencoder } from "lib/models/linear_autoencoder.ts";
import { hasTeacher } from "lib/models/teacher.ts";

const student = linearAutoencoder({ latentDim: 8 }).trace();
const turns = { blocks: 2, blockMs: 5, minSteps: 2 };

Deno.test({
  name: "measureTextToVector times texts with and without the student",
  ignore: !hasTeacher(),
  fn: async () => {
    const [timing, ...others] = await measureTextToVector(student, { batchSizes: [2], turns });
    assert.deepEqual([timing.batchSize, others.length], [2, 0]);
    assert.ok(timing.teacherMs.value > 0 && timing.endToEndMs.value > 0 && timing.loadMs > 0);
    assert.ok(timing.speedUp.low <= timing.speedUp.ratio && timing.speedUp.ratio <= timing.speedUp.high);
  },
});

Deno.test({
  name: "without a teacher measureTextToVector says how to get one",
  ignore: hasTeacher(),
  fn: () => assert.rejects(measureTextToVector(student, { batchSizes: [1], turns }), /deno task teacher fetches it/),
});
