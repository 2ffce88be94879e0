import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLfm2 } from "lib/models/lfm2/open.ts";
import { writeLfm2Folder } from "lib/models/lfm2/write.ts";
import { TINY, tinyWeights } from "tests/language/fine_tuning/fixtures.ts";
import { writeModelFolder } from "./rule_weights.ts";

async function logits(folder: string): Promise<Float32Array> {
  const model = await openLfm2(folder, { threads: 1 });
  const sequence = model.start(1);
  const values = await sequence.feed([[1, 2, 3]]);
  sequence.release();
  await model.release();
  return values;
}

Deno.test("a written model opens and gives the logits of its weights; licence and tokenizer of its origin go with it", async () => {
  const root = mkdtempSync(join(tmpdir(), "latent-lab-write-"));
  try {
    const [origin, out] = [join(root, "origin"), join(root, "out")];
    await writeModelFolder(origin, TINY);
    writeFileSync(join(origin, "tokenizer.json"), "{}");
    writeFileSync(join(origin, "LICENSE"), "the licence\n");
    await writeLfm2Folder(out, { config: TINY, weights: tinyWeights(), origin });
    assert.deepEqual(await logits(out), await logits(origin));
    assert.equal(readFileSync(join(out, "LICENSE"), "utf8"), "the licence\n");
    assert.match(readFileSync(join(out, "NOTICE"), "utf8"), /trained by Latent Lab/);
    assert.ok(existsSync(join(out, "tokenizer.json")));
    const { ["model.embedding_norm.weight"]: norm, ...others } = tinyWeights();
    const missing = writeLfm2Folder(join(root, "no"), { config: TINY, weights: others });
    await assert.rejects(missing, /Cannot write .*: expected model\.embedding_norm\.weight \[16\], got none/);
    const wrong = { ...norm, shape: [4, 4] };
    await assert.rejects(
      writeLfm2Folder(join(root, "no"), { config: TINY, weights: { ...others, "model.embedding_norm.weight": wrong } }),
      /expected model\.embedding_norm\.weight \[16\], got \[4, 4\]/,
    );
    assert.ok(!existsSync(join(root, "no")));
  } finally {
    rmSync(root, { recursive: true });
  }
});
