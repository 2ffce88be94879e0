// A decoder that keeps keys and values as named inputs and outputs gives, step by step, what the whole sequence gives at once.

import assert from "node:assert/strict";
import {
  add,
  type ArrayValue,
  bindDimensions,
  type Dim,
  gather,
  gradients,
  type Graph,
  interpret,
  matMul,
  type NdArray,
  reduceSum,
  transpose,
} from "lib/graph/mod.ts";
import {
  cachedGroupedQueryAttention,
  initialValues,
  type KeyValueCache,
  model,
  rmsNorm,
  swiGlu,
  tensor,
  type TensorSpec,
} from "lib/nn/mod.ts";
import { compile, type Session, tfjsExecutor } from "lib/runtime/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

const [HEADS, KEY_HEADS, WIDTH, LAYERS, VOCABULARY] = [4, 2, 8, 2, 11];
const HEAD_DIM = WIDTH / HEADS;
const IDS = [[3, 1, 4, 1, 5, 9, 2], [6, 5, 3, 5, 8, 9, 7]];
const cacheNames = Array.from({ length: LAYERS }, (_, i) => [`keys${i}`, `values${i}`] as const);

/** Name of the input that takes what an output gave. */
const pastName = (name: string) => `past.${name}`;

/** Layers of attention and SwiGLU; `past` is the name or size of what the caches hold, null for the first positions. */
function decoder(sequence: Dim, past: Dim | null, batch: Dim = "batch") {
  const cache: Record<string, TensorSpec> = past === null ? {} : Object.fromEntries(
    cacheNames.flat().map((name) => [pastName(name), tensor("float32", [batch, KEY_HEADS, past, HEAD_DIM])]),
  );
  return model("decoder", { inputs: { ids: tensor("int32", [batch, sequence]), ...cache } }, (scope, inputs) => {
    const initializer = { kind: "normal", mean: 0, standardDeviation: 0.5 } as const;
    const words = scope.child("embedding").parameter("weight", [VOCABULARY, WIDTH], { initializer });
    let hidden = gather(words, inputs.ids);
    const outputs: Record<string, typeof hidden> = {};
    cacheNames.forEach(([keys, values], i) => {
      const layer = scope.child(`layer${i}`);
      const attended = cachedGroupedQueryAttention(layer.child("attention"), rmsNorm(layer.child("norm"), hidden), {
        heads: HEADS,
        keyValueHeads: KEY_HEADS,
        cache: past === null ? null : { keys: inputs[pastName(keys)], values: inputs[pastName(values)] },
      });
      hidden = add(hidden, attended.output);
      hidden = add(hidden, swiGlu(layer.child("feedForward"), rmsNorm(layer.child("outerNorm"), hidden), 12));
      Object.assign(outputs, { [keys]: attended.cache.keys, [values]: attended.cache.values });
    });
    return { logits: matMul(rmsNorm(scope.child("last"), hidden), transpose(words)), ...outputs };
  });
}

const weightsOf = ({ parameters }: Graph): Record<string, ArrayValue> =>
  Object.fromEntries(
    parameters.map((leaf) => [leaf.source.name, {
      dtype: "float32",
      shape: leaf.shape as number[],
      data: initialValues(leaf, 7),
    }]),
  );

const idsValue = (from: number, to: number): ArrayValue => ({
  dtype: "int32",
  shape: [IDS.length, to - from],
  data: Int32Array.from(IDS.flatMap((row) => row.slice(from, to))),
});

type Run = (feeds: Readonly<Record<string, ArrayValue>>) => Promise<Record<string, ArrayValue>>;

/** Logits `[batch, sequence, vocabulary]`: some first positions at once, then further ones in steps of `stride`. */
async function stepByStep(first: Run, next: Run, { start, stride }: { start: number; stride: number }) {
  const { logits, ...cache } = await first({ ids: idsValue(0, start) });
  const parts = [logits];
  let kept = cache;
  for (let at = start; at < IDS[0].length; at += stride) {
    const past = Object.entries(kept).map(([name, value]) => [pastName(name), value] as const);
    const { logits, ...longer } = await next({ ids: idsValue(at, at + stride), ...Object.fromEntries(past) });
    for (const name of cacheNames.flat()) {
      assert.deepEqual([...longer[name].shape], [IDS.length, KEY_HEADS, at + stride, HEAD_DIM]);
    }
    parts.push(logits);
    kept = longer;
  }
  return IDS.flatMap((_, row) =>
    parts.flatMap(({ data, shape }) => {
      const size = shape[1] * VOCABULARY;
      return [...(data as Float32Array).subarray(row * size, (row + 1) * size)];
    })
  );
}

