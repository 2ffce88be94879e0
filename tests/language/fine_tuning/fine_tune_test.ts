import assert from "node:assert/strict";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "lib/data/mod.ts";
import { bindDimensions, gradients } from "lib/graph/mod.ts";
import { fineTune, type FineTuneOptions, heldOutLoss, languageData, prepareTraining } from "lib/language/mod.ts";
import { lfm2ParameterCount } from "lib/models/lfm2/config.ts";
import { adam, adamW, type BaseFormat, planLora, readSidecar } from "lib/train/mod.ts";
import { lfm2 } from "lib/models/lfm2/model.ts";
import { assertAllClose } from "tests/assertions.ts";
import { abortAfter, withFolder } from "tests/train/fixtures.ts";
import {
  LORA,
  reproducible,
  SENTENCES,
  textsOf,
  TINY_CONFIG,
  tinyData,
  tinyRun,
  tinyWeights,
  TOKENIZER,
} from "./fixtures.ts";

const FROZEN = { config: TINY_CONFIG, weights: tinyWeights() };

Deno.test("all parameters of a small model are trained: losses fall, tokens and validations are told", async () => {
  const seen: number[] = [];
  const run = fineTune(tinyRun({}, { iterations: 40, validateEvery: 20 }));
  for await (const { iteration } of run) seen.push(iteration);
  const { iterations, best, stopped, trainableParameters, weights, adapter, windows } = await run.result;
  assert.deepEqual(seen, Array.from({ length: 40 }, (_, i) => i + 1));
  assert.deepEqual([stopped, adapter, trainableParameters], ["finished", null, lfm2ParameterCount(TINY_CONFIG)]);
  const mean = (from: number, to: number) =>
    iterations.slice(from, to).reduce((sum, { loss }) => sum + loss, 0) / (to - from);
  assert.ok(mean(30, 40) < mean(0, 10) - 0.5, `${mean(0, 10)} to ${mean(30, 40)}`);
  const validated = iterations.filter(({ validationLoss }) => validationLoss !== null).map(({ iteration }) =>
    iteration
  );
  assert.deepEqual(validated, [20, 40]);
  assert.equal(best!.validationLoss, Math.min(...[20, 40].map((i) => iterations[i - 1].validationLoss!)));
  const { learnedTokens, train } = tinyData();
  assert.ok(iterations.every(({ tokens }) => [...train].some((row) => learnedTokens[row] === tokens)));
  assert.equal(windows.length, 1);
  assert.ok(iterations.every(({ rssBytes, peakRssBytes }) => rssBytes > 0 && peakRssBytes >= rssBytes));
  assert.equal(Object.keys(weights).length, lfm2(TINY_CONFIG).trace().parameters.length);
});

Deno.test("adapters are trained alone: the count is told before, the model's weights stay", async () => {
  const before = tinyWeights();
  let told = 0;
  const { iterations, trainableParameters, weights, adapter } = await fineTune(tinyRun({
    model: FROZEN,
    lora: LORA,
    onPrepared: (prepared) => (told = prepared.trainableParameters),
  }, { iterations: 20 })).result;
  const plan = planLora(lfm2(TINY_CONFIG, { cached: false, logits: "all" }), LORA);
  assert.deepEqual([trainableParameters, told], [plan.trainableParameters, plan.trainableParameters]);
  assert.deepEqual(FROZEN.weights, before);
  assert.equal(Object.keys(weights).length, 2 * plan.targets.length);
  assert.deepEqual(Object.keys(adapter!.factors), plan.targets.map(({ name }) => name));
  assert.ok(Object.values(adapter!.factors).every(({ b }) => b.some((value) => value !== 0)));
  assert.ok(iterations[19].validationLoss! < iterations[4].validationLoss!);
});

