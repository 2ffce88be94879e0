// The forecaster's benchmark at a size that takes a moment.

import type { ForecasterBenchmarkOptions } from "lib/bench/forecaster_benchmark.ts";

export const SMALL_FORECASTER: ForecasterBenchmarkOptions = {
  size: "100k",
  context: 8,
  horizon: 2,
  batchSize: 8,
  accumulationSteps: 2,
  inferBatches: [4],
  providers: ["cpu"],
  settings: { limits: { minMs: 1, minCount: 3 }, warmUpMs: 1 },
  peerPython: null,
  turns: { blocks: 4, blockMs: 1, minSteps: 2 },
};
