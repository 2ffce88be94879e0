import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildKjv } from "lib/cli/data/kjv.ts";
import { isRetrievalText, unpackRetrievalText } from "lib/cli/data/retrieval_text.ts";
import { loadTextsOf } from "lib/data/mod.ts";
import { startChild } from "lib/process/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { retrievalText } from "./retrieval_file.ts";

const encoder = new TextEncoder();

Deno.test("unpackRetrievalText gives back what was compressed, over changes of the codes' width and cleared tables", () => {
  const stream = random(1, "retrieval text");
  const word = () => String.fromCharCode(97 + stream.integer(26)).repeat(1 + stream.integer(3));
  const lines = Array.from({ length: 6000 }, (_, i) => `Ge${i}:1 ${word()} ${word()} and ${word()}${word()}\n`);
  const bytes = encoder.encode(lines.join(""));
  for (const options of [{ windowBytes: 4096 }, { windowBytes: 65536 }, { windowBytes: 30_000, clearEvery: 700 }]) {
    const packed = retrievalText(bytes, options);
    assert.ok(isRetrievalText(packed) && packed.length < bytes.length);
    assert.deepEqual(unpackRetrievalText(packed), bytes);
  }
  const repeated = encoder.encode("a".repeat(5000)); // each code is the string that it defines
  assert.deepEqual(unpackRetrievalText(retrievalText(repeated, { windowBytes: 5000 })), repeated);
});

Deno.test("unpackRetrievalText refuses other files and files that are cut short", () => {
  const packed = retrievalText(encoder.encode("abc".repeat(500)), { windowBytes: 600 });
  assert.throws(() => unpackRetrievalText(encoder.encode("EF02")), /expected a file that begins with EC02/);
  assert.throws(() => unpackRetrievalText(packed.subarray(0, 100)), /cut short/);
  assert.throws(() => unpackRetrievalText(packed.subarray(0, packed.length - 1)), /cut short/);
});

/** A package as Debian's, with a text of these lines. */
async function debianPackage(folder: string, lines: readonly string[]): Promise<string> {
  mkdirSync(join(folder, "usr/lib"), { recursive: true });
  writeFileSync(
    join(folder, "usr/lib/bible.data"),
    retrievalText(encoder.encode(["about the file", ...lines, ""].join("\n")), { windowBytes: 2048 }),
  );
  const { exitCode } = await startChild({
    command: "tar",
    args: ["-cf", "data.tar", "./usr"],
    cwd: folder,
    deadlineMs: 20_000,
  }).result;
  assert.equal(exitCode, 0);
  const entry = (name: string, content: Uint8Array) => [
    encoder.encode(`${name.padEnd(48)}${String(content.length).padEnd(10)}\`\n`),
    content,
    encoder.encode(content.length % 2 ? "\n" : ""),
  ];
  const parts = [
    encoder.encode("!<arch>\n"),
    ...entry("debian-binary", encoder.encode("2.0\n")),
    ...entry("data.tar", readFileSync(join(folder, "data.tar"))),
  ];
  const file = join(folder, "bible-kjv-text_9.99_all.deb");
  writeFileSync(file, new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer()));
  return file;
}

const BOOKS = ["Ge", "Exo", "Psa", "Isa", "Mat", "Acts"];

function verses(): string[] {
  return BOOKS.flatMap((book) =>
    Array.from({ length: 12 }, (_, i) => `${book}${1 + Math.floor(i / 3)}:${1 + i % 3} verse ${i} of the book ${book}.`)
  );
}

Deno.test("deno task data kjv-1mb takes the chosen books out of the package, and checks them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-kjv-test-"));
  const lines: string[] = [];
  const terminal = { line: (text: string) => void lines.push(text), live: () => {} };
  try {
    const deb = await debianPackage(folder, [...verses(), "Acts9:1 Verse 0, of the book Ge"]);
    const target = join(folder, "kjv-1mb");
    await buildKjv(target, { deb, check: false, terminal, today: "2026-01-02" });
    const { texts, keys, splits } = await loadTextsOf(target, "kjv-1mb");
    assert.equal(texts.length, 5 * 12, "no Exodus, and the repeated verse is left out");
    assert.deepEqual([keys[0], texts[0]], ["Ge1:1", "verse 0 of the book Ge."]);
    assert.ok(splits.test.length > 0 && splits.validation.length > 0);
    const manifest = JSON.parse(readFileSync(join(target, "manifest.json"), "utf8"));
    assert.deepEqual([manifest.origin[1].version, manifest.build.dropped], ["9.99", { duplicateText: 1 }]);
    await buildKjv(target, { deb, check: true, terminal });
    assert.match(lines.at(-1)!, /holds the verses of bible-kjv-text_9\.99_all\.deb/);
    writeFileSync(join(target, "verses.tsv"), "other");
    await assert.rejects(buildKjv(target, { deb, check: true, terminal }), /does not hold the verses/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("deno task data kjv-1mb refuses what is no such package, in one sentence", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-kjv-test-"));
  const options = { check: false, terminal: { line: () => {}, live: () => {} } };
  try {
    await assert.rejects(buildKjv(folder, { ...options, deb: join(folder, "none.deb") }), /expected a file, got none/);
    writeFileSync(join(folder, "x.deb"), "text");
    await assert.rejects(buildKjv(folder, { ...options, deb: join(folder, "x.deb") }), /expected a Debian package/);
    writeFileSync(join(folder, "x.deb"), "!<arch>\n" + "x".repeat(70));
    await assert.rejects(buildKjv(folder, { ...options, deb: join(folder, "x.deb") }), /damaged or cut short/);
    writeFileSync(join(folder, "x.deb"), "!<arch>\n");
    await assert.rejects(buildKjv(folder, { ...options, deb: join(folder, "x.deb") }), /expected an entry data\.tar/);
    const other = await debianPackage(folder, verses().filter((line) => !line.startsWith("Psa")));
    await assert.rejects(buildKjv(folder, { ...options, deb: other }), /expected the books Psa, got Ge, Exo, Isa/);
    const broken = await debianPackage(folder, [...verses(), "no reference"]);
    await assert.rejects(buildKjv(folder, { ...options, deb: broken }), /Cannot read line 74 of bible\.data/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
