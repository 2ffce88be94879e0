import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { extract } from "lib/cli/unzip.ts";

interface File {
  name: string;
  content: Uint8Array;
  stored?: boolean;
  /** Of the local header, which may differ from that of the directory. */
  extra?: number;
}

/** A zip archive as PKWARE's APPNOTE describes it, with a comment at its end. */
function zip(files: File[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, content, stored = false, extra = 0 } of files) {
    const nameBytes = new TextEncoder().encode(name);
    const data = stored ? content : deflateRawSync(content);
    const common = (view: DataView, at: number) => {
      view.setUint16(at, stored ? 0 : 8, true);
      view.setUint32(at + 6, crc32(content), true);
      view.setUint32(at + 10, data.length, true);
      view.setUint32(at + 14, content.length, true);
      view.setUint16(at + 18, nameBytes.length, true);
    };
    const local = new DataView(new ArrayBuffer(30));
    local.setUint32(0, 0x04034b50, true);
    common(local, 8);
    local.setUint16(28, extra, true);
    const central = new DataView(new ArrayBuffer(46));
    central.setUint32(0, 0x02014b50, true);
    common(central, 10);
    central.setUint32(42, offset, true);
    const pieces = [new Uint8Array(local.buffer), nameBytes, new Uint8Array(extra).fill(7), data];
    parts.push(...pieces);
    directory.push(new Uint8Array(central.buffer), nameBytes);
    offset += pieces.reduce((sum, { length }) => sum + length, 0);
  }
  const comment = new TextEncoder().encode("a comment");
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(10, files.length, true);
  end.setUint32(12, directory.reduce((sum, { length }) => sum + length, 0), true);
  end.setUint32(16, offset, true);
  end.setUint16(20, comment.length, true);
  const all = [...parts, ...directory, new Uint8Array(end.buffer), comment];
  return Uint8Array.from(all.flatMap((part) => [...part]));
}

async function withArchive(files: File[], use: (archive: string, target: string) => Promise<void>): Promise<void> {
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
    assert.ok(!existsSync(target) && !existsSync(`${target}.part`));
  });
});
