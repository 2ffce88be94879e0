// The rewrite itself: outputs before training, where gradients flow, dropout.

import assert from "node:assert/strict";
import { bindDimensions, interpret, topologicalOrder } from "lib/graph/mod.ts";
import { initialValues, TRAINING_STEP } from "lib/nn/mod.ts";
import { gradientGraph, loraGraph, planLora } from "lib/train/mod.ts";
import { GOLDEN_LFM2 } from "../../models/lfm2/golden.ts";
import { ruleWeights } from "../../models/lfm2/rule_weights.ts";
import { adapted, trainable } from "./golden.ts";

const { config, prompts: [tokens] } = GOLDEN_LFM2.attention;
const model = trainable(config);
const LORA = { rank: 2, alpha: 4, dropout: 0.5, lastLayers: 1, targetModules: ["q_proj", "w2"] };
const plan = planLora(model, LORA);

/** Feeds of a graph: rule weights, drawn factors with a B that is not zero. */
function feedsOf(graph: ReturnType<typeof loraGraph>, batch: Record<string, { data: number[]; shape: number[] }>) {
  const parameters = graph.parameters.map((leaf) => {
    const { name, trainable } = leaf.source;
    const shape = leaf.shape as number[];
    const drawn = trainable && name.endsWith("lora_A.weight") ? initialValues(leaf, 1) : ruleWeights(name, shape);
    return [name, { data: drawn, shape }] as const;
  });
  return { ...Object.fromEntries(parameters), ...batch };
}

const line = (values: number[]) => ({ data: values, shape: [1, values.length] });
const batch = { token_ids: line(tokens), positions: line([...tokens.keys()]) };
const zeroB = (feeds: ReturnType<typeof feedsOf>) =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, value]) =>
      [name, name.endsWith("lora_B.weight") ? { ...value, data: value.data.map(() => 0) } : value] as const
    ),
  );

Deno.test("with B at zero the outputs are the model's own, with another B they are not", () => {
  const graph = loraGraph(model.trace(), plan);
  const feeds = feedsOf(graph, batch);
  const own = interpret(model.trace(), feedsOf(model.trace(), batch)).logits.data;
  assert.deepEqual(interpret(graph, zeroB(feeds)).logits.data, own);
  assert.notDeepEqual(interpret(graph, feeds).logits.data, own);
});

Deno.test("gradients stop at the first adapted layer: what lies below is computed once, and no frozen parameter has one", () => {
  const { program } = adapted(model, { ...LORA, dropout: 0 });
  const fixed = bindDimensions(program.loss, { batch: 1, sequence: 4 });
  const trained = fixed.parameters.filter(({ source }) => source.trainable);
  const graph = gradientGraph(fixed, trained);
  assert.deepEqual(
    Object.keys(graph.outputs).sort(),
    ["loss", ...trained.map(({ source }) => `gradient:${source.name}`)].sort(),
  );
  const products = new Map<string, number>();
  for (const { type, inputs } of topologicalOrder(Object.values(graph.outputs))) {
    if (type !== "MatMul" && type !== "Gemm") continue;
    for (const name of inputs.map(rootName)) if (name) products.set(name, (products.get(name) ?? 0) + 1);
  }
  const weightOf = (layer: number, module: string) => products.get(`model.layers.${layer}.${module}.weight`);
  assert.equal(weightOf(0, "feed_forward.w1"), 1, "a layer below is not differentiated");
  assert.equal(weightOf(1, "feed_forward.w1"), 2, "gradients pass through the adapted layer");
  assert.equal(weightOf(1, "self_attn.k_proj"), 1, "a product beside the adapted one has no gradient for its input");
  assert.equal(weightOf(1, "self_attn.q_proj"), 1, "nor has the first adapted one");
});

/** The parameter that a tensor is, or is the transpose of. */
function rootName({ source }: ReturnType<typeof topologicalOrder>[number]["inputs"][number]): string | null {
  if (source.kind === "parameter") return source.name;
  return source.kind === "operation" && source.type === "Transpose" ? rootName(source.inputs[0]) : null;
}

Deno.test("dropout acts on what the factors see, by step and seed, and only in training", () => {
  const feeds = (graph: ReturnType<typeof loraGraph>, step: number) => ({
    ...feedsOf(graph, batch),
    [TRAINING_STEP]: { data: [step], shape: [] },
  });
  const trained = (seed: number) => loraGraph(model.trace(), plan, { training: true, seed });
  const logits = (seed: number, step: number) => interpret(trained(seed), feeds(trained(seed), step)).logits.data;
  assert.deepEqual(logits(0, 1), logits(0, 1));
  assert.notDeepEqual(logits(0, 1), logits(0, 2));
  assert.notDeepEqual(logits(0, 1), logits(1, 1));
  assert.ok(!(TRAINING_STEP in loraGraph(model.trace(), plan).inputs), "without training nothing is dropped");
  // The model's own path is not touched.
  const own = interpret(model.trace(), feedsOf(model.trace(), batch)).logits.data;
  assert.deepEqual(interpret(trained(0), zeroB(feeds(trained(0), 1))).logits.data, own);
});

Deno.test("masks of a sequence are the same whether its length was fixed or not", () => {
  const graph = loraGraph(model.trace(), plan, { training: true });
  const step = { [TRAINING_STEP]: { data: [3], shape: [] } };
  const rows = { data: [...tokens, ...tokens], shape: [2, tokens.length] };
  const positions = { data: [...tokens.keys(), ...tokens.keys()], shape: [2, tokens.length] };
  const feeds = { ...feedsOf(graph, { token_ids: rows, positions }), ...step };
  const fixed = bindDimensions(model.trace(), { batch: 2, sequence: tokens.length });
  const expected = interpret(loraGraph(fixed, plan, { training: true }), feeds).logits.data;
  const { data } = interpret(graph, feeds).logits;
  assert.deepEqual(data, expected);
  const half = data.length / 2;
  assert.notDeepEqual(data.slice(0, half), data.slice(half), "each row has masks of its own");
});

Deno.test("a plan of another model is refused when it is applied", () => {
  const [other] = [trainable(GOLDEN_LFM2.hub.config)];
  const foreign = planLora(other, { ...LORA, lastLayers: null });
  assert.throws(() => loraGraph(model.trace(), foreign), /^TypeError: Cannot adapt/);
  const smaller = { ...plan, targets: plan.targets.map((target) => ({ ...target, inFeatures: 8 })) };
  assert.throws(() => loraGraph(model.trace(), smaller), /expected a matrix \[\d+, 8\], got \[\d+, \d+\]/);
});