const reference: (graph: Graph) => Run = (graph) => (feeds) =>
  Promise.resolve(
    interpret(graph, { ...weightsOf(graph), ...feeds } as Record<string, NdArray>) as unknown as Record<
      string,
      ArrayValue
    >,
  );

const whole = () => reference(decoder(IDS[0].length, null).trace())({ ids: idsValue(0, IDS[0].length) });

Deno.test("the interpreter gives the whole sequence's logits step by step, from a cache of any length", async () => {
  const { logits: expected } = await whole();
  for (const [sequence, start, stride] of [[1, 1, 1], [1, 4, 1], [2, 3, 2], ["sequence", 2, 5]] as const) {
    const first = reference(decoder("prompt", null).trace());
    const next = reference(decoder(sequence, "past").trace());
    const logits = await stepByStep(first, next, { start, stride });
    assertAllClose(logits, expected.data as unknown as Float64Array, { rtol: 1e-10, atol: 1e-12 });
  }
});

const EXECUTORS: Record<string, (graph: Graph) => Promise<Session>> = {
  "ONNX Runtime": (graph) => compile(graph, { threads: 1, weights: weightsOf(graph) }),
  tfjs: (graph) => tfjsExecutor(graph, { backend: "tfjs", weights: weightsOf(graph) }),
};

for (const [name, open] of Object.entries(EXECUTORS)) {
  Deno.test(`${name} gives the whole sequence's logits step by step, to 1e-6 of their norm`, async () => {
    const { logits: expected } = await whole();
    const sessions = [await open(decoder("prompt", null).trace()), await open(decoder(1, "past").trace())];
    try {
      const [first, next] = sessions.map((session): Run => (feeds) => session.run(feeds));
      const logits = await stepByStep(first, next, { start: 2, stride: 1 });
      const norm = (values: readonly number[]) => Math.hypot(...values);
      const exact = [...expected.data as unknown as Float64Array];
      const error = norm(logits.map((value, i) => value - exact[i])) / norm(exact);
      assert.ok(error < 1e-6, `${error}`);
    } finally {
      for (const session of sessions) await session.release();
    }
  });
}

Deno.test("caches with named lengths are inputs and outputs of the model by name and shape", () => {
  const step = decoder(1, "past").trace();
  assert.deepEqual(step.inputs["past.keys1"].shape, ["batch", KEY_HEADS, "past", HEAD_DIM]);
  assert.deepEqual(step.outputs.values0.shape, ["batch", KEY_HEADS, "past+1", HEAD_DIM]);
  assert.deepEqual(step.outputs.logits.shape, ["batch", 1, VOCABULARY]);
  const fixed = bindDimensions(step, { past: 6, batch: 2 });
  assert.deepEqual(fixed.outputs.values0.shape, [2, KEY_HEADS, 7, HEAD_DIM]);
});

Deno.test("a decoder step with a fixed cache can be differentiated, one with a named cache says what to fix", () => {
  const { outputs, parameters } = decoder(1, 6, 2).trace();
  assert.equal(gradients(reduceSum(outputs.logits), parameters).length, parameters.length);
  const open = decoder(1, "past", 2).trace();
  assert.throws(
    () => gradients(reduceSum(open.outputs.logits), open.parameters),
    /^TypeError|RangeError: Cannot differentiate.*fix "past" with bindDimensions first/,
  );
});

Deno.test("a cache of other heads or lengths is refused", () => {
  const attention = (specs: Record<keyof KeyValueCache, TensorSpec>) =>
    model("odd", { inputs: { x: tensor("float32", ["batch", 1, WIDTH]), ...specs } }, (scope, { x, keys, values }) => ({
      y: cachedGroupedQueryAttention(scope, x, { heads: HEADS, keyValueHeads: KEY_HEADS, cache: { keys, values } })
        .output,
    })).trace();
  const spec = (heads: number, past: Dim) => tensor("float32", ["batch", heads, past, HEAD_DIM]);
  attention({ keys: spec(2, "past"), values: spec(2, "past") });
  const message =
    /expected keys and values \[batch, 2, past, 2\], got (keys|values) \[batch, \d, \w+, 2\], at .*cache_test/;
  assert.throws(() => attention({ keys: spec(4, "past"), values: spec(4, "past") }), message);
  assert.throws(() => attention({ keys: spec(2, "past"), values: spec(2, "other") }), message);
});
