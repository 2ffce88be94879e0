// What a claim in words means as a figure, where a record answers it with a number: our reading, reviewed here and nowhere else.

import type { Meaning } from "../compare.ts";

/** By claim id. A claim in words without an entry is judged by a record that says yes or no, or repeats its words. */
export const MEANINGS: Readonly<Record<string, Meaning>> = {
  // The spread of calls that still counts as steady here: a tenth of the median.
  "ln-timing-consistency": { atMost: 0.1 },
  // The slowest of several checkpoints over the fastest.
  "ln-checkpoint-variance": { about: 1 },
  // Exponents of time in size.
  "ln-training-linear-scaling": { about: 1 },
  "ln-viability-linear-scaling": { about: 1 },
  "lnsp-latency-linear": { about: 1 },
  // The teacher's size over the student's.
  "ln-viability-size": { atLeast: 10 },
  // Times late in a run over times early in it.
  "ln-sustained-performance": { about: 1 },
  "mlx-no-throttling": { about: 1 },
  // Throughput of two trainings over that of one.
  "ln-future-ensemble": { above: 1 },
  // The width with the best quality, and the narrowest from which no wider one gains.
  "lnsp-winner": { about: 256 },
  "lnsp-goldilocks": { about: 256 },
  "lnsp-256-optimal": { about: 256 },
  "lnsp-256-ceiling": { atMost: 256 },
  "lnsp-768-sweet-spot": { about: 768 },
  // Recall gained.
  "lnsp-bottleneck-320-quality": { above: 0 },
  "lnsp-bottleneck-512-quality": { above: 0 },
  "lnsp-bottleneck-768-quality": { above: 0 },
  "lnsp-bottleneck-1024-quality": { above: 0 },
  "lnsp-tune-first": { above: 0 },
  // The document's own coefficient of variation.
  "lnsp-stable": { atMost: 0.029 },
  // Share of the memory of a machine.
  "lnsp-memory-4096-too-much": { above: 0.5 },
  // Times with arrays held over times without.
  "mlx-pressure-no-degradation": { about: 1 },
  // A tenth of the two gigabytes that were let go.
  "mlx-garbage-collection": { atMost: 200 },
  // Times with the advice over times without.
  "mlx-rec-batch-power-2": { below: 1 },
  "mlx-rec-shape-multiple": { below: 1 },
  "mlx-rec-precision": { below: 1 },
  // Times without the advice over times with it.
  "mlx-rec-contiguous": { above: 1 },
  "mlx-rec-preallocate": { above: 1 },
  "mlx-rec-reuse": { above: 1 },
  "mlx-summary-zero-copy": { above: 1 },
  "cbi-code-loader-restart": { above: 1 },
};
