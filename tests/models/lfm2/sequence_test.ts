// Sequences that are fed in parts: the same logits, whatever the parts.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLfm2 } from "lib/models/lfm2/open.ts";
import { writeRandomLfm2 } from "lib/models/lfm2/random_model.ts";
import { assertAllClose } from "tests/assertions.ts";
import { GOLDEN_LFM2 } from "./golden.ts";
import { withModel } from "./opened.ts";
import { draws } from "./rule_weights.ts";

const LONG = { config: { ...GOLDEN_LFM2.hub.config, max_position_embeddings: 700 } };
const { vocab_size: vocabSize } = GOLDEN_LFM2.hub.config as { vocab_size: number };
/** More positions than are computed at once, twice over. */
const long = [...draws("a long prompt", 600)].map((value) => (value + 127) % vocabSize);
const short = [5, 9, 2];

Deno.test("a long prompt gives the logits of its parts, and of a batch in which others are all padding for a while", async () => {
  await withModel(LONG, {}, async (model) => {
    const whole = model.start(1);
    const steps: number[][] = [];
    const expected = await whole.feed([long], { onProgress: (done, total) => steps.push([done, total]) });
    assert.deepEqual(steps, [[256, 600], [512, 600], [600, 600]]);
    assert.equal(whole.length, 600);
    const parts = model.start(1);
    await parts.feed([long.slice(0, 7)]);
    await parts.feed([long.slice(7, 399)]);
    assertAllClose(await parts.feed([long.slice(399)]), expected, { atol: 1e-4 });
    const alone = model.start(1);
    const both = model.start(2);
    const ofShort = await alone.feed([short]);
    const ofBoth = await both.feed([long, short]);
    assertAllClose(ofBoth.subarray(0, vocabSize), expected, { atol: 1e-4 });
    assertAllClose(ofBoth.subarray(vocabSize), ofShort, { atol: 1e-4 });
    const next = await both.feed([[1], [1]]);
    assertAllClose(next.subarray(vocabSize), await alone.feed([[1]]), { atol: 1e-4 });
    assert.equal(both.length, 601);
    assert.equal(alone.length, 4);
    for (const sequence of [whole, parts, alone, both]) sequence.release();
  });
});

Deno.test("a prompt that is stopped between two parts leaves its sequence unusable, and no other", async () => {
  await withModel(LONG, {}, async (model) => {
    const [stopped, other] = [model.start(1), model.start(1)];
    const controller = new AbortController();
    const feeding = stopped.feed([long], {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("enough")),
    });
    await assert.rejects(feeding, /enough/);
    await assert.rejects(
      stopped.feed([short]),
      /Cannot feed tokens: an earlier call was stopped or failed half-way; start again/,
    );
    assert.equal((await other.feed([short])).length, vocabSize);
    stopped.release();
    stopped.release();
    other.release();
  });
});

Deno.test("logits of an earlier call stay as they were, and sequences do not share caches", async () => {
  await withModel(LONG, { weights: "int4" }, async (model) => {
    const [a, b] = [model.start(1), model.start(1)];
    const first = await a.feed([short]);
    const copy = first.slice();
    await b.feed([long.slice(0, 40)]);
    const second = await a.feed([[3]]);
    assert.deepEqual(first, copy);
    const again = model.start(1);
    await again.feed([short]);
    assert.deepEqual(await again.feed([[3]]), second);
    for (const sequence of [a, b, again]) sequence.release();
  });
});

Deno.test("writeRandomLfm2 writes the same bytes for a seed, in files that open", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lfm2-random-"));
  try {
    const { config } = GOLDEN_LFM2.attention;
    const bytes = [];
    for (const [name, seed] of [["a", 1], ["b", 1], ["c", 2]] as const) {
      await writeRandomLfm2(join(folder, name), { config, seed });
      bytes.push(readFileSync(join(folder, name, "model.safetensors")));
    }
    assert.deepEqual(bytes[0], bytes[1]);
    assert.notDeepEqual(bytes[0], bytes[2]);
    const model = await openLfm2(join(folder, "a"), { threads: 1 });
    const sequence = model.start(1);
    const logits = await sequence.feed([[1, 2, 3]]);
    assert.ok(logits.every(Number.isFinite) && new Set(logits).size > 50);
    sequence.release();
    await model.release();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
