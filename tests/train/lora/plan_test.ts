// Which layers a configuration adapts, how much that trains, and what is refused.

import assert from "node:assert/strict";
import { LFM2_1_2B } from "lib/models/lfm2/config.ts";
import { linear, model, tensor } from "lib/nn/mod.ts";
import { factorNames, type LoraConfig, loraGraph, planLora } from "lib/train/mod.ts";
import { parameterCount } from "lib/graph/mod.ts";
import { trainable } from "./golden.ts";

const SEED: LoraConfig = { rank: 8, alpha: 160, dropout: 0, lastLayers: 8, targetModules: ["q_proj", "v_proj"] };
const large = trainable(LFM2_1_2B).trace();

for (const [rank, count] of [[8, 212_992], [16, 425_984]]) {
  Deno.test(`rank ${rank} on q and v within the last 8 of LFM2-1.2B's 16 layers trains ${count} parameters`, () => {
    const plan = planLora(large, { ...SEED, rank });
    assert.equal(plan.trainableParameters, count);
    assert.equal(plan.frozenParameters, 1_170_340_608);
    assert.equal(plan.layerCount, 16);
    assert.deepEqual([...new Set(plan.targets.map(({ layer }) => layer))], [8, 10, 12, 14]);
    const adapted = loraGraph(large, plan);
    const trained = adapted.parameters.filter(({ source }) => source.trainable);
    assert.equal(parameterCount({ parameters: trained }), count);
    assert.equal(parameterCount(adapted), count + 1_170_340_608);
  });
}

Deno.test("every linear layer can be a target; tied embeddings are none", () => {
  const modules = ["q_proj", "k_proj", "v_proj", "out_proj", "in_proj", "w1", "w2", "w3"];
  const plan = planLora(large, { ...SEED, lastLayers: null, targetModules: modules });
  assert.equal(plan.targets.length, 6 * 4 + 10 * 2 + 16 * 3);
  assert.throws(
    () => planLora(large, { ...SEED, targetModules: ["embed_tokens"] }),
    /^RangeError: Cannot adapt lfm2: expected linear layers in its last 8 layers \(in_proj, k_proj, .*\), got "embed_tokens"$/,
  );
});

Deno.test("a target can be named by any end of its path, in layers or outside", () => {
  const names = (targetModules: string[], lastLayers: number | null = null) =>
    planLora(large, { ...SEED, lastLayers, targetModules }).targets.map(({ name }) => name);
  assert.deepEqual(names(["model.layers.2.self_attn.q_proj"]), ["model.layers.2.self_attn.q_proj"]);
  assert.deepEqual(names(["conv.out_proj"], 2), ["model.layers.15.conv.out_proj"]);
  const untied = trainable({ ...LFM2_1_2B, tie_embedding: false });
  assert.deepEqual(planLora(untied, { ...SEED, lastLayers: null, targetModules: ["lm_head"] }).targets, [
    { name: "lm_head", layer: null, inFeatures: 2048, outFeatures: 65536 },
  ]);
});

Deno.test("names that are no target, or in earlier layers only, are refused", () => {
  assert.throws(
    () => planLora(large, { ...SEED, lastLayers: 1 }),
    /expected linear layers in its last 1 layers \(in_proj, out_proj, w1, w2, w3\), got "q_proj", which is in earlier layers only/,
  );
  assert.throws(() => planLora(large, { ...SEED, targetModules: ["proj"] }), /got "proj"$/);
  assert.throws(() => planLora(large, { ...SEED, lastLayers: 17 }), /expected lastLayers up to its 16 layers, got 17/);
});

Deno.test("numbers out of their ranges are refused with their names", () => {
  const bad: [Partial<LoraConfig>, RegExp][] = [
    [{ rank: 0 }, /expected rank to be an integer of at least 1, got 0/],
    [{ rank: 2.5 }, /got 2\.5/],
    [{ alpha: 0 }, /expected alpha above 0, got 0/],
    [{ alpha: NaN }, /expected alpha above 0, got NaN|got null/],
    [{ dropout: 1 }, /expected dropout in \[0, 1\), got 1/],
    [{ dropout: -0.1 }, /got -0\.1/],
    [{ lastLayers: 0 }, /expected lastLayers to be an integer of at least 1 or null, got 0/],
    [{ targetModules: [] }, /expected targetModules to have at least one name, got \[\]/],
  ];
  for (const [change, message] of bad) assert.throws(() => planLora(large, { ...SEED, ...change }), message);
});

Deno.test("any model can be adapted, layers or not, biases or not", () => {
  const probe = model("probe", { inputs: { x: tensor("float32", ["batch", 6]) } }, (scope, { x }) => ({
    y: linear(scope.child("second"), linear(scope.child("first"), x, 5), 2),
  }));
  const plan = planLora(probe, { ...SEED, rank: 2, lastLayers: null, targetModules: ["first", "second"] });
  assert.equal(plan.trainableParameters, 2 * (6 + 5) + 2 * (5 + 2));
  assert.equal(plan.layerCount, 0);
  const names = loraGraph(probe.trace(), plan).parameters.map(({ source }) => source.name);
  for (const name of ["first", "second"]) {
    assert.ok(names.includes(factorNames(name).a) && names.includes(`${name}.bias`));
  }
  assert.throws(() => planLora(probe, { ...SEED, targetModules: ["first"] }), /up to its 0 layers, got 8/);
});
