import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { extract } from "lib/cli/unzip.ts";
import { zip, type ZipFile } from "./zip.ts";

async function withArchive(files: ZipFile[], use: (archive: string, target: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-unzip-"));
  try {
    writeFileSync(join(folder, "archive.jar"), zip(files));
    await use(join(folder, "archive.jar"), join(folder, "target"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const CONTENT = Uint8Array.from({ length: 20_000 }, (_, i) => (i * i) % 97);

Deno.test("extract writes deflated and stored entries, whatever their headers carry besides", async () => {
  const files = [
    { name: "a/first", content: Uint8Array.of(1, 2, 3) },
    { name: "lib/größe.so", content: CONTENT, extra: 11 },
    { name: "plain", content: CONTENT.subarray(5), stored: true, extra: 3 },
  ];
  await withArchive(files, async (archive, target) => {
    for (const { name, content } of files) {
      await extract(archive, name, target);
      assert.deepEqual(new Uint8Array(readFileSync(target)), content, name);
    }
  });
});

Deno.test("extract refuses what is missing or damaged, and leaves no half file", async () => {
  await withArchive([{ name: "a", content: CONTENT }], async (archive, target) => {
    await assert.rejects(extract(archive, "b", target), /Cannot unpack .*: it has no entry b/);
    truncateSync(archive, 5_000 > readFileSync(archive).length ? 40 : 5_000);
    await assert.rejects(extract(archive, "a", target), /Cannot unpack .*: it is no zip archive/);
    const bytes = zip([{ name: "a", content: CONTENT }]);
    bytes.fill(0xff, 40, 60);
    writeFileSync(archive, bytes);
    await assert.rejects(extract(archive, "a", target));
    assert.deepEqual(readdirSync(dirname(target)), ["archive.jar"]);
  });
});
