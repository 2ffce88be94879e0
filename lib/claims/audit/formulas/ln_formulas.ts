// "M4 Pro MacBook LN Performance Benchmarks": what its figures follow from.

import { dense, FLOAT32_BYTES, type Formulas, MIB, percent, perSecond, ratio, same, sum } from "./formula.ts";

/** Parameters of all-MiniLM-L6-v2, the smallest teacher with 384 values that is in common use. */
const MINILM_PARAMETERS = 22_713_216;
/** Width of the input, of the student, and of the bottleneck inside its blocks. */
const [INPUT, WIDTH, INNER] = [384, 256, 128];
const CASES = "ln-analogy-cases";
const passed = (cases: number) => ([all]: readonly number[]) => 100 * cases / all;
const DIMENSIONS = ["ln-compressed-dim", "ln-input-dim"];

export const lnFormulas: Formulas = {
  "ln-compression-ratio": percent,
  "ln-total-parameters": sum,
  "ln-checkpoint-size": ([parameters]) => FLOAT32_BYTES * parameters / MIB,
  "ln-layers-normalization": () => 6 * 2,
  "ln-params-normalization": () => 6 * 2 * WIDTH,
  "ln-layers-compression": () => 2 + 3,
  "ln-params-compression": () => dense(INPUT, WIDTH) + dense(WIDTH, INNER) + INNER * WIDTH,
  "ln-layers-attention": () => 3,
  "ln-params-attention": () => dense(WIDTH, INNER) + INNER * WIDTH,
  "ln-layers-linear": () => 2,
  "ln-params-linear": () => WIDTH * INNER + INNER * WIDTH,
  "ln-layers-alignment": () => 2,
  "ln-params-alignment": () => dense(WIDTH, INPUT),
  "ln-layers-bias": () => 1,
  "ln-params-bias": () => WIDTH,
  "ln-layers-total": sum,
  "ln-teacher-throughput": perSecond(1),
  "ln-student-1-throughput": perSecond(1),
  "ln-student-2-throughput": perSecond(1),
  "ln-student-3-throughput": perSecond(1),
  "ln-teacher-speedup": ([throughput]) => throughput / throughput,
  "ln-student-1-speedup": ratio,
  "ln-student-2-speedup": ratio,
  "ln-student-3-speedup": ratio,
  "ln-student-latency-range": ([fastest, slowest]) => [1000 / fastest, 1000 / slowest],
  "ln-headline-throughput": same,
  "ln-headline-speedup": ([least, most]) => [least, most],
  "ln-vector-storage-saving": ([compressed, input]) => 100 * (1 - compressed / input),
  "ln-scale-1000-time": ([seconds]) => seconds * 10 / 60,
  "ln-scale-10000-time": ([seconds]) => seconds * 100 / 3600,
  "ln-scale-100000-time": ([seconds]) => seconds * 1000 / 3600,
  "ln-analogy-teacher-summary": passed(3),
  "ln-analogy-student-range": { inputs: [CASES], compute: ([all]) => [100 * 6 / all, 100 * 11 / all] },
  "ln-analogy-best": { inputs: [CASES], compute: passed(11) },
  "ln-analogy-improvement": ratio,
  "ln-efficiency-teacher-pass": same,
  "ln-efficiency-teacher-compression": ([input]) => input / input,
  "ln-efficiency-teacher-score": ([rate]) => rate / 100,
  "ln-efficiency-student-size": ([parameters]) => FLOAT32_BYTES * parameters / MIB,
  "ln-efficiency-student-parameters": same,
  "ln-efficiency-student-compression": { inputs: DIMENSIONS, compute: percent },
  "ln-efficiency-student-pass": { inputs: [CASES], compute: passed(11) },
  "ln-efficiency-student-score": ([rate]) => rate / 100,
  "ln-viability-throughput": same,
  "ln-viability-quality": ([teacher, student]) => [teacher, student],
  // Weights, gradients, and Adam's two moments.
  "ln-ram-multiplier": () => 1 + 1 + 2,
  "ln-ram-per-sample": ([dimensions]) => FLOAT32_BYTES * dimensions / 1024,
  // A batch without memory: the most that fit.
  "ln-concurrency-estimate": ([memoryGb]) => memoryGb / 1,
  "ln-training-speedup": ([least, most]) => [least, most],
  "ln-quality-improvement": ratio,
  "ln-resource-efficiency": ([parameters]) => MINILM_PARAMETERS / parameters,
};
