// The programs that tests/golden/train/make_steps.py took steps of.

import { gelu, tanh } from "lib/graph/mod.ts";
import { lnspStudent } from "lib/models/lnsp.ts";
import { alignmentLoss, layerNorm, linear, meanSquaredError, model, tensor } from "lib/nn/mod.ts";
import { adam, adamW, type OptimizerSpec, traceProgram, type TrainingProgram } from "lib/train/mod.ts";

/** A golden file's program and optimizer. */
export interface GoldenSteps {
  readonly program: TrainingProgram;
  readonly optimizer: OptimizerSpec;
}

const student = lnspStudent({ inputDim: 4, studentDim: 6, latentDim: 3 });

/** As `Mixed` of make_steps.py. */
const mixedModel = model("mixed", { inputs: { x: tensor("float32", ["batch", 4]) } }, (scope, { x }) => {
  const hidden = gelu(layerNorm(scope.child("norm"), linear(scope.child("first"), x, 6)));
  return { output: linear(scope.child("third"), tanh(linear(scope.child("second"), hidden, 3)), 4) };
});

/** By the file's name, `steps_NAME.safetensors`. */
export const GOLDEN_STEPS: Readonly<Record<string, GoldenSteps>> = {
  adam_mse: {
    program: traceProgram({ model: student, loss: ({ output }, { x }) => meanSquaredError(output, x) }),
    optimizer: adam({ learningRate: 1e-2 }),
  },
  adamw_alignment: {
    program: traceProgram({ model: student, loss: ({ output }, { x }) => alignmentLoss(output, x, 0.3) }),
    optimizer: adamW({ learningRate: 1e-2, weightDecay: 0.1 }),
  },
  adam_mixed: {
    program: traceProgram({ model: mixedModel, loss: ({ output }, { x }) => meanSquaredError(output, x) }),
    optimizer: adam({ learningRate: 1e-2 }),
  },
};
