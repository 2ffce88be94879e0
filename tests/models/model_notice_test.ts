import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LFM2_1_2B_SOURCE, modelFolder, readModelManifest } from "lib/models/fetched_models.ts";
import { modelNotice, noticeMetadata, writeModelNotice } from "lib/models/model_notice.ts";

async function withFolder(use: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-notice-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const MANIFEST = {
  schemaVersion: 1,
  name: "lfm2-1.2b",
  repository: "LiquidAI/LFM2-1.2B",
  revision: "a".repeat(40),
  licence: { name: "LFM Open License v1.0", url: "https://example.org/licence" },
  files: {},
};

Deno.test("files derived from a fetched model carry its licence, and a notice of what was changed", async () => {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, "model.json"), JSON.stringify(MANIFEST));
    writeFileSync(join(folder, "LICENSE"), "the licence\n");
    writeFileSync(join(folder, "NOTICE"), "Made by Liquid AI.\n");
    const notice = modelNotice(folder)!;
    await writeModelNotice(join(folder, "derived"), notice, "quantized to int4");
    assert.equal(readFileSync(join(folder, "derived", "LICENSE"), "utf8"), "the licence\n");
    const text = readFileSync(join(folder, "derived", "NOTICE"), "utf8");
    assert.match(text, /derived from LiquidAI\/LFM2-1\.2B at revision a{40} and changed: quantized to int4\./);
    assert.match(text, /under LFM Open License v1\.0 \(https:\/\/example\.org\/licence\)/);
    assert.match(text, /\nMade by Liquid AI\.\n$/);
    assert.deepEqual(noticeMetadata(notice, "quantized to int4"), {
      base_model: `LiquidAI/LFM2-1.2B at revision ${"a".repeat(40)}`,
      base_model_license: "LFM Open License v1.0",
      base_model_license_url: "https://example.org/licence",
      changes: "quantized to int4",
    });
  });
});

Deno.test("a model made here has no notice, one whose licence is gone is refused", async () => {
  await withFolder((folder) => {
    assert.equal(modelNotice(folder), null);
    writeFileSync(join(folder, "model.json"), JSON.stringify(MANIFEST));
    assert.throws(() => modelNotice(folder), /expected the licence of LiquidAI\/LFM2-1\.2B, got no LICENSE/);
    writeFileSync(join(folder, "model.json"), '{"schemaVersion":2}');
    assert.throws(() => readModelManifest(folder), /expected a manifest of version 1, got version 2/);
    writeFileSync(join(folder, "model.json"), "{");
    assert.throws(() => readModelManifest(folder), /expected JSON/);
  });
});

Deno.test("LFM2-1.2B is pinned to a commit, and its weights to a hash", () => {
  assert.match(LFM2_1_2B_SOURCE.revision, /^[0-9a-f]{40}$/);
  assert.match(LFM2_1_2B_SOURCE.sha256["model.safetensors"], /^[0-9a-f]{64}$/);
  assert.match(modelFolder(LFM2_1_2B_SOURCE.name), /lfm2-1\.2b$/);
});