Deno.test("the held-out loss is the mean over tokens, with the adapter that was trained as its validation had it", async () => {
  const data = tinyData();
  const { adapter, best } = await fineTune(tinyRun({ model: FROZEN, lora: LORA, data })).result;
  const { loss, perplexity, tokens } = await heldOutLoss({ model: FROZEN, data, adapter: adapter!, threads: 1 });
  assertAllClose([loss], [best!.validationLoss], { rtol: 1e-6 });
  assertAllClose([perplexity], [Math.exp(loss)], { rtol: 1e-12 });
  assert.equal(tokens, data.validation.reduce((sum, row) => sum + data.learnedTokens[row], 0));
  const alone = await heldOutLoss({ model: FROZEN, data, threads: 1 });
  assert.ok(loss < alone.loss);
  // By hand: each validation text on its own, weighted by its tokens.
  let sum = 0;
  for (const row of data.validation) {
    const one = { ...data, validation: Uint32Array.of(row) };
    const scale = data.columns.scale.data[row] * data.learnedTokens[row];
    sum += (await heldOutLoss({ model: FROZEN, data: one, threads: 1 })).loss / scale * data.learnedTokens[row];
  }
  assertAllClose([alone.loss], [sum / tokens], { rtol: 1e-5 });
  await assert.rejects(heldOutLoss({ model: FROZEN, data, split: "test" }), /expected rows of test, got none/);
});

Deno.test("texts packed into a row have the losses and gradients of texts in rows of their own", async () => {
  const texts = textsOf(["worm", "a soil", "so"], ["worm", "a soil", "so"]);
  const apart = languageData(texts, TOKENIZER, { multiple: 8 });
  const packed = languageData(texts, TOKENIZER, { multiple: 8, packing: true, maxLength: 25 });
  assert.equal(packed.train.length, 1);
  const model = { ...FROZEN };
  const [one, other] = [
    await heldOutLoss({ model, data: apart, threads: 1 }),
    await heldOutLoss({ model, data: packed, threads: 1 }),
  ];
  assert.equal(one.tokens, other.tokens);
  assertAllClose([other.loss], [one.loss], { rtol: 1e-5 });
  // One update of all parameters on all three texts, as one row and as a batch of three.
  const settings = { iterations: 1, optimizer: adam({ learningRate: 1e-2, epsilon: 1 }), threads: 1 };
  const update = async (data: typeof apart, batchSize: number) =>
    (await fineTune({ model, data, settings: { ...settings, batchSize } }).result).weights;
  const [inBatch, inRow] = [await update(apart, 3), await update(packed, 1)];
  for (const [name, { data }] of Object.entries(inBatch)) {
    assertAllClose(inRow[name].data as Float32Array, data as Float32Array, { rtol: 1e-4, atol: 2e-6, label: name });
  }
});

Deno.test("padding changes nothing: rows at the length of the batch and at the longest length", async () => {
  const losses = async (multiple: number) =>
    (await fineTune(tinyRun({ data: tinyData({ multiple }) }, { iterations: 6 })).result).iterations.map(({ loss }) =>
      loss
    );
  assertAllClose(await losses(48), await losses(2), { rtol: 1e-4 });
});

/** Whatever a run carries from step to step. */
const CASES: [string, Partial<FineTuneOptions>, Partial<FineTuneOptions["settings"]>][] = [
  ["all parameters", { data: tinyData({ multiple: 24 }) }, {
    schedule: { kind: "cosine", warmupSteps: 3 },
    accumulationSteps: 2,
  }],
  ["adapters with dropout", { model: FROZEN, lora: { ...LORA, dropout: 0.3 } }, {
    optimizer: adamW({ learningRate: 1e-2 }),
  }],
];
for (const [what, changes, settings] of CASES) {
  Deno.test(`${what}: interrupted anywhere and resumed, a run gives the same bits`, async () => {
    const run = (more: Partial<FineTuneOptions> = {}) => fineTune(tinyRun({ ...changes, ...more }, settings)).result;
    const whole = reproducible(await run());
    for (const steps of what === "all parameters" ? [3, 10] : [4]) {
      await withFolder(async (checkpointDir) => {
        const stopped = await run({ checkpointDir, signal: abortAfter(steps) });
        assert.deepEqual([stopped.stopped, stopped.iterations.length], ["aborted", steps]);
        const resumed = await run({ checkpointDir });
        assert.deepEqual(reproducible(resumed), whole, `after ${steps}`);
        if (steps !== 10) return;
        // Finished, it is not run again.
        assert.deepEqual(reproducible(await run({ checkpointDir, signal: abortAfter(0) })), whole);
      });
    }
  });
}

