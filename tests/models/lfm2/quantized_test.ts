// LFM2 with weights in 8 and 4 bits: the numbers of the values that the integers stand for, and no further from float32 than these are.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors, toFloat32, writeSafetensors } from "lib/data/mod.ts";
import { bindDimensions, constant, gather, gradients, type Graph, graph, interpret, reduceSum } from "lib/graph/mod.ts";
import { readLfm2Config } from "lib/models/lfm2/config.ts";
import { lfm2Graph } from "lib/models/lfm2/model.ts";
import { openLfm2, type OpenLfm2Options } from "lib/models/lfm2/open.ts";
import { assertAllClose } from "tests/assertions.ts";
import { GOLDEN_LFM2, type GoldenLfm2 } from "./golden.ts";
import { ruleWeights, writeModelFolder } from "./rule_weights.ts";

async function withFolder({ config }: GoldenLfm2, body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lfm2-int-"));
  try {
    await writeModelFolder(folder, config, { dtype: "BF16" });
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function logitsOf(folder: string, rows: number[][], options: OpenLfm2Options): Promise<Float32Array> {
  const model = await openLfm2(folder, { threads: 1, ...options });
  const sequence = model.start(rows.length);
  try {
    return await sequence.feed(rows);
  } finally {
    sequence.release();
    await model.release();
  }
}

/** Weights by name in float32, those that a converted file holds as integers restored. */
async function restoredWeights(path: string, uncached: Graph, bits: 4 | 8): Promise<Record<string, Float32Array>> {
  const { tensors } = await readSafetensors(path);
  return Object.fromEntries(uncached.parameters.map(({ source: { name }, shape }) => {
    const packed = tensors[`${name}.int${bits}`];
    if (!packed) return [name, toFloat32(tensors[name])];
    const scales = tensors[`${name}.int${bits}.scale`].data as Float32Array;
    const [rows, columns] = shape as number[];
    const bytes = packed.data as Uint8Array;
    const perRow = packed.shape[1] * 32;
    return [
      name,
      Float32Array.from({ length: rows * columns }, (_, i) => {
        const at = Math.floor(i / columns) * perRow + i % columns;
        const integer = bits === 8 ? bytes[at] : at % 2 === 0 ? bytes[at >> 1] & 15 : bytes[at >> 1] >> 4;
        return (integer - 2 ** (bits - 1)) * scales[at >> 5];
      }),
    ];
  }));
}

const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));

/** Inputs of a graph without caches. */
function promptFeeds(prompt: number[]) {
  const shape = [1, prompt.length];
  return { token_ids: { data: prompt, shape }, positions: { data: prompt.map((_, i) => i), shape } };
}

