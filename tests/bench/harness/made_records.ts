// Records as tests need them: made from given times by the same code as real ones.

import type { BenchRecord, PreparedSubject, ProviderConfig } from "lib/bench/mod.ts";
import { limitsOf } from "lib/bench/harness/limits.ts";
import { recordOf, type RunMade } from "lib/bench/harness/record_of.ts";
import type { ProcessSamples } from "lib/bench/harness/task.ts";
import { machineFacts } from "lib/runtime/mod.ts";
import { random } from "lib/statistics/mod.ts";

const MACHINE = machineFacts();
const CALM = { power: "mains", lowPowerMode: false, cpuSpeedLimitPercent: 100, throttleCount: null, load1: 0 } as const;

/** Times around `ms` with a spread of `noise` of it. */
export function timesOf(ms: number, { noise = 0.02, n = 700, seed = 1 } = {}): Float64Array {
  const stream = random(seed, "times");
  return Float64Array.from({ length: n }, () => Math.max(ms * (1 + stream.normal(0, noise)), ms / 100));
}

/** A process that took these times. */
export function runOf(
  callMs: Float64Array,
  fields: Partial<RunMade> = {},
  samples: Partial<ProcessSamples> = {},
): RunMade {
  return {
    failure: null,
    correctness: { reference: "float64 interpreter", relativeError: 1e-7, bound: 1e-4, output: "y", elements: 8 },
    fallback: false,
    placement: null,
    uses: [],
    before: CALM,
    after: CALM,
    samples: {
      engineMs: 10,
      createMs: 5,
      firstRunMs: 1,
      loadBytes: 1000,
      peakBytes: 2000,
      warmUp: { calls: 30, ms: 3, settled: true, callMs: callMs[0] },
      callsPerSample: 1,
      callMs,
      latencyMs: null,
      elapsedMs: callMs.reduce((sum, ms) => sum + ms, 0),
      stopped: "minimum time and count",
      windows: [],
      othersShare: 0.01,
      ...samples,
    },
    ...fields,
  };
}

/** A subject that was never prepared. */
export function subjectOf(batchSize = 1): PreparedSubject {
  const facts = {
    name: "some model",
    kind: "graph" as const,
    sha256: "a".repeat(64),
    bytes: 100,
    parameterCount: 10,
    inputs: [],
    outputs: ["y"],
    operators: { Relu: 1 },
    inputData: "random",
  };
  return { facts, dtype: "float32", batchSize, folder: "", graph: null, row: null, module: null };
}

/** A record of these processes. */
export function recordFrom(
  runs: readonly RunMade[],
  { provider = { name: "cpu" }, batchSize = 1 }: { provider?: ProviderConfig; batchSize?: number } = {},
): BenchRecord {
  return recordOf({
    subject: subjectOf(batchSize),
    provider,
    threads: 1,
    outputs: "bound",
    scenario: { name: "singleStream" },
    limits: limitsOf({ minMs: 100, minCount: 64 }),
    machine: MACHINE,
    outcome: null,
    reasons: [],
    runs,
    idleBefore: 1,
  });
}