Deno.test("a run that crashes goes on from its last checkpoint: iterations after it are done again", async () => {
  const whole = reproducible(await fineTune(tinyRun()).result);
  await withFolder(async (checkpointDir) => {
    let asked = 0;
    const crash = new Error("the machine is gone");
    const signal = {
      get aborted() {
        if (asked++ === 7) throw crash; // so that nothing is saved at the end
        return false;
      },
    } as AbortSignal;
    await assert.rejects(fineTune(tinyRun({ checkpointDir, checkpointEvery: 4, signal })).result, crash);
    const log = join(checkpointDir, "iterations.jsonl");
    assert.equal((await readSidecar(checkpointDir))!.step, 4);
    assert.equal(readFileSync(log, "utf8").trimEnd().split("\n").length, 7);
    appendFileSync(log, '{"iteration": 8, "lo'); // a line that was being written
    assert.deepEqual(reproducible(await fineTune(tinyRun({ checkpointDir })).result), whole);
    assert.equal(readFileSync(log, "utf8").trimEnd().split("\n").length, 12);
  });
});

Deno.test("gradient checkpointing and gradients over several batches are those of the plain run", async () => {
  const losses = async (settings: Partial<FineTuneOptions["settings"]>) =>
    (await fineTune(tinyRun({ model: FROZEN, lora: LORA }, settings)).result).iterations.map(({ loss }) => loss);
  const plain = await losses({});
  for (const segments of [1, 3]) assert.deepEqual(await losses({ segments }), plain, `${segments} segments`);
  const all = async (segments?: number) =>
    reproducible(await fineTune(tinyRun({}, { iterations: 3, segments })).result);
  assert.deepEqual(await all(3), await all(), "all parameters, with an arena and without");
  const accumulated = await losses({ accumulationSteps: 2, iterations: 4 });
  assert.equal(accumulated.length, 4);
  // The first of them is the mean of the first two batches before any update, which a learning rate of nearly nothing shows.
  const [first, second] = await losses({ iterations: 2, optimizer: adam({ learningRate: 1e-30 }) });
  assertAllClose([accumulated[0]], [(first + second) / 2], { rtol: 1e-6 });
});

Deno.test("adapters are trained to frozen weights in fewer bits that lie in memory", async () => {
  const first = async (baseFormat: BaseFormat) => {
    const { iterations } = await fineTune(tinyRun({ model: FROZEN, lora: LORA, baseFormat }, { iterations: 2 })).result;
    return iterations.map(({ loss }) => loss);
  };
  const exact = await first("float32");
  for (const [format, rtol] of [["float16", 1e-3], ["int8", 0.02], ["int4", 0.2]] as const) {
    assertAllClose(await first(format), exact, { rtol, label: format });
  }
});

Deno.test("frozen weights have no gradients, and none are taken below the first adapted layer", async () => {
  const { program, plan } = await prepareTraining(FROZEN, {
    lora: { ...LORA, lastLayers: 1 },
    isPacked: false,
    seed: 1,
    provider: "cpu",
  });
  assert.deepEqual(plan!.targets.map(({ layer }) => layer), [2, 2]);
  const fixed = bindDimensions(program.loss, { batch: 1, sequence: 8 });
  const trained = fixed.parameters.filter(({ source }) => source.trainable);
  assert.equal(trained.length, 4);
  assert.equal(gradients(fixed.outputs.loss, trained).length, 4);
});