for (const bits of [4, 8] as const) {
  const weights = `int${bits}` as const;
  for (const [name, golden] of Object.entries(GOLDEN_LFM2)) {
    Deno.test(`${weights} ${name}: logits are those of the values that the integers stand for`, async () => {
      await withFolder(golden, async (folder) => {
        const [prompt] = golden.prompts;
        const exact = await logitsOf(folder, [prompt], { weights, activations: "float32" });
        const uncached = lfm2Graph(readLfm2Config(golden.config), { cached: false });
        const restored = await restoredWeights(join(folder, "converted", `${weights}.safetensors`), uncached, bits);
        const { logits } = interpret(uncached, {
          ...Object.fromEntries(Object.entries(restored).map(([key, data]) => [key, { data }])),
          ...promptFeeds(prompt),
        });
        assertAllClose(exact, logits.data, { rtol: 0, atol: 1e-4, label: name });
        const batch = await logitsOf(folder, golden.prompts, { weights, activations: "float32" });
        assertAllClose(batch.subarray(0, exact.length), exact, { rtol: 0, atol: 1e-4, label: `${name} in a batch` });
        // Activations in 8 bits are off by half a percent a product; a random model does not damp that.
        const rounded = await logitsOf(folder, [prompt], { weights, activations: "int8" });
        const off = norm(rounded.map((value, i) => value - exact[i])) / norm(exact);
        assert.ok(off < 0.1, `activations in 8 bits change the logits by ${off} of their norm`);
      });
    });
  }

  Deno.test(`${weights}: logits are as far from float32 as the errors of the weights allow`, async () => {
    const golden = GOLDEN_LFM2.attention;
    await withFolder(golden, async (folder) => {
      const [prompt] = golden.prompts;
      const found = await logitsOf(folder, [prompt], { weights, activations: "float32" });
      const uncached = lfm2Graph(readLfm2Config(golden.config), { cached: false });
      const restored = await restoredWeights(join(folder, "converted", `${weights}.safetensors`), uncached, bits);
      const fixed = bindDimensions(uncached, { batch: 1, sequence: prompt.length });
      for (const token of [0, 17, 52]) {
        const logit = reduceSum(gather(fixed.outputs.logits, constant([token], { dtype: "int64" }), 1));
        const names = fixed.parameters.map(({ source }) => source.name);
        const slopes = gradients(logit, fixed.parameters);
        const results = interpret(
          graph("slopes", Object.fromEntries(slopes.map((slope, i) => [`d ${names[i]}`, slope]))),
          {
            ...Object.fromEntries(
              fixed.parameters.map((
                { source: { name }, shape },
              ) => [name, { data: ruleWeights(name, shape as number[]) }]),
            ),
            ...promptFeeds(prompt),
          },
        );
        let bound = 0;
        for (const { source: { name }, shape } of fixed.parameters) {
          const exact = ruleWeights(name, shape as number[]);
          const { data } = results[`d ${name}`];
          data.forEach((slope, i) => bound += Math.abs(slope * (restored[name][i] - exact[i])));
        }
        const error = Math.abs(found[token] - golden.logits[0][token]);
        assert.ok(bound > 0 && error <= bound, `token ${token}: off by ${error}, first-order bound ${bound}`);
      }
    });
  });
}

Deno.test("a converted file is used again, and made anew when it is damaged, stored otherwise, or its source has changed", async () => {
  const golden = GOLDEN_LFM2.attention;
  await withFolder(golden, async (folder) => {
    const path = join(folder, "converted", "int4.safetensors");
    const [prompt] = golden.prompts;
    const first = await logitsOf(folder, [prompt], { weights: "int4" });
    const made = statSync(path);
    assert.deepEqual(await logitsOf(folder, [prompt], { weights: "int4" }), first);
    assert.equal(statSync(path).ino, made.ino, "used again");
    truncateSync(path, made.size - 1);
    assert.deepEqual(await logitsOf(folder, [prompt], { weights: "int4" }), first);
    const second = statSync(path);
    assert.equal(second.size, made.size, "made anew");
    utimesSync(join(folder, "model.safetensors"), 1, 1);
    assert.deepEqual(await logitsOf(folder, [prompt], { weights: "int4" }), first);
    assert.notEqual(statSync(path).mtimeMs, second.mtimeMs, "made anew of a changed source");
    assert.deepEqual(readdirSync(join(folder, "converted")), ["int4.safetensors"]);
    const elsewhere = join(folder, "elsewhere");
    assert.deepEqual(await logitsOf(folder, [prompt], { weights: "int4", cacheFolder: elsewhere }), first);
    assert.deepEqual(readdirSync(elsewhere), ["int4.safetensors"]);
    const { tensors, metadata } = await readSafetensors(path);
    const [name, { shape, data }] = Object.entries(tensors).find(([, { dtype }]) => dtype === "F32")!;
    const halved = { dtype: "F16", shape, data: new Uint16Array(data.length) } as const;
    await writeSafetensors(path, { ...tensors, [name]: halved }, metadata);
    assert.deepEqual(await logitsOf(folder, [prompt], { weights: "int4" }), first);
    assert.equal((await readSafetensors(path)).tensors[name].dtype, "F32", "made anew of what is stored otherwise");
    assert.match(metadata.notice, /Converted from model\.safetensors; the licence of those files holds/);
  });
});
