import assert from "node:assert/strict";
import { parameterCount } from "lib/graph/mod.ts";
import { LFM2_1_2B, lfm2ParameterCount, readLfm2Config } from "lib/models/lfm2/config.ts";
import { lfm2Caches, lfm2Graph } from "lib/models/lfm2/model.ts";
import { planLfm2 } from "lib/models/lfm2/open.ts";
import { storedBytes } from "lib/models/stored_weights.ts";

const with1B = (fields: Record<string, unknown>) => ({ ...LFM2_1_2B, ...fields });

Deno.test("readLfm2Config reads LFM2-1.2B: 1,170,340,608 parameters, attention in six of 16 layers", () => {
  const config = readLfm2Config(LFM2_1_2B);
  assert.equal(lfm2ParameterCount(config), 1_170_340_608);
  assert.equal(parameterCount(lfm2Graph(config)), 1_170_340_608);
  assert.equal(parameterCount(lfm2Graph(config, { cached: false, logits: "all" })), 1_170_340_608);
  assert.deepEqual(config.layers.flatMap((kind, i) => (kind === "attention" ? [i] : [])), [2, 5, 8, 10, 12, 14]);
  const { layers: _layers, ...sizes } = config;
  assert.deepEqual(sizes, {
    vocabSize: 65536,
    hiddenSize: 2048,
    headCount: 32,
    keyValueHeadCount: 8,
    headDim: 64,
    feedForwardSize: 8192,
    convWidth: 3,
    normEpsilon: 1e-5,
    ropeTheta: 1_000_000,
    contextLength: 128_000,
    bosTokenId: 1,
    eosTokenIds: [7],
    padTokenId: 0,
    tieEmbeddings: true,
  });
});

Deno.test("lfm2Graph has the caches of its layers as inputs and outputs, and names for free dimensions", () => {
  const graph = lfm2Graph(readLfm2Config(LFM2_1_2B));
  const caches = lfm2Caches(readLfm2Config(LFM2_1_2B));
  assert.equal(caches.length, 10 + 2 * 6);
  assert.deepEqual(graph.inputs["past.0.conv"].shape, ["batch", 2048, 2]);
  assert.deepEqual(graph.inputs["past.2.key"].shape, ["batch", 8, "past", 64]);
  assert.deepEqual(graph.outputs["present.2.value"].shape, ["batch", 8, "past+sequence", 64]);
  assert.deepEqual(graph.outputs.logits.shape, ["batch", 65536]);
  for (const { input, output } of caches) assert.ok(input in graph.inputs && output in graph.outputs, input);
  const training = lfm2Graph(readLfm2Config(LFM2_1_2B), { cached: false, logits: "all" });
  assert.deepEqual(Object.keys(training.inputs).sort(), ["positions", "token_ids"]);
  assert.deepEqual(training.outputs.logits.shape, ["batch", "sequence", 65536]);
});

Deno.test("planLfm2 holds 1.2 billion parameters in 4.7, 2.3, 1.3 and 0.7 GB", () => {
  const config = readLfm2Config(LFM2_1_2B);
  const gigabytes = (weights: "float32" | "float16" | "int8" | "int4") =>
    Math.round(storedBytes(planLfm2(config, { weights })) / 1e7) / 100;
  assert.deepEqual((["float32", "float16", "int8", "int4"] as const).map(gigabytes), [4.68, 2.34, 1.32, 0.73]);
});

Deno.test("readLfm2Config takes the spellings of all versions", () => {
  const { full_attn_idxs: _indices, block_ff_dim: _width, rope_theta: _theta, ...rest } = LFM2_1_2B;
  const types = readLfm2Config(LFM2_1_2B).layers.map((kind) => (kind === "conv" ? "conv" : "full_attention"));
  const newer = {
    ...rest,
    intermediate_size: 12288,
    layer_types: types,
    rope_parameters: { rope_type: "default", rope_theta: 1e6 },
    tie_word_embeddings: true,
    eos_token_id: [7],
  };
  assert.deepEqual(readLfm2Config(newer), readLfm2Config(LFM2_1_2B));
  assert.equal(readLfm2Config(with1B({ block_auto_adjust_ff_dim: false })).feedForwardSize, 12288);
  assert.equal(readLfm2Config(with1B({ block_ffn_dim_multiplier: 1.01 })).feedForwardSize, 8448);
  assert.equal(readLfm2Config(with1B({ tie_embedding: false })).tieEmbeddings, false);
  assert.deepEqual(readLfm2Config(with1B({ eos_token_id: [7, 9], pad_token_id: null })).eosTokenIds, [7, 9]);
});

Deno.test("readLfm2Config refuses other architectures and what is not computed, by name", () => {
  const refusals: [unknown, RegExp][] = [
    [null, /expected an object, got null/],
    [[], /expected an object/],
    [{}, /expected the architecture Lfm2ForCausalLM, got a config that names none/],
    [with1B({ architectures: ["LlamaForCausalLM"], model_type: "llama" }), /Lfm2ForCausalLM, got LlamaForCausalLM/],
    [with1B({ architectures: ["Lfm2MoeForCausalLM"], model_type: "lfm2_moe" }), /got Lfm2MoeForCausalLM/],
    [with1B({ architectures: undefined, model_type: "qwen3" }), /got model_type "qwen3"/],
    [with1B({ conv_bias: true }), /expected conv_bias to be false, got true/],
    [with1B({ rope_scaling: { rope_type: "yarn", factor: 4 } }), /rope_scaling.rope_type to be "default", got "yarn"/],
    [with1B({ hidden_size: "2048" }), /expected hidden_size to be an integer of at least 1, got "2048"/],
    [with1B({ hidden_size: undefined }), /expected hidden_size/],
    [with1B({ num_key_value_heads: 5 }), /expected num_key_value_heads to be a divisor of 32 heads, got 5/],
    [
      with1B({ num_attention_heads: 31, num_key_value_heads: 31 }),
      /expected hidden_size \/ num_attention_heads to be an even integer/,
    ],
    [with1B({ full_attn_idxs: [2, 16] }), /expected full_attn_idxs to be numbers of layers below 16/],
    [with1B({ layer_types: ["conv"] }), /expected layer_types to be 16 times/],
    [with1B({ norm_eps: 0 }), /expected norm_eps to be above 0, got 0/],
    [with1B({ eos_token_id: -1 }), /expected eos_token_id to be token ids, got -1/],
    [with1B({ vocab_size: 7 }), /expected vocab_size to be above all token ids, got 7/],
    [with1B({ conv_L_cache: 1 }), /expected conv_L_cache to be at least 2, got 1/],
  ];
  for (const [config, message] of refusals) {
    assert.throws(() => readLfm2Config(config), (error: Error) => {
      assert.match(error.message, message);
      assert.match(error.message, /^Cannot read config\.json: /);
      return true;
    });
  }
});
