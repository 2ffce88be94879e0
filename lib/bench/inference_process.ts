// The child of `measureInference`: builds one session, checks its first output, then times calls.

import { bindDimensions, deserializeGraph, elementCount, type Graph, graph, interpret } from "../graph/mod.ts";
import { initialValues } from "../nn/mod.ts";
import { connectParent, ownMemory, PeakMemory } from "../process/mod.ts";
import { type ArrayValue, compile, warmUpEngine } from "../runtime/mod.ts";
import { random } from "../statistics/mod.ts";
import type { InferenceAnswer, InferenceTask } from "./inference.ts";

const WARM_UP_CALLS = 5;
const TOLERANCE = 1e-4;
/** The interpreter is slow; beyond this many parameters one row would take longer than the measurement. */
const CHECKED_PARAMETERS = 5e7;

const float32 = (shape: readonly number[], data: Float32Array): ArrayValue => ({ dtype: "float32", shape, data });

function randomInputs({ inputs }: Graph, seed: number): Record<string, ArrayValue> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape }]) => {
      const data = new Float32Array(elementCount(shape as number[]));
      return [name, float32(shape as number[], random(seed, "input", name).fillUniform(data, -0.1, 0.1))];
    }),
  );
}

/** Largest difference from the float64 result on the first row, over the largest value. */
function checkFirstRow(
  model: Graph,
  { feeds, weights, got }: {
    feeds: Record<string, ArrayValue>;
    weights: Record<string, ArrayValue>;
    got: ArrayValue;
  },
): number {
  const numbers = ({ shape, data }: ArrayValue) => ({ shape, data: data as Float32Array });
  const single = Object.entries(feeds).map(([name, { shape, data }]) => {
    const row = [1, ...shape.slice(1)];
    return [name, { shape: row, data: (data as Float32Array).subarray(0, elementCount(row)) }];
  });
  const stored = Object.entries(weights).map(([name, value]) => [name, numbers(value)]);
  const { output } = interpret(model, Object.fromEntries([...single, ...stored]));
  let [difference, largest] = [0, 0];
  output.data.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - Number(got.data[i])));
    largest = Math.max(largest, Math.abs(value));
  });
  return difference / largest;
}

async function measure(task: InferenceTask): Promise<InferenceAnswer> {
  const whole = deserializeGraph(task.graph);
  const model = graph(whole.name, { output: whole.outputs.output });
  const fixed = bindDimensions(model, { batch: task.batchSize });
  const weights = Object.fromEntries(
    fixed.parameters.map((leaf) => [leaf.source.name, float32(leaf.shape as number[], initialValues(leaf, task.seed))]),
  );
  await warmUpEngine();
  const memory = new PeakMemory();
  const start = performance.now();
  const session = await compile(fixed, { threads: task.threads, weights });
  const createMs = performance.now() - start;
  const loadBytes = ownMemory().rssBytes - memory.baselineRssBytes;
  const feeds = randomInputs(fixed, task.seed);
  const firstStart = performance.now();
  const { output: got } = await session.run(feeds);
  const firstCallMs = performance.now() - firstStart;
  for (let i = 0; i < WARM_UP_CALLS; i++) await session.run(feeds);
  const peakBytes = memory.end() - memory.baselineRssBytes; // before the interpreter, whose memory is not the model's
  const values = fixed.parameters.reduce((sum, { shape }) => sum + elementCount(shape as number[]), 0);
  const relativeError = values <= CHECKED_PARAMETERS ? checkFirstRow(model, { feeds, weights, got }) : 0;
  if (!(relativeError <= TOLERANCE) || !Array.from(got.data, Number).every(Number.isFinite)) {
    throw new Error(`Wrong output: expected a relative error of at most ${TOLERANCE}, got ${relativeError}; not timed`);
  }
  const bound = session.bind(feeds, { output: got });
  for (let i = 0; i < WARM_UP_CALLS; i++) await bound.run();
  const samples: number[] = [];
  for (const begin = performance.now(); !done(samples.length, begin, task);) {
    const before = performance.now();
    await bound.run();
    samples.push(performance.now() - before);
  }
  return { createMs, firstCallMs, loadBytes, peakBytes, relativeError, samplesMs: Float64Array.from(samples) };
}

function done(calls: number, begin: number, { minCalls, minSeconds }: InferenceTask): boolean {
  return calls >= minCalls && performance.now() - begin >= minSeconds * 1000;
}

const parent = connectParent();
for await (const task of parent.messages) {
  parent.send(await measure(task as InferenceTask));
  break;
}
