import assert from "node:assert/strict";
import { benchForecasterOptions } from "lib/cli/bench_forecaster.ts";

Deno.test("bench:forecaster reads its options and refuses an unknown size", () => {
  const { options, output } = benchForecasterOptions(["--quick", "--providers", "cpu,webgpu", "--size", "1m"]);
  assert.deepEqual([options.size, options.providers], ["1m", ["cpu", "webgpu"]]);
  assert.match(output, /forecaster-quick\.json$/);
  assert.match(benchForecasterOptions([]).output, /reports.benchmarks.forecaster\.json$/);
  assert.throws(() => benchForecasterOptions(["--size", "huge"]), /expected --size 100k, 1m, 10m, full, got "huge"/);
});
