// The recorded benchmark of the forecaster: measured small, written and read back; a file that is none is refused.

import assert from "node:assert/strict";
import { parseForecasterBenchmark, runForecasterBenchmark } from "lib/bench/forecaster_benchmark.ts";
import { projectPath } from "lib/process/mod.ts";
import { SMALL_FORECASTER } from "./small_forecaster.ts";
import { webgpuTest } from "tests/webgpu_environment.ts";

Deno.test("updates and calls are measured, and the record is read as it was written", async () => {
  const seen: string[] = [];
  const result = await runForecasterBenchmark({
    ...SMALL_FORECASTER,
    onTiming: ({ what, rows }) => seen.push(`${what} ${rows}`),
  });
  assert.deepEqual(seen, ["training 16", "inference 4"]);
  for (const { timeMs, side } of result.timings) assert.ok(timeMs!.value > 0 && side === "cpu");
  const text = JSON.stringify(result);
  assert.deepEqual(parseForecasterBenchmark(text, "made"), JSON.parse(text));
  const wrong = { ...result, timings: [{ ...result.timings[0], rows: 0 }] };
  assert.throws(() => parseForecasterBenchmark(JSON.stringify(wrong), "made"), /Cannot read made: timings\.0\.rows/);
});

webgpuTest("updates and calls over ten time steps run on WebGPU", {
  module: projectPath("tests", "bench", "children", "webgpu_forecaster.ts"),
});

Deno.test("what is no recorded benchmark is refused", () => {
  assert.throws(() => parseForecasterBenchmark("{", "made"), /Cannot read made: expected JSON/);
  assert.throws(() => parseForecasterBenchmark("[]", "made"), /Cannot read made/);
  assert.throws(() => parseForecasterBenchmark('{"schemaVersion":2}', "made"), /schemaVersion/);
});
