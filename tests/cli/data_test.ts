import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildOptions, dataMain, importMain } from "lib/cli/data.ts";
import { timeLeft } from "lib/cli/data/time_left.ts";
import { buildCorpus, buildLemmas, differences } from "lib/cli/data/wordnet.ts";
import { buildWti } from "lib/cli/data/wti.ts";
import { encodeSafetensors, loadDataset, parseSeriesManifest } from "lib/data/mod.ts";
import { projectPath, sha256Hex } from "lib/process/mod.ts";
import { availableTeacher } from "tests/models/teacher_folder.ts";
import { zip } from "./zip.ts";

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

Deno.test("deno task data wti takes the prices out of the wheel, and checks them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-data-"));
  try {
    const table = "Date,DCOILWTICO\r\n1/2/1986,25.56\r\n1/3/1986,.\r\n12/1/1986,-26.5\r\n";
    const prices = "date,price\n1986-01-02,25.56\n1986-01-03,.\n1986-12-01,-26.5\n";
    const wheel = join(folder, "arch-9.9.0-py3-none-any.whl");
    const content = gzipSync(new TextEncoder().encode(table));
    writeFileSync(wheel, zip([{ name: "arch/data/wti/wti.csv.gz", content }]));
    const { lines, terminal } = collecting();
    const target = join(folder, "wti");
    await buildWti(target, { wheel, check: false, terminal, today: "2025-01-02" });
    assert.equal(readFileSync(join(target, "prices.csv"), "utf8"), prices);
    const manifest = parseSeriesManifest(JSON.parse(readFileSync(join(target, "manifest.json"), "utf8")), "manifest");
    assert.deepEqual([manifest.rows, manifest.emptyValues, manifest.lastDate], [3, 1, "1986-12-01"]);
    assert.deepEqual([manifest.origin[1].version, manifest.origin[1].retrieved], ["9.9.0", "2025-01-02"]);
    assert.equal(manifest.files["prices.csv"].sha256, sha256Hex(prices));
    await buildWti(target, { wheel, check: true, terminal });
    assert.match(lines.join("\n"), /3 days from 1986-01-02 to 1986-12-01.*\n.*holds the prices of the wheel/);
    writeFileSync(join(target, "prices.csv"), `${prices} `);
    await assert.rejects(
      buildWti(target, { wheel, check: true, terminal }),
      /it does not hold the prices of the wheel/,
    );
    for (
      const [text, message] of [["date,price\n", /expected the columns Date,DCOILWTICO/], [
        `${table}x\r\n`,
        /in line 5 of .*got x/,
      ]] as const
    ) {
      writeFileSync(
        wheel,
        zip([{ name: "arch/data/wti/wti.csv.gz", content: gzipSync(new TextEncoder().encode(text)) }]),
      );
      await assert.rejects(buildWti(target, { wheel, check: false, terminal }), message);
    }
    const other = join(folder, "other-1.whl");
    writeFileSync(other, zip([{ name: "a", content }]));
    await assert.rejects(buildWti(target, { wheel: other, check: false, terminal }), {
      name: "CommandError",
      message: /it has no entry arch/,
    });
    await assert.rejects(
      buildWti(target, { wheel: join(folder, "none.whl"), check: false, terminal }),
      /expected a file, got none/,
    );
    const context = { terminal, signal };
    await assert.rejects(dataMain(["wti"], context), /expected --wheel FILE; pip download --no-deps arch fetches one/);
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
