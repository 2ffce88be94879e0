// Run as a child with WebGPU: updates and calls of a forecaster over more steps than WebGPU binds buffers to a program.

import assert from "node:assert/strict";
import { runForecasterBenchmark } from "lib/bench/forecaster_benchmark.ts";
import { SMALL_FORECASTER } from "tests/bench/small_forecaster.ts";

const { timings } = await runForecasterBenchmark({
  ...SMALL_FORECASTER,
  ...{ context: 10, batchSize: 4, inferBatches: [3], providers: ["webgpu"] },
});
assert.deepEqual(timings.map(({ what, rows }) => `${what} of ${rows}`), ["training of 8", "inference of 3"]);
for (const { what, timeMs, verdict, reasons } of timings) {
  assert.ok(timeMs && timeMs.value > 0, `${what}: ${verdict}: ${reasons}`);
}
