// "Performance Benchmarks for CBI-V15 on M4 Mac": rates from times, ratios of times, sums of memory.

import { type Compute, type Formulas, perSecond, ratio, same, sum, type Symbolic } from "./formula.ts";

/** Rows of a batch in the tables of loading and of the whole way. */
const BATCH = 32;
const ofBatch: Compute = perSecond(BATCH);
const [TRAIN, INFER, OPT] = ["cbi-train", "cbi-infer", "cbi-opt"];
const loaders = ["single", "workers-4", "pinned", "persistent", "all"];
const stages = ["loading", "forward", "backward", "optimizer", "total", "inference", "torchscript", "coreml"];
const forms = ["compile", "mixed", "dynamic-quant", "static-quant", "coreml", "combined"];
const int8Percent: Compute = () => 100 * (8 / 32 - 1);

export const cbiFormulas: Formulas = {
  ...Object.fromEntries(["small", "medium", "large", "full"].map((size) => [`${TRAIN}-${size}-speedup`, ratio])),
  ...Object.fromEntries([1, 8, 32, 128].map((rows) => [`${INFER}-${rows}-throughput`, perSecond(rows)])),
  ...Object.fromEntries(forms.map((form) => [`${OPT}-${form}-speedup`, ratio])),
  ...Object.fromEntries(loaders.map((loader) => [`cbi-load-${loader}-throughput`, ofBatch])),
  ...Object.fromEntries(stages.map((stage) => [`cbi-e2e-${stage}-throughput`, ofBatch])),
  "cbi-opt-dynamic-quant-size": int8Percent,
  "cbi-opt-static-quant-size": int8Percent,
  "cbi-memory-weights-optimized": ([weights]) => weights * 8 / 32,
  "cbi-memory-optimizer": ([weights]) => 2 * weights,
  "cbi-memory-optimizer-optimized": ([states]) => states * 8 / 32,
  "cbi-memory-total": sum,
  "cbi-memory-total-optimized": sum,
  "cbi-e2e-total-time": sum,
  "cbi-cloud-m4-train": { inputs: ["cbi-e2e-total-time"], compute: ofBatch },
  "cbi-cloud-m4-infer": ofBatch,
  "cbi-config-effective-batch": () => 32 * 2,
  "cbi-ane-speedup": ratio,
  "cbi-v100-ratio": ratio,
  "cbi-priority-coreml": ratio,
  "cbi-priority-compile": ratio,
  "cbi-priority-mps": same,
  "cbi-priority-mixed": { inputs: ["cbi-opt-baseline", "cbi-opt-mixed-time"], compute: ratio },
  "cbi-deploy-latency": same,
  "cbi-deploy-throughput": ofBatch,
  "cbi-conclusion-training": {
    inputs: ["small-cpu", "small-mps", "full-cpu", "full-mps"].map((name) => `${TRAIN}-${name}-time`),
    compute: ([smallCpu, smallMps, fullCpu, fullMps]) => [smallCpu / smallMps, fullCpu / fullMps],
  },
  "cbi-conclusion-efficiency": ([m4Rate, v100Rate, m4Watt, v100Watt]) => (m4Rate / m4Watt) / (v100Rate / v100Watt),
};

/** Batches that the document's loop times at most. */
const TIMED_BATCHES = 100;

export const cbiSymbolic: Symbolic = {
  // A product of [n, n] matrices: a multiplication and an addition for each of n^3 terms.
  "cbi-code-matmul-flops": (v) => 2 * v("size0") * v("size1") ** 2 / 1e9 / v("meanSeconds"),
  // Only the batches that were timed count.
  "cbi-code-train-throughput": (v) => TIMED_BATCHES * v("batchSize") / v("sum(timesMs)") * 1000,
  "cbi-code-loader-throughput": (v) => v("batchSize") * 1000 / v("meanMs"),
};
