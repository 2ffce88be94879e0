import assert from "node:assert/strict";
import { benchSweepOptions } from "lib/cli/bench_sweep.ts";

Deno.test("bench:sweep runs 40 trials of 5 epochs, and few with --quick into a file of its own", () => {
  const full = benchSweepOptions([]);
  const { rates, seedCount, epochs, studentDim, batchSize } = full.options.study;
  assert.equal(rates.length * seedCount, 40);
  assert.deepEqual([epochs, studentDim, batchSize], [5, 256, 256]);
  assert.ok(full.output.endsWith("reports/benchmarks/sweep.json"));
  assert.deepEqual([full.options.turns.minSteps, full.options.turns.maxSteps], [1, 1]);
  const quick = benchSweepOptions(["--quick", "--dim", "512"]);
  assert.ok(quick.output.endsWith("sweep-quick.json"));
  assert.equal(quick.options.study.studentDim, 512);
  assert.ok(quick.options.study.rates.length * quick.options.study.seedCount < 10);
  assert.throws(() => benchSweepOptions(["--threads", "2"]), /threads/);
  assert.throws(() => benchSweepOptions(["--blocks", "3"]), /even/);
});
