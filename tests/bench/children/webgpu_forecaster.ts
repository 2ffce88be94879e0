// Run as a child with WebGPU: updates and calls of a forecaster over more steps than WebGPU binds buffers to a program.

import assert from "node:assert/strict";
import { runForecasterBenchmark } from "lib/bench/forecaster_benchmark.ts";

const { timings } = await runForecasterBenchmark({
  size: "100k",
  context: 10,
  horizon: 2,
  batchSize: 4,
  accumulationSteps: 2,
  inferBatches: [3],
  providers: ["webgpu"],
  settings: { limits: { minMs: 1, minCount: 3 }, warmUpMs: 1 },
  peerPython: null,
  turns: { blocks: 4, blockMs: 1, minSteps: 2 },
});
assert.deepEqual(timings.map(({ what, rows }) => `${what} of ${rows}`), ["training of 8", "inference of 3"]);
for (const { what, timeMs, verdict, reasons } of timings) {
  assert.ok(timeMs && timeMs.value > 0, `${what}: ${verdict}: ${reasons}`);
}
