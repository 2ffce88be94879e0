import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseBenchmark } from "../../lib/bench/mod.ts";
import { benchTrainMain, benchTrainOptions } from "../../lib/cli/bench_train.ts";

Deno.test("bench:train reads cells, peers, threads and turns", () => {
  const { options, output } = benchTrainOptions([
    "--cells=8x4,16x1024",
    "--peers=torch,jax-js",
    "--threads=1",
    "--blocks=4",
    "--minutes=0.5",
    "--wait=2",
  ]);
  assert.deepEqual(options.sizes, [{ studentDim: 8, batchSize: 4 }, { studentDim: 16, batchSize: 1024 }]);
  assert.deepEqual([options.peers, options.threads, options.turns.blocks], [["torch", "jax-js"], [1], 4]);
  assert.deepEqual([options.budgetMs, options.quietMs], [30_000, 2000]);
  assert.match(output, /reports.benchmarks.train\.json$/);
});

Deno.test("bench:train takes all cells in less than 25 minutes by default", () => {
  const { options } = benchTrainOptions([]);
  assert.equal(options.sizes.length, 18);
  assert.deepEqual(options.sizes.at(-1), { studentDim: 8192, batchSize: 1024 });
  assert.deepEqual([options.threads, options.peers.length], [[2, 1], 4]);
  assert.ok(options.budgetMs < 25 * 60_000);
  const quick = benchTrainOptions(["--quick"]);
  assert.match(quick.output, /train-quick\.json$/);
  assert.equal(quick.options.sizes.length, 2);
  assert.deepEqual(benchTrainOptions(["--peers="]).options.peers, []);
});

Deno.test("bench:train refuses what it cannot measure, saying what it expects", () => {
  for (const cells of ["8", "8x0", "8x48", "ax4", "8x32768", "8x4;", ","]) {
    assert.throws(
      () => benchTrainOptions([`--cells=${cells}`]),
      /expected --cells like 256x32 with batches that divide/,
    );
  }
  assert.throws(() => benchTrainOptions(["--threads=two"]), /expected --threads .* got "two"/);
  assert.throws(() => benchTrainOptions(["--blocks=3"]), /expected --blocks to be even, got 3/);
  assert.throws(() => benchTrainOptions(["--minutes=0"]), /expected --minutes to be a positive number, got "0"/);
  assert.throws(
    () => benchTrainOptions(["--peers=keras"]),
    /expected --peers to be of torch, torch-compiled, .* "keras"/,
  );
  assert.throws(() => benchTrainOptions(["--fast"]), /the options are --quick, --threads/);
});

Deno.test("bench:train merges a part that is measured later into its file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-bench-"));
  const output = join(folder, "train.json");
  const lines: string[] = [];
  const terminal = { line: (text: string) => void lines.push(text), live: () => {} };
  const settings = ["--peers=", "--blocks=2", "--wait=0.001", "--minutes=1", "--quick", `--output=${output}`];
  try {
    assert.equal(await benchTrainMain(["--cells=8x4,8x8", "--threads=1", ...settings], terminal), 0);
    const first = parseBenchmark(readFileSync(output, "utf8"), "train")!;
    await benchTrainMain(["--cells=8x8,16x4", "--threads=1", ...settings], terminal);
    const second = parseBenchmark(readFileSync(output, "utf8"), "train")!;
    assert.deepEqual(second.cells.map(({ subject, batchSize }) => [subject, batchSize]), [
      ["S=8", 4],
      ["S=8", 8],
      ["S=16", 4],
    ]);
    assert.deepEqual(second.cells[0], first.cells[0]);
    assert.notEqual(second.cells[1].measuredAt, first.cells[1].measuredAt);
    assert.match(lines.join("\n"), /\| +S=16 \| +4 \| +1 \|/);
    assert.match(lines.join("\n"), /Control, ours against itself at S=8 x 4, 1 thread: /);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
