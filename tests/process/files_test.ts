import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalJson, projectPath, projectRoot, sha256Hex, writeFileAtomic } from "lib/process/mod.ts";
import { findRoot } from "lib/process/paths.ts";

async function inFolder(action: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "files-test-"));
  try {
    await action(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

Deno.test("projectRoot is the folder of this project's package.json", () => {
  assert.equal(JSON.parse(readFileSync(projectPath("package.json"), "utf8")).name, "latent-lab");
  assert.equal(findRoot([projectPath("lib", "process")]), projectRoot());
});

Deno.test("findRoot tries the next folder, and names those it tried when none fits", async () => {
  await inFolder((folder) => {
    assert.equal(findRoot([folder, projectPath("lib")]), projectRoot());
    assert.throws(() => findRoot([folder]), new RegExp(`Cannot find the project.*${folder}`));
  });
});

Deno.test("writeFileAtomic makes folders, replaces a file and leaves nothing else", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "a", "b.txt");
    await writeFileAtomic(path, "old");
    await writeFileAtomic(path, new Uint8Array([110, 101, 119]));
    assert.equal(readFileSync(path, "utf8"), "new");
    assert.deepEqual(readdirSync(join(folder, "a")), ["b.txt"]);
  });
});

Deno.test("writeFileAtomic writes pieces as they come, and keeps the old file when they end wrong", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "pieces");
    await writeFileAtomic(path, [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)]);
    assert.deepEqual([...readFileSync(path)], [1, 2, 3]);
    const coming = async function* (wrong: boolean) {
      yield Uint8Array.of(4);
      await Promise.resolve();
      yield Uint8Array.of(5);
      if (wrong) throw new RangeError("expected a third piece");
    };
    await assert.rejects(writeFileAtomic(path, coming(true)), /expected a third piece/);
    assert.deepEqual([[...readFileSync(path)], readdirSync(folder)], [[1, 2, 3], ["pieces"]]);
    await writeFileAtomic(path, coming(false));
    assert.deepEqual([...readFileSync(path)], [4, 5]);
  });
});

Deno.test("writeFileAtomic that cannot rename keeps the old file and removes the temporary one", async () => {
  await inFolder(async (folder) => {
    await writeFileAtomic(join(folder, "target", "inside"), "kept"); // a folder stands where the file should go
    await assert.rejects(writeFileAtomic(join(folder, "target"), "new"));
    assert.equal(readFileSync(join(folder, "target", "inside"), "utf8"), "kept");
    assert.deepEqual(readdirSync(folder), ["target"]);
  });
});

Deno.test("writeFileAtomic by many writers leaves one whole version", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "shared");
    const versions = Array.from({ length: 20 }, (_, i) => String(i).padStart(2, "0").repeat(50_000));
    await Promise.all(versions.map((version) => writeFileAtomic(path, version)));
    assert.ok(versions.includes(readFileSync(path, "utf8")));
    assert.equal(readdirSync(folder).length, 1);
  });
});

const isRoot = Deno.uid() === 0; // who may write anywhere
Deno.test("writeFileAtomic into a folder that may not be written rejects", { ignore: isRoot }, async () => {
  await inFolder(async (folder) => {
    chmodSync(folder, 0o500);
    await assert.rejects(writeFileAtomic(join(folder, "x"), "y"));
    assert.equal(existsSync(join(folder, "x")), false);
  });
});

Deno.test("sha256Hex gives the published answers, and hashes the bytes of a view only", () => {
  assert.equal(sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.equal(sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const bytes = new TextEncoder().encode("xabcx");
  assert.equal(sha256Hex(bytes.subarray(1, 4)), sha256Hex("abc"));
  assert.equal(sha256Hex(bytes.slice(1, 4).buffer), sha256Hex("abc"));
  assert.equal(sha256Hex("ä"), sha256Hex(new Uint8Array([0xc3, 0xa4])));
});

Deno.test("canonicalJson sorts keys at every depth and keeps the order of arrays", () => {
  assert.equal(
    canonicalJson({ b: [{ y: 1, x: 2 }], a: null, "é": "ü\n" }),
    '{"a":null,"b":[{"x":2,"y":1}],"é":"ü\\n"}',
  );
  assert.equal(canonicalJson([3, 1, 2]), "[3,1,2]");
  assert.equal(canonicalJson({ a: -0, b: 1e21, c: undefined }), '{"a":0,"b":1e+21}');
  assert.equal(canonicalJson({ 10: 1, 9: 2 }), '{"10":1,"9":2}');
  const shared = { k: 1 };
  assert.equal(canonicalJson([shared, shared]), '[{"k":1},{"k":1}]');
});

Deno.test("canonicalJson refuses what JSON would change, with its path", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const refused: [unknown, RegExp][] = [
    [{ a: [1, NaN] }, /value\.a\[1\].*got NaN/],
    [{ a: Infinity }, /value\.a.*got Infinity/],
    [[undefined], /value\[0\].*got undefined/],
    // deno-lint-ignore no-sparse-arrays
    [[1, , 2], /value\[1\].*got undefined/],
    [{ a: { b: () => 1 } }, /value\.a\.b.*got function/],
    [{ a: 1n }, /value\.a.*got bigint/],
    [{ a: new Map() }, /value\.a.*got Map/],
    [{ a: new Date(0) }, /value\.a.*got Date/],
    [new Float32Array(2), /value .*got Float32Array/],
    [{ [Symbol("s")]: 1 }, /symbol/],
    [cycle, /value\.self.*a cycle/],
    [undefined, /got undefined/],
  ];
  for (const [value, message] of refused) assert.throws(() => canonicalJson(value), { name: "TypeError", message });
});
