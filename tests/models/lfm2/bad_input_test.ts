// What can be wrong with a model's folder and with what is fed to it: sentences that say so, nothing half done.

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSafetensors } from "lib/data/mod.ts";
import { openLfm2, type OpenLfm2Options } from "lib/models/lfm2/open.ts";
import { GOLDEN_LFM2 } from "./golden.ts";
import { ruleTensors, ruleWeights, writeModelFolder } from "./rule_weights.ts";

const { config } = GOLDEN_LFM2.attention;

async function withFolder(shards: number, body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lfm2-bad-"));
  try {
    await writeModelFolder(folder, config, { shards });
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function refuses(folder: string, message: RegExp, options: OpenLfm2Options = {}): Promise<void> {
  const before = readdirSync(folder).sort();
  await assert.rejects(openLfm2(folder, { threads: 1, ...options }), message);
  const left = readdirSync(folder).sort().filter((name) => !before.includes(name));
  for (const made of left) assert.deepEqual(readdirSync(join(folder, made)), [], "no file is left");
}

Deno.test("openLfm2 refuses safetensors that are cut short, wherever", async () => {
  await withFolder(1, async (folder) => {
    const path = join(folder, "model.safetensors");
    for (const bytes of [readFileSync(path).length - 1, 5000, 100, 7, 0]) {
      truncateSync(path, bytes);
      await refuses(folder, /^RangeError: Cannot read .*model\.safetensors: expected/);
    }
    rmSync(path);
    await refuses(folder, /expected model\.safetensors or model\.safetensors\.index\.json, got neither/);
  });
});

Deno.test("openLfm2 refuses a missing shard, one without its tensors, and an index that names other folders", async () => {
  await withFolder(2, async (folder) => {
    const [first, second] = [1, 2].map((shard) => join(folder, `model-0000${shard}-of-00002.safetensors`));
    const index = join(folder, "model.safetensors.index.json");
    const kept = readFileSync(index, "utf8");
    rmSync(second);
    await refuses(folder, /expected all 2 files of model\.safetensors\.index\.json, got no model-00002-of-00002/);
    copyFileSync(first, second);
    await refuses(
      folder,
      /model-00001-of-00002\.safetensors: expected the tensor ".*" that .*index\.json names, got none/,
    );
    writeFileSync(index, kept.replaceAll("model-00002", "../model-00002"));
    await refuses(folder, /expected the name of a \.safetensors file for .*, got "\.\.\/model-00002/);
    writeFileSync(index, "{}");
    await refuses(folder, /expected a weight_map from tensors to files, got none/);
    writeFileSync(index, kept.slice(0, 30));
    await refuses(folder, /index\.json: expected JSON/);
  });
});

Deno.test("openLfm2 refuses another architecture, a missing or broken config and half precision on the CPU", async () => {
  await withFolder(1, async (folder) => {
    const path = join(folder, "config.json");
    await refuses(folder, /expected float32, int8 or int4 on the CPU, got float16/, { weights: "float16" });
    writeFileSync(path, JSON.stringify({ ...config, architectures: ["MistralForCausalLM"], model_type: "mistral" }));
    await refuses(folder, /expected the architecture Lfm2ForCausalLM, got MistralForCausalLM/);
    writeFileSync(path, "{");
    await refuses(folder, /config\.json: expected JSON/);
    rmSync(path);
    await refuses(folder, /expected config\.json, got none/);
  });
});

Deno.test("openLfm2 refuses tensors that are missing, unknown, of another shape or not finite; nothing is left of a conversion", async () => {
  await withFolder(1, async (folder) => {
    const path = join(folder, "model.safetensors");
    const tensors = ruleTensors(config);
    const name = "model.layers.1.feed_forward.w2.weight";
    const { [name]: one, ...others } = tensors;
    await writeSafetensors(path, others);
    await refuses(folder, /expected no missing tensors, got model\.layers\.1\.feed_forward\.w2\.weight/);
    await writeSafetensors(path, { ...tensors, extra: one });
    await refuses(folder, /expected no other tensors, got extra/);
    await writeSafetensors(path, { ...tensors, [name]: { ...one, shape: [...one.shape].reverse() } });
    await refuses(folder, /expected model\.layers\.1\.feed_forward\.w2\.weight \[32, \d+\], got \[\d+, 32\]/);
    const data = ruleWeights(name, one.shape);
    data[77] = NaN;
    await writeSafetensors(path, { ...tensors, [name]: { shape: one.shape, data } });
    for (const weights of ["float32", "int4"] as const) {
      await refuses(folder, /expected finite values, got NaN in model\.layers\.1\.feed_forward\.w2\.weight/, {
        weights,
      });
    }
    await writeSafetensors(path, tensors);
    await refuses(folder, /stopped here/, { weights: "int8", signal: AbortSignal.abort(new Error("stopped here")) });
  });
});

Deno.test("a table that a file repeats for tied embeddings is ignored", async () => {
  await withFolder(1, async (folder) => {
    const tensors = ruleTensors(config);
    const table = tensors["model.embed_tokens.weight"];
    await writeSafetensors(join(folder, "model.safetensors"), { ...tensors, "lm_head.weight": table });
    await (await openLfm2(folder, { threads: 1 })).release();
  });
});

Deno.test("feed refuses bad tokens, too many of them, and rows that do not fit; the sequence goes on", async () => {
  await withFolder(1, async (folder) => {
    const model = await openLfm2(folder, { threads: 1 });
    assert.throws(() => model.start(0), /expected a number of rows from 1, got 0/);
    const [a, b] = [model.start(2), model.start(2)];
    const bad: [readonly ArrayLike<number>[], RegExp][] = [
      [[[1]], /expected 2 rows, got 1/],
      [[[1], []], /expected at least one token in row 1, got none/],
      [[[1, 2], [2, 53]], /expected ids in \[0, 52\], got 53 in row 1/],
      [[[-1], [2]], /expected ids in \[0, 52\], got -1 in row 0/],
      [[[1.5], [2]], /got 1\.5 in row 0/],
      [[new Int32Array(129), [2]], /expected at most 128 positions in row 0, got/],
    ];
    for (const [rows, message] of bad) await assert.rejects(a.feed(rows), message);
    assert.equal(a.length, 0);
    await b.feed([[3, 4, 5], [6]]);
    await a.feed([[3, 4, 5], [6]]);
    for (const [rows, message] of bad) await assert.rejects(a.feed(rows), message);
    await assert.rejects(
      a.feed([[1, 2], [3]]),
      /rows of one length after the first call, as row 0 of 2, got 1 in row 1/,
    );
    await assert.rejects(
      a.feed([new Int32Array(126), new Int32Array(126)]),
      /at most 128 positions in row 0, got 3 and 126 more/,
    );
    assert.equal(a.length, 3);
    assert.deepEqual(await a.feed([[7], [8]]), await b.feed([[7], [8]]));
    a.release();
    await assert.rejects(a.feed([[1], [2]]), /Cannot feed tokens: the sequence was released/);
    await model.release();
    await assert.rejects(b.feed([[1], [2]]), /Cannot feed tokens: the model was released/);
    assert.throws(() => model.start(1), /the model was released/);
    b.release();
  });
});
