import assert from "node:assert/strict";
import { adam, completeSettings, type TrainSettings } from "lib/train/mod.ts";

const given: TrainSettings = { optimizer: adam({ learningRate: 1e-3 }), epochs: 2, seed: 0 };
const completed = (changes: Record<string, unknown>) => () => completeSettings({ ...given, ...changes });

Deno.test("completeSettings fills in every default, for undefined too", () => {
  const expected = {
    ...given,
    schedule: { kind: "constant" },
    batchSize: 256,
    maxSteps: null,
    earlyStopping: null,
    engine: "cpu",
    threads: 0,
  };
  assert.deepEqual(completeSettings(given), expected);
  const absent = { schedule: undefined, batchSize: undefined, maxSteps: undefined, earlyStopping: undefined };
  assert.deepEqual(completeSettings({ ...given, ...absent, engine: undefined, threads: undefined }), expected);
  assert.deepEqual(completed({ earlyStopping: { patience: 3 } })().earlyStopping, { patience: 3, minDelta: 0 });
});

Deno.test("completeSettings is idempotent", () => {
  const once = completeSettings({ ...given, earlyStopping: { patience: 2 }, schedule: { kind: "cosine" } });
  assert.deepEqual(completeSettings(once), once);
});

const REFUSED: [Record<string, unknown>, RegExp][] = [
  [{ epochs: 0 }, /^RangeError: Cannot train: epochs: .*>=1/],
  [{ epochs: 1.5 }, /epochs: .*int/],
  [{ epochs: NaN }, /epochs: .*NaN/],
  [{ epochs: "3" }, /epochs: .*expected number, received string/],
  [{ batchSize: 1.5 }, /batchSize: .*int/],
  [{ batchSize: 0 }, /batchSize: /],
  [{ maxSteps: 0 }, /maxSteps: /],
  [{ engine: "cuda" }, /engine: expected "cpu" or .*, got "cuda"/],
  [{ optimizer: { ...given.optimizer, learningRate: -1 } }, /optimizer\.learningRate: .*>0/],
  [{ optimizer: { ...given.optimizer, momentum: 0.9 } }, /optimizer: .*momentum/],
  [{ optimizer: { kind: "lion" } }, /optimizer\.kind: /],
  [
    { optimizer: { kind: "sgd", learningRate: 1, momentum: 1, nesterov: false, weightDecay: 0 } },
    /optimizer\.momentum: /,
  ],
  [{ accumulationSteps: 0 }, /accumulationSteps: /],
  [{ segments: 0 }, /segments: /],
  [{ maxGradientNorm: 0 }, /maxGradientNorm: /],
  [{ optimizer: undefined }, /optimizer: /],
  [{ schedule: { kind: "cosine", warmupSteps: -1 } }, /schedule\.warmupSteps: /],
  [{ schedule: { kind: "steps" } }, /schedule\.kind: /],
  [{ earlyStopping: { patience: 0 } }, /earlyStopping\.patience: /],
  [{ earlyStopping: { patience: 2, minDelta: -1 } }, /earlyStopping\.minDelta: /],
  [{ earlyStopping: {} }, /earlyStopping\.patience: /],
  [{ seed: -1 }, /seed: /],
  [{ seed: 0.5 }, /seed: /],
  [{ threads: -1 }, /threads: /],
  [{ learningRate: 0.1 }, /settings: .*learningRate/],
];

for (const [changes, message] of REFUSED) {
  Deno.test(`completeSettings refuses ${JSON.stringify(changes)}`, () => {
    assert.throws(completed(changes), (error) => error instanceof RangeError && message.test(String(error)));
  });
}