Deno.test("a learning rate that diverges is told, and the last good checkpoint stays", () =>
  withFolder(async (checkpointDir) => {
    const run = fineTune(tinyRun({ checkpointDir, checkpointEvery: 1 }, {
      iterations: 60,
      validateEvery: 60,
      optimizer: adam({ learningRate: 1e37 }),
    }));
    await assert.rejects(run.result, {
      name: "RangeError",
      message: /^Training diverged: .* with learning rate 1e\+37$/,
    });
    const sidecar = await readSidecar(checkpointDir);
    assert.ok(sidecar === null || sidecar.status === "running");
    if (sidecar === null) return;
    const { tensors } = await readSafetensors(join(checkpointDir, sidecar.state!.name));
    assert.ok(Object.values(tensors).every(({ data }) => (data as Float32Array).every(Number.isFinite)));
  }));

Deno.test("wrong models, adapters, data and settings are refused with what was expected", async () => {
  const reject = (options: FineTuneOptions, message: RegExp) => assert.rejects(fineTune(options).result, message);
  const { adapter } = await fineTune(tinyRun({ model: FROZEN, lora: LORA }, { iterations: 1 })).result;
  const wider = { ...LORA, rank: 4 };
  await reject(tinyRun({ model: FROZEN, lora: wider, adapter: adapter! }), /rank/);
  const elsewhere = Object.fromEntries(
    Object.entries(adapter!.factors).map(([name, factors]) => [name.replace("layers.", "layers.1"), factors]),
  );
  await reject(
    tinyRun({ model: FROZEN, lora: LORA, adapter: { ...adapter!, factors: elsewhere } }),
    /model\.layers\.1[12]\.self_attn/,
  );
  await reject(tinyRun({ lora: LORA }), /Cannot train adapters: expected a model with weights, got one without/);
  await reject(
    tinyRun({ model: FROZEN, adapter: adapter! }),
    /Cannot train all parameters: expected no adapter, got one/,
  );
  await reject(tinyRun({ model: FROZEN, lora: { ...LORA, targetModules: ["nobody"] } }), /nobody/);
  const longTexts = languageData(textsOf(["x".repeat(80), "y"], ["z"]), TOKENIZER, { multiple: 8 });
  await reject(tinyRun({ data: longTexts }), /Cannot fine-tune: expected rows of at most 64 tokens, got 81/);
  const foreign = { ...TOKENIZER, encode: () => [5, 300, 6] };
  await reject(
    tinyRun({ data: languageData(textsOf(["a"], ["b"]), foreign) }),
    /Cannot fine-tune: expected token ids below 260, got 300: another tokenizer\?/,
  );
  await reject(tinyRun({}, { iterations: 0 }), /expected iterations to be an integer from 1, got 0/);
  await reject(tinyRun({}, { validateEvery: 1.5 }), /expected validateEvery to be an integer from 1, got 1.5/);
  await reject(tinyRun({}, { batchSize: 100 }), /Cannot train: expected at least 100 training rows, got 8/);
});

Deno.test("a checkpoint of other data, of another base or of other settings is refused and left as it is", () =>
  withFolder(async (checkpointDir) => {
    const lora = { model: FROZEN, lora: LORA, checkpointDir };
    await fineTune(tinyRun({ ...lora, signal: abortAfter(4) })).result;
    const files = () =>
      ["checkpoint.json", "iterations.jsonl"].map((name) => readFileSync(join(checkpointDir, name), "utf8"));
    const before = files();
    const other = tinyWeights();
    (other["model.embedding_norm.weight"].data as Float32Array)[0] += 1;
    const others: FineTuneOptions[] = [
      tinyRun(lora, { seed: 4 }),
      tinyRun({ ...lora, model: { config: TINY_CONFIG, weights: other } }),
      tinyRun({ ...lora, lora: { ...LORA, alpha: 8 } }),
      tinyRun({ ...lora, data: languageData(textsOf(SENTENCES, ["other"]), TOKENIZER, { multiple: 8 }) }),
    ];
    for (const options of others) {
      await assert.rejects(fineTune(options).result, /Cannot resume .*: its checkpoint is of another run/);
    }
    assert.deepEqual(files(), before);
  }));
