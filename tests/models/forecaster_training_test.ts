// What the forecaster's training can save: activations that are computed twice, moments of eight bits.

import assert from "node:assert/strict";
import { type ForecasterConfig, forecasterSettings, forecasterTrial } from "lib/models/forecaster.ts";
import { pairedDifference } from "lib/statistics/mod.ts";
import {
  adam,
  adam8bit,
  adamW,
  cpuStepper,
  KeptSessions,
  type OptimizerSpec,
  predictTrainingBytes,
  traceProgram,
  trainProgram,
} from "lib/train/mod.ts";
import { fillExact } from "lib/bench/exact_values.ts";
import { sineWindows } from "./forecaster_data.ts";

const SMALL: ForecasterConfig = { features: 1, context: 12, horizon: 3, hiddenDim: 8, feedForwardDim: 12, heads: 2 };

for (const cell of ["lstm", "gru"] as const) {
  Deno.test(`gradients of the forecaster (${cell}) keep their bits when segments are computed twice`, async () => {
    const { loss } = traceProgram(forecasterTrial({ ...SMALL, cell }));
    const run = async (segments?: number) => {
      const options = { batchSize: 4, optimizer: adam({ learningRate: 1e-2 }), seed: 1, threads: 1, segments };
      const stepper = await cpuStepper(loss, options);
      try {
        const losses: number[] = [];
        for (let step = 1; step <= 3; step++) {
          fillExact(stepper.batch.x, { stream: 2 * step });
          fillExact(stepper.batch.y, { stream: 2 * step + 1 });
          losses.push(await stepper.step({ step, learningRate: 1e-2 }));
        }
        return { losses, gradients: stepper.state.parameters.map(({ name, gradient }) => [name, [...gradient]]) };
      } finally {
        await stepper.release();
      }
    };
    const plain = await run();
    for (const segments of [2, 5]) assert.deepEqual(await run(segments), plain, `${segments} segments`);
  });
}

Deno.test("computing segments of the full forecaster twice lowers the predicted memory of training by more than a third", () => {
  const program = traceProgram(forecasterTrial(forecasterSettings("full", { features: 1, context: 64, horizon: 5 })));
  const bytes = (segments: number) => predictTrainingBytes(program, 128, { validationRows: 64, segments });
  const [plain, six] = [bytes(1), bytes(6)];
  // Sums over weights that all steps share would make it 0.67 if they were left for later, with all that they are of.
  assert.ok(six < 0.64 * plain, `${six} of ${plain}`);
});

Deno.test("moments of eight bits take at most 27% of the memory of float32 ones", async () => {
  const { loss } = traceProgram(forecasterTrial(forecasterSettings("100k", { features: 1, context: 2, horizon: 5 })));
  const stateBytes = async (optimizer: OptimizerSpec) => {
    const stepper = await cpuStepper(loss, { batchSize: 2, optimizer, seed: 1, threads: 1 });
    try {
      const carried = stepper.state.parameters.flatMap((parameter) => Object.values(parameter.carried));
      return carried.reduce((sum, { byteLength }) => sum + byteLength, 0);
    } finally {
      await stepper.release();
    }
  };
  const share = await stateBytes(adam8bit({ learningRate: 1e-3 })) / await stateBytes(adam({ learningRate: 1e-3 }));
  assert.ok(share <= 0.27, `${share}`);
});

Deno.test("moments of eight bits end at the losses of float32 ones, over five seeds", async () => {
  const { model, targets, loss, metrics, ...settings } = forecasterTrial(SMALL);
  const program = traceProgram({ model, targets, loss, metrics });
  const data = sineWindows(SMALL, 80);
  const finalLosses = async (optimizer: OptimizerSpec) => {
    const losses: number[] = [];
    const sessions = new KeptSessions();
    for (let seed = 1; seed <= 5; seed++) {
      const run = { ...settings, earlyStopping: null, optimizer, epochs: 6, batchSize: 10, seed, threads: 1 };
      const { history } = await trainProgram(program, data, { settings: run, sessions }).result;
      losses.push(history.at(-1)!.validation.loss);
    }
    await sessions.release();
    return losses;
  };
  const float32 = await finalLosses(adamW({ learningRate: 1e-2, weightDecay: 0 }));
  const eight = await finalLosses(adam8bit({ learningRate: 1e-2 }));
  const { value, interval, pValue } = pairedDifference(eight, float32, { seed: 1 });
  const mean = float32.reduce((sum, loss) => sum + loss, 0) / float32.length;
  console.log(`float32 ${float32.map((loss) => loss.toFixed(4))}, eight bits ${eight.map((loss) => loss.toFixed(4))}`);
  console.log(`difference ${value} [${interval.low}, ${interval.high}], p = ${pValue}`);
  assert.ok(pValue > 0.05, `p = ${pValue}`);
  // Five pairs cannot give a p below 0.0625: the size of the difference is what says something.
  assert.ok(Math.abs(value) < 0.15 * mean, `${value} of ${mean}`);
});
