import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseBenchmark } from "../../lib/bench/mod.ts";
import { benchInferMain, benchInferOptions } from "../../lib/cli/bench_infer.ts";
import { projectPath } from "../../lib/process/mod.ts";

Deno.test("bench:infer measures two students at five batch sizes by default", () => {
  const { options, output } = benchInferOptions([]);
  assert.deepEqual(options.subjects, [{ studentDim: 256 }, { studentDim: 1024 }]);
  assert.deepEqual([options.batchSizes, options.threads], [[1, 8, 32, 128, 1024], [2, 1]]);
  assert.ok(options.turns.sampleMs! > 0, "calls of microseconds are timed together");
  assert.match(output, /reports.benchmarks.infer\.json$/);
  assert.match(benchInferOptions(["--quick"]).output, /infer-quick\.json$/);
});

Deno.test("bench:infer takes a file in place of the students, or beside them", () => {
  const file = projectPath("deno.json");
  assert.deepEqual(benchInferOptions([`--model=${file}`]).options.subjects, [{ file }]);
  assert.deepEqual(benchInferOptions([`--model=${file}`, "--sizes=8"]).options.subjects, [{ studentDim: 8 }, { file }]);
  assert.throws(() => benchInferOptions(["--model=nowhere.onnx"]), /Cannot benchmark: there is no file nowhere\.onnx/);
  assert.throws(() => benchInferOptions(["--batches=0"]), /expected --batches to be integers from 1, got "0"/);
});

Deno.test("bench:infer writes its cells and prints a table with the overhead of a call", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-bench-"));
  const output = join(folder, "infer.json");
  const lines: string[] = [];
  const terminal = { line: (text: string) => void lines.push(text), live: () => {} };
  const args = ["--quick", "--sizes=8", "--batches=2", "--threads=1", "--blocks=2", "--wait=0.001", "--minutes=1"];
  try {
    assert.equal(await benchInferMain([...args, `--output=${output}`], terminal), 0);
    const { cells, overheads, controls } = parseBenchmark(readFileSync(output, "utf8"), "infer")!;
    assert.deepEqual([cells, overheads, controls].map((list) => list.length), [1, 1, 1]);
    const table = lines.join("\n");
    assert.match(table, /\| +S=8 \| +2 \| +1 \|/);
    assert.match(table, /Overhead of a call, no work x 1, 1 thread: ours \S+ us/);
    assert.match(table, /Written to .*infer\.json/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
