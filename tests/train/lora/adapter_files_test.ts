// What can be wrong with an adapter's folder, and with an adapter for a model or a plan.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors, type TensorToWrite, writeSafetensors } from "lib/data/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import {
  adapterOf,
  adapterParameters,
  expectAdapter,
  planAdapter,
  planLora,
  readAdapter,
  saveAdapter,
} from "lib/train/mod.ts";
import { GOLDEN_LFM2 } from "../../models/lfm2/golden.ts";
import { trainable } from "./golden.ts";
import { ADAPTED_CONFIG } from "./trained_adapter.ts";

const GOLDEN = projectPath("tests", "golden", "train", "lora_adapter");
const model = trainable(ADAPTED_CONFIG);
const adapter = await readAdapter(join(GOLDEN, "peft"));

async function withCopy(format: "peft" | "mlx", body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "adapter-bad-"));
  try {
    cpSync(join(GOLDEN, format), folder, { recursive: true });
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function editConfig(folder: string, edit: (config: Record<string, unknown>) => void): void {
  const path = join(folder, "adapter_config.json");
  const config = JSON.parse(readFileSync(path, "utf8"));
  edit(config);
  writeFileSync(path, JSON.stringify(config));
}

Deno.test("a folder without an adapter is told so", async () => {
  await withCopy("peft", async (folder) => {
    rmSync(join(folder, "adapter_config.json"));
    await assert.rejects(readAdapter(folder), /expected adapter_config\.json, got none/);
    rmSync(join(folder, "adapter_model.safetensors"));
    await assert.rejects(
      readAdapter(folder),
      /^RangeError: Cannot read an adapter from .*: expected adapter_model\.safetensors or adapters\.safetensors, got neither$/,
    );
    await assert.rejects(readAdapter(join(folder, "nowhere")), /got neither$/);
  });
});

Deno.test("broken files are refused: no JSON, cut short, tensors that are no factors or no numbers", async () => {
  await withCopy("peft", async (folder) => {
    const path = join(folder, "adapter_model.safetensors");
    const { tensors } = await readSafetensors(path);
    const [name, tensor] = Object.entries(tensors)[0];
    const rewrite = async (changed: Record<string, TensorToWrite>) => {
      await writeSafetensors(path, changed);
      return readAdapter(folder);
    };
    await assert.rejects(
      rewrite({ ...tensors, extra: tensor }),
      /expected tensors base_model\.model\.LAYER\.lora_A\.weight and .*, got extra/,
    );
    const { [name]: _, ...others } = tensors;
    await assert.rejects(rewrite(others), new RegExp(`expected ${name.replaceAll(".", "\\.")}, got none`));
    const data = (tensor.data as Float32Array).slice();
    data[3] = NaN;
    await assert.rejects(
      rewrite({ ...tensors, [name]: { shape: tensor.shape, data } }),
      /expected finite values in .*, got NaN/,
    );
    await assert.rejects(rewrite({}), /expected factors of at least one layer, got no tensors/);
    truncateSync(path, 100);
    await assert.rejects(readAdapter(folder), /^RangeError: Cannot read .*adapter_model\.safetensors: expected/);
    writeFileSync(join(folder, "adapter_config.json"), "{");
    await assert.rejects(readAdapter(folder), /adapter_config\.json: expected JSON/);
  });
});

Deno.test("a configuration of another rank than its tensors, or of more than LoRA, is refused", async () => {
  const bad: ["peft" | "mlx", (config: Record<string, unknown>) => void, RegExp][] = [
    ["peft", (config) => config.r = 4, /lora_[AB]\.weight \[.*\], as its rank 4 says, got \[/],
    [
      "mlx",
      (config) => (config.lora_parameters as { rank: number }).rank = 2,
      /lora_[ab] \[.*\], as its rank 2 says, got/,
    ],
    ["peft", (config) => config.use_dora = true, /adapter_config\.json: use_dora: /],
    ["peft", (config) => config.bias = "all", /adapter_config\.json: bias: /],
    ["peft", (config) => config.rank_pattern = { q_proj: 4 }, /adapter_config\.json: rank_pattern: /],
    ["peft", (config) => config.modules_to_save = ["lm_head"], /adapter_config\.json: modules_to_save: /],
    ["peft", (config) => config.peft_type = "IA3", /adapter_config\.json: peft_type: /],
    ["mlx", (config) => config.fine_tune_type = "dora", /adapter_config\.json: fine_tune_type: /],
    ["mlx", (config) => delete config.lora_parameters, /adapter_config\.json: lora_parameters: /],
  ];
  for (const [format, edit, message] of bad) {
    await withCopy(format, async (folder) => {
      editConfig(folder, edit);
      await assert.rejects(readAdapter(folder), message);
    });
  }
});

Deno.test("what peft and mlx leave out or write in other ways is read", async () => {
  await withCopy("peft", async (folder) => {
    editConfig(folder, (config) => {
      Object.assign(config, { use_rslora: true, target_modules: ".*q_proj", alpha_pattern: {}, modules_to_save: null });
      delete config.lora_dropout;
    });
    const read = await readAdapter(folder);
    assert.equal(read.alpha / read.rank, 12 / Math.sqrt(3));
    assert.deepEqual([...read.targetModules].sort(), [
      "conv.in_proj",
      "feed_forward.w2",
      "self_attn.q_proj",
      "self_attn.v_proj",
    ]);
  });
  await withCopy("mlx", async (folder) => {
    editConfig(folder, (config) => {
      config.num_layers = -1;
      delete (config.lora_parameters as { keys?: unknown }).keys;
    });
    assert.equal((await readAdapter(folder)).targetModules.length, 4);
  });
});

Deno.test("an adapter of another model, target or rank is refused with what differs", () => {
  const refuses = (changed: Partial<typeof adapter>, message: RegExp) =>
    assert.throws(() => planAdapter(model, { ...adapter, ...changed }), message);
  const { factors } = adapter;
  const [[name, first], ...others] = Object.entries(factors);
  assert.throws(
    () => planAdapter(trainable(GOLDEN_LFM2.untied.config), adapter),
    /^RangeError: Cannot apply the adapter to lfm2: expected one of a model with 4 layers, got one of 6 \(it was trained on tests\/hub\)$/,
  );
  refuses({ layerCount: 16 }, /expected one of a model with 6 layers, got one of 16/);
  refuses(
    { factors: { ...factors, "model.layers.9.self_attn.q_proj": first } },
    /got some of model\.layers\.9\.self_attn\.q_proj/,
  );
  refuses({ factors: { [name]: { ...first, inFeatures: 9 } } }, /expected model\.layers\..* features, got 9 to \d+/);
  const plan = planAdapter(model, adapter);
  assert.deepEqual(plan.targets.map((target) => target.name).sort(), Object.keys(factors).sort());
  expectAdapter(plan, adapter);
  assert.throws(
    () => expectAdapter({ ...plan, rank: 8 }, adapter),
    /Cannot go on with the adapter: expected rank 8, got rank 3/,
  );
  assert.throws(() => expectAdapter({ ...plan, alpha: 6 }, adapter), /expected alpha \/ rank of 2, got 4/);
  assert.throws(
    () => expectAdapter(plan, { ...adapter, factors: Object.fromEntries(others) }),
    /expected factors of .*, got none/,
  );
  const { rank, alpha, dropout, lastLayers } = adapter;
  const narrower = planLora(model, { rank, alpha, dropout, lastLayers, targetModules: ["q_proj"] });
  assert.throws(() => expectAdapter(narrower, adapter), /expected targets q_proj as planned, got also model\.layers/);
});

Deno.test("an adapter is made of a run's parameters, and refused when one is missing or misshapen", () => {
  const plan = planAdapter(model, adapter);
  const parameters = adapterParameters(adapter);
  const made = adapterOf(plan, parameters, { baseModel: "tests/hub" });
  assert.deepEqual(made, { ...adapter, targetModules: plan.targetModules });
  const [name] = Object.keys(parameters);
  assert.notEqual(made.factors[plan.targets[0].name].a, adapter.factors[plan.targets[0].name].a, "copies");
  const { [name]: one, ...others } = parameters;
  assert.throws(
    () => adapterOf(plan, others),
    /^TypeError: Cannot make an adapter: expected .* float32 \[.*\], got none$/,
  );
  assert.throws(
    () => adapterOf(plan, { ...others, [name]: { ...one, shape: [...one.shape].reverse() } }),
    /got float32 \[/,
  );
});

Deno.test("another format than peft and mlx is refused before anything is written", async () => {
  const folder = join(tmpdir(), "adapter-never-written");
  await assert.rejects(
    saveAdapter(folder, adapter, { format: "gguf" as "peft" }),
    /expected format peft or mlx, got "gguf"/,
  );
  assert.throws(() => readFileSync(folder), /ENOENT/);
});
