import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildOptions, dataMain, importMain } from "lib/cli/data.ts";
import { timeLeft } from "lib/cli/data/time_left.ts";
import { buildCorpus, buildLemmas, differences } from "lib/cli/data/wordnet.ts";
import { encodeSafetensors, loadDataset } from "lib/data/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { availableTeacher } from "tests/models/teacher_folder.ts";

const signal = new AbortController().signal;

function collecting() {
  const lines: string[] = [];
  return { lines, terminal: { line: (text: string) => void lines.push(text), live: () => {} } };
}

Deno.test("deno task data names its subcommands, and refuses options that mean nothing", async () => {
  const context = { terminal: collecting().terminal, signal };
  await assert.rejects(dataMain([], context), /got nothing:\ndeno task data wordnet-20k \| wordnet-lemmas/);
  const help = collecting();
  assert.equal(await dataMain(["--help"], { terminal: help.terminal, signal }), 0);
  assert.match(help.lines.join("\n"), /^deno task data wordnet-20k/);
  await assert.rejects(dataMain(["wordnet-3k"], context), /got wordnet-3k/);
  await assert.rejects(dataMain(["wordnet-20k", "--fast"], context), /the options are --check, --threads, --batch/);
  await assert.rejects(dataMain(["import"], context), /expected one file: deno task data import FILE/);
  await assert.rejects(dataMain(["import", "none.npy"], context), /there is no file .*none.npy/);
  assert.throws(() => buildOptions(["--batch", "0"], context), /expected --batch to be an integer from 1, got "0"/);
  assert.equal(buildOptions(["--threads", "2", "--check"], context).threads, 2);
});

Deno.test("deno task data import tells what became a dataset, and one sentence about what cannot", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-data-"));
  try {
    const rows = Array.from({ length: 12 }, (_, i) => [i, 1]);
    const file = join(folder, "mine.safetensors");
    const write = (data: number[]) =>
      writeFileSync(file, encodeSafetensors({ v: { shape: [data.length / 2, 2], data: Float32Array.from(data) } }));
    const { lines, terminal } = collecting();
    write([...rows, rows[3]].flat());
    assert.equal(await importMain([file, "--licence", "CC0"], terminal, folder), 0);
    assert.match(lines[0], /^1 rows repeat an earlier one and were left out/);
    assert.match(lines[1], /12 rows of 2 F32, train 10, validation 1, test 1/);
    const { manifest } = await loadDataset(join(folder, "mine"));
    assert.equal(manifest.licence.name, "CC0");
    write([NaN, 1]);
    await assert.rejects(importMain([file, "--name", "bad"], terminal, folder), {
      name: "CommandError",
      message: /got NaN/,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("timeLeft tells speed and time left once there is something to go by, and does not count resumed work", () => {
  let now = 0;
  const left = timeLeft({ nowMs: () => now });
  assert.equal(left(4_000, 20_000), "4,000 of 20,000");
  now = 500;
  assert.equal(left(4_100, 20_000), "4,100 of 20,000");
  now = 10_000;
  assert.equal(left(5_000, 20_000), "5,000 of 20,000, 100/s, 3 min left");
  assert.equal(left(14_000, 20_000), "14,000 of 20,000, 1000/s, 6 s left");
  now = 1e6;
  assert.equal(left(5_000, 20_000), "5,000 of 20,000, 1/s, 4 h 10 min left");
});

Deno.test("differences allows two steps of float16 at a row's largest value", () => {
  const stored = Float32Array.of(1, 0.5, 0.25, 0.125);
  const by = (index: number, difference: number) => {
    const made = stored.slice();
    made[index] += difference;
    return differences(stored, made, 2);
  };
  assert.deepEqual(differences(stored, stored, 2), { different: 0, largest: 0, beyond: null });
  assert.deepEqual(by(1, 2 ** -9), { different: 1, largest: 2 ** -9, beyond: null });
  assert.equal(by(1, 2 ** -8).beyond, 0);
  assert.equal(by(3, 2 ** -9).beyond, 1);
  assert.equal(by(3, NaN).beyond, 1);
});

Deno.test({
  name: "deno task data wordnet-20k and wordnet-lemmas rebuild what ships: texts byte for byte, vectors within float16",
  ignore: availableTeacher() === null,
  async fn() {
    const { lines, terminal } = collecting();
    const options = { check: true, threads: 0, batchSize: 64, terminal, signal };
    await buildCorpus("wordnet-20k", projectPath("data", "wordnet-20k"), options);
    await buildLemmas(projectPath("data", "wordnet-lemmas"), options);
    assert.equal(lines.filter((line) => /^Texts identical; /.test(line)).length, 2);
  },
});
