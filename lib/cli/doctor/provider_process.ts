// One provider, tried in a process of its own: a driver that crashes or hangs takes only this one with it. The model is a small
// student, in float32 and float16; its outputs are compared with the float64 interpreter's before it is timed.

import process from "node:process";
import {
  bindDimensions,
  elementCount,
  interpret,
  toFloat16,
  type WeightedGraph,
  type Weights,
} from "../../graph/mod.ts";
import { lnspStudent } from "../../models/lnsp.ts";
import { connectParent } from "../../process/mod.ts";
import {
  type ArrayValue,
  compile,
  type CompileOptions,
  type CoreMlUnits,
  placement,
  type ProviderName,
} from "../../runtime/mod.ts";
import { quantile, random } from "../../statistics/mod.ts";

/** One configuration as it was found. */
export interface Trial {
  dtype: "fp32" | "fp16";
  /** Largest difference from the interpreter over the largest output; null when it did not run. */
  error: number | null;
  /** What the error may be. */
  bound: number;
  /** Median time of a call; null when it did not run or its outputs are wrong. */
  medianMs: number | null;
  /** Nodes by the provider that ran them; null when it did not run. */
  counts: Readonly<Record<string, number>> | null;
  /** Why it did not run. */
  failure: string | null;
}

const BATCH = 8;
const WIDTHS = { studentDim: 256, inputDim: 384, latentDim: 192 };
const CALLS = 40;
/** float16 has 11 bits, over four layers; CoreML computes in it on GPU and Neural Engine, whatever the model's dtype. */
const BOUNDS = { fp32: 1e-4, fp16: 2e-2 };

/** The student with random weights, and an input. */
export function tinyModel(): { source: WeightedGraph; feeds: Record<string, ArrayValue> } {
  const graph = bindDimensions(lnspStudent(WIDTHS).trace(), { batch: BATCH });
  const stream = random(1, "doctor");
  const draw = (shape: readonly number[], scale: number): ArrayValue => ({
    dtype: "float32",
    shape,
    data: Float32Array.from({ length: elementCount(shape) }, () => scale * stream.normal()),
  });
  const weights: Record<string, Weights[string]> = {};
  for (const { source, shape } of graph.parameters) {
    const sizes = shape as readonly number[];
    weights[source.name] = draw(sizes, 1 / Math.sqrt(sizes.at(-1)!));
  }
  return { source: { graph, weights }, feeds: { x: draw([BATCH, WIDTHS.inputDim], 1) } };
}

/** Tries one configuration; what fails is part of the answer. */
export async function tryConfiguration(
  dtype: Trial["dtype"],
  { graph, weights }: WeightedGraph,
  { feeds, expected, bound, options }: {
    feeds: Record<string, ArrayValue>;
    expected: ReturnType<typeof interpret>;
    bound: number;
    options: CompileOptions;
  },
): Promise<Trial> {
  const found: Trial = { dtype, error: null, bound, medianMs: null, counts: null, failure: null };
  try {
    const session = await compile(graph, { ...options, weights });
    try {
      found.error = largestError(await session.run(feeds), expected);
      if (found.error <= bound) found.medianMs = await medianOfCalls(() => session.run(feeds));
    } finally {
      await session.release();
    }
    found.counts = (await placement(graph, feeds, { ...options, weights })).counts;
  } catch (error) {
    found.failure = (error as Error).message.split("\n")[0];
  }
  return found;
}

function largestError(actual: Record<string, ArrayValue>, expected: ReturnType<typeof interpret>): number {
  let worst = 0;
  for (const [name, { data }] of Object.entries(expected)) {
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const values = actual[name].data as Float32Array;
    const difference = data.reduce((most, value, i) => {
      const here = Math.abs(value - values[i]);
      return here <= most ? most : here; // NaN wins
    }, 0);
    worst = !(difference / largest <= worst) ? difference / largest : worst;
  }
  return worst;
}

async function medianOfCalls(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < CALLS; i++) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  return quantile(times.slice(CALLS / 4), 0.5);
}

/** Both dtypes on one provider, or on one choice of CoreML's units. */
async function tryProvider(provider: ProviderName, units: CoreMlUnits | undefined): Promise<Trial[]> {
  const { source, feeds } = tinyModel();
  const expected = interpret(source.graph, { ...source.weights, ...feeds } as Parameters<typeof interpret>[1]);
  const options: CompileOptions = { provider, ...(units && { coreml: { units } }) };
  const halves = units !== undefined && units !== "cpuOnly";
  const single = await tryConfiguration("fp32", source, {
    feeds,
    expected,
    bound: BOUNDS[halves ? "fp16" : "fp32"],
    options,
  });
  const half = await tryConfiguration("fp16", toFloat16(source), { feeds, expected, bound: BOUNDS.fp16, options });
  return [single, half];
}

if (import.meta.main) {
  const [provider, units] = process.argv.slice(2) as [ProviderName, CoreMlUnits?];
  connectParent().send(await tryProvider(provider, units));
}
