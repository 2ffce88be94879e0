import assert from "node:assert/strict";
import { dataReference, randomDataset } from "lib/data/mod.ts";
import { relu } from "lib/graph/mod.ts";
import { projectPath, startChild } from "lib/process/mod.ts";
import { defineStudy, seeds } from "lib/sweep/mod.ts";
import { adam, type Tensors, trainingData } from "lib/train/mod.ts";
import { data, dataset, tinyTrial } from "./studies.ts";

// deno-lint-ignore no-explicit-any -- what users may write wrongly
const define = (trial: (point: { a: number; seed: number }) => any) =>
  defineStudy({ name: "trials", space: { a: [1], seed: seeds(1) }, trial });
// deno-lint-ignore no-explicit-any
const keyOf = (changes: any) => define(() => ({ ...tinyTrial(), ...changes })).trials[0].key;

Deno.test("the same definition has the same key in another process", async () => {
  const keys: unknown[] = [];
  const { exitCode } = await startChild({
    module: projectPath("tests", "sweep", "processes", "tells_keys.ts"),
    onMessage: (message) => keys.push(message),
  }).result;
  const study = defineStudy({ name: "keys", space: { studentDim: [4, 8], seed: seeds(2) }, trial: tinyTrial });
  assert.equal(exitCode, 0);
  assert.deepEqual(keys, [study.trials.map(({ key }) => key)]);
  assert.match(study.trials[0].key, /^[0-9a-f]{64}$/);
});

/** A key that changes without reason makes strangers of all stored trials. */
Deno.test("keys are those of earlier versions", () => {
  const { trials } = defineStudy({ name: "keys", space: { studentDim: [4, 8], seed: seeds(2) }, trial: tinyTrial });
  assert.deepEqual(trials.map(({ key }) => key.slice(0, 16)), [
    "773b7f1a616b992b",
    "089939a0854f48d8",
    "355f5e99fe3efbc1",
    "6d95ee8b6032687d",
  ]);
});

Deno.test("whatever changes a trial's numbers changes its key, and nothing else does", () => {
  const base = keyOf({});
  const other = randomDataset({ rows: 500, width: 8, seed: 1 });
  const changed = {
    weight: tinyTrial({ weight: 0.6 }),
    width: tinyTrial({ studentDim: 9 }),
    metrics: { metrics: ({ output }: Tensors, { x }: Tensors) => ({ cosine: tinyTrial().loss({ output }, { x }) }) },
    epochs: { epochs: 4 },
    rate: { optimizer: adam({ learningRate: 0.02 }) },
    schedule: { schedule: { kind: "cosine" } },
    seed: { seed: 2 },
    batchSize: { batchSize: 16 },
    earlyStopping: { earlyStopping: { patience: 2 } },
    threads: { threads: 1 },
    data: { data: dataReference(other, { x: "embedding" }) },
  };
  const keys = Object.values(changed).map(keyOf);
  assert.equal(new Set([base, ...keys]).size, keys.length + 1);
  const same = {
    defaults: { schedule: { kind: "constant" }, maxSteps: null, engine: "cpu", earlyStopping: null },
    seed: { seed: 1 },
    trainingData: { data: trainingData(dataset, { x: "embedding" }) },
    folder: { data: { ...data, dataset: "/elsewhere/copy" } },
  };
  for (const [name, changes] of Object.entries(same)) assert.equal(keyOf(changes), base, name);
});

Deno.test("a trial takes its seed from the axis of seeds, and trials of other seeds share the program", () => {
  const { trials } = defineStudy({ name: "seeds", space: { replica: seeds(3) }, trial: () => tinyTrial() });
  assert.deepEqual(trials.map(({ definition }) => definition.settings.seed), [1, 2, 3]);
  assert.equal(trials[0].definition.program, trials[2].definition.program);
  assert.equal(trials[0].parameterCount, 220);
});

Deno.test("a definition is plain JSON", () => {
  const [{ definition }] = define(() => tinyTrial()).trials;
  assert.deepEqual(JSON.parse(JSON.stringify(definition)), definition);
});

Deno.test("a trial that cannot be traced or is no data is refused with its parameters", () => {
  const cases: [unknown, RegExp][] = [
    [{ schedule: () => 1 }, /settings\.schedule to be data \(JSON\), got function; a trial runs in another process/],
    [{ optimizer: { ...adam({ learningRate: 1 }), learningRate: () => 1 } }, /settings\.optimizer\.learningRate/],
    [{ learningRate: 0.1 }, /learningRate/],
    [{ epochs: 0 }, /epochs/],
    [{ loss: () => 0.5 }, /expected the loss to be a symbolic tensor, got number; it is traced once/],
    [{ loss: () => Promise.resolve(1) }, /expected the loss to be a symbolic tensor, got a promise/],
    [{ loss: ({ output }: Tensors) => relu(output) }, /floating scalar/],
    [{ loss: "mse" }, /expected loss to be a function of outputs and batch, got string/],
    [{ metrics: () => ({ cosine: 1 }) }, /expected metric cosine to be a symbolic tensor, got number/],
    [{ model: (x: unknown) => x }, /expected model to be a model .* got function/],
    [{ data: dataset }, /expected data to be a reference .* got name, hash/],
    [{ data: undefined }, /expected data to be a reference .* got undefined/],
  ];
  for (const [changes, message] of cases) {
    const label = /^Cannot define study "trials", trial \{"a":1,"seed":1\}: /;
    assert.throws(() => keyOf(changes), (error: Error) => {
      assert.match(error.message, label);
      assert.match(error.message, message);
      return true;
    });
  }
  assert.throws(() => define(() => Promise.resolve(tinyTrial())), /got a promise; load data before/);
  assert.throws(
    () => define(() => undefined),
    /expected trial to return \{ model, loss, data, \.\.\. \}, got undefined/,
  );
});

Deno.test("what a trial function throws is told with its point", () => {
  assert.throws(() => define(() => tinyTrial({ studentDim: 257.5 })), {
    name: "RangeError",
    message:
      'Cannot define study "trials", trial {"a":1,"seed":1}: Cannot build the student: expected studentDim to be an integer of at least 1, got 257.5',
  });
});

Deno.test("two points that give one trial are refused", () => {
  assert.throws(
    () => defineStudy({ name: "twins", space: { unused: [1, 2] }, trial: () => tinyTrial() }),
    /\{"unused":1\} and \{"unused":2\} give the same one; use all parameters/,
  );
});
