// Predicted memory against measured memory, each size in a process of its own. Run with LATENT_LAB_FULL=1 for all sizes.

import assert from "node:assert/strict";
import process from "node:process";
import { lnspStudent } from "lib/models/lnsp.ts";
import { dropout, linear, meanSquaredError, model, rowCosine, tensor } from "lib/nn/mod.ts";
import { fixedTrainingBytes, measureTrainingBytes, predictTrainingBytes, traceProgram } from "lib/train/mod.ts";

const MIB = 2 ** 20;
const SIZES = process.env.LATENT_LAB_FULL ? [256, 512, 1024, 2048, 4096, 8192] : [256, 1024, 4096];
const BATCH_SIZE = 256;

const program = (studentDim: number) =>
  traceProgram({
    model: lnspStudent({ studentDim }),
    loss: ({ output }, { x }) => meanSquaredError(output, x),
    metrics: ({ output }, { x }) => ({ cosine: rowCosine(output, x) }),
  });

Deno.test("predicted training memory is within 20% or 24 MiB of what is measured", async () => {
  const fixedBytes = await fixedTrainingBytes();
  console.log(`cpu: ${(fixedBytes / MIB).toFixed(1)} MiB whatever the model`);
  for (const studentDim of SIZES) {
    for (const validationRows of studentDim === 1024 ? [100, 1024] : [1024]) {
      const traced = program(studentDim);
      const predicted = predictTrainingBytes(traced, BATCH_SIZE, { validationRows });
      const measured = await measureTrainingBytes(traced, { batchSize: BATCH_SIZE, validationRows, threads: 2 });
      const growth = measured - fixedBytes;
      console.log(
        `${studentDim} x ${BATCH_SIZE}, ${validationRows} validation rows: predicted ${
          (predicted / MIB).toFixed(1)
        }, ` +
          `measured ${(growth / MIB).toFixed(1)} MiB, ratio ${(predicted / growth).toFixed(2)}`,
      );
      const allowed = Math.max(0.2 * growth, 24 * MIB);
      assert.ok(Math.abs(predicted - growth) <= allowed, `${studentDim}: predicted ${predicted}, measured ${growth}`);
    }
  }
});

Deno.test("a model with dropout, whose loss takes the step's number, can be measured", async () => {
  const inputs = { x: tensor("float32", ["batch", 4]) };
  const dropping = model("dropping", { inputs }, (scope, { x }, options) => ({
    output: linear(scope.child("only"), dropout(scope.child("drop"), x, { rate: 0.5, seed: 1, ...options }), 4),
  }));
  const traced = traceProgram({ model: dropping, loss: ({ output }, { x }) => meanSquaredError(output, x) });
  assert.ok(await measureTrainingBytes(traced, { batchSize: 2, validationRows: 2, threads: 1 }) >= 0);
});

Deno.test("a process that cannot train says why", async () => {
  const broken = { ...program(4), metrics: program(5).metrics };
  await assert.rejects(measureTrainingBytes(broken, { batchSize: 2 }), /Cannot measure memory: .*/s);
});
