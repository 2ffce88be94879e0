import assert from "node:assert/strict";
import { benchTrainOptions } from "../../lib/cli/bench_train.ts";

Deno.test("benchTrainOptions reads sizes, batches and threads, and refuses what is no count", () => {
  const { options, output } = benchTrainOptions(["--sizes", "256,1024", "--batches", "8", "--threads", "1", "--quick"]);
  assert.deepEqual([options.studentDims, options.batchSizes, options.threads], [[256, 1024], [8], 1]);
  assert.match(output, /reports.benchmarks.train-quick\.json$/);
  assert.match(benchTrainOptions([]).output, /reports.benchmarks.train\.json$/);
  assert.deepEqual(benchTrainOptions([]).options.studentDims, [256, 512, 1024, 2048, 4096, 8192]);
  assert.throws(() => benchTrainOptions(["--sizes", "256,0"]), /expected --sizes to be integers from 1, got "0"/);
  assert.throws(() => benchTrainOptions(["--threads", "two"]), /expected --threads .* got "two"/);
  assert.throws(() => benchTrainOptions(["--fast"]), /the options are --quick, --threads/);
});
