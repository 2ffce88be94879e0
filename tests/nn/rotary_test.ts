// Rotary positions by fed angles, attention by fed positions, and short convolutions that go on from a state.

import { type FeedArray, graph, greaterOrEqual, input, interpret } from "lib/graph/mod.ts";
import {
  cachedGatedShortConv,
  cachedGroupedQueryAttention,
  gatedShortConv,
  initialValues,
  model,
  rotary,
  rotaryBy,
  tensor,
} from "lib/nn/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

const WIDTH = 8;
const counted = (count: number, factor = 1) => Float64Array.from({ length: count }, (_, i) => Math.sin(factor * i + 1));

Deno.test("rotaryBy is rotary by angles that are known, for tensors of any rank", () => {
  const [theta, headDim] = [100, 4];
  const positions = [3, 0, 7, 1, 2, 5];
  const angles = positions.flatMap((position) => [0, 1].map((i) => position * theta ** (-2 * i / headDim)));
  for (const shape of [[2, 3, headDim], [2, 2, 3, headDim], [2, 2, 1, 3, headDim]]) {
    const x = input("x", "float32", shape);
    const place = input("positions", "int32", [2, 3]);
    const part = (name: string) => input(name, "float32", [2, 3, headDim / 2]);
    const both = graph("both", {
      computed: rotary(x, { positions: place, theta }),
      fed: rotaryBy(x, { cosines: part("cosines"), sines: part("sines") }),
    });
    const { computed, fed } = interpret(both, {
      x: { data: counted(shape.reduce((size, dim) => size * dim)) },
      positions: { data: positions },
      cosines: { data: angles.map(Math.cos) },
      sines: { data: angles.map(Math.sin) },
    });
    assertAllClose(fed.data, computed.data, { rtol: 1e-12 });
  }
});

Deno.test("attention by positions sees what attention of the rows alone sees, wherever the padding is", () => {
  const heads = { heads: 4, keyValueHeads: 2, theta: 100 };
  const padded = model("padded", {
    inputs: {
      x: tensor("float32", [1, 2, WIDTH]),
      positions: tensor("int32", [1, 2]),
      keyPositions: tensor("int32", [1, 6]),
      keys: tensor("float32", [1, 2, 4, 2]),
      values: tensor("float32", [1, 2, 4, 2]),
    },
  }, (scope, { x, positions, keyPositions, keys, values }) => ({
    y: cachedGroupedQueryAttention(scope, x, { ...heads, positions, keyPositions, cache: { keys, values } }).output,
  })).trace();
  const alone = model("alone", { inputs: { x: tensor("float32", [1, 4, WIDTH]) } }, (scope, { x }) => {
    const { output, cache } = cachedGroupedQueryAttention(scope, x, heads);
    return { y: output, keys: cache.keys, values: cache.values };
  }).trace();
  const weights = Object.fromEntries(
    alone.parameters.map((leaf) => [leaf.source.name, { data: initialValues(leaf, 1) }]),
  );
  const x = counted(4 * WIDTH);
  const whole = interpret(alone, { x: { data: x }, ...weights });
  // The first two positions lie in slots 1 and 3 of the cache, between slots of anything.
  const spread = ({ data }: { data: Float64Array }): FeedArray => {
    const slots = counted(2 * 4 * 2, 9);
    for (let head = 0; head < 2; head++) {
      [1, 3].forEach((slot, k) =>
        slots.set(data.subarray((head * 4 + k) * 2, (head * 4 + k + 1) * 2), (head * 4 + slot) * 2)
      );
    }
    return { data: slots };
  };
  const found = interpret(padded, {
    x: { data: x.subarray(2 * WIDTH) },
    positions: { data: [2, 3] },
    keyPositions: { data: [-1, 0, -1, 1, 2, 3] },
    keys: spread(whole.keys),
    values: spread(whole.values),
    ...weights,
  });
  assertAllClose(found.y.data, whole.y.data.subarray(2 * WIDTH), { rtol: 1e-9, atol: 1e-12 });
});

for (const kernel of [2, 3, 5]) {
  Deno.test(`a short convolution of width ${kernel} goes on from its state, and reads padding as zero`, () => {
    const whole = model("whole", { inputs: { x: tensor("float32", [1, 7, WIDTH]) } }, (scope, { x }) => ({
      y: gatedShortConv(scope, x, { kernel }),
    })).trace();
    const step = model("step", {
      inputs: {
        x: tensor("float32", ["batch", "sequence", WIDTH]),
        places: tensor("int32", ["batch", "sequence"]),
        state: tensor("float32", ["batch", kernel - 1, WIDTH]),
      },
    }, (scope, { x, places, state }) => {
      const result = cachedGatedShortConv(scope, x, { kernel, real: greaterOrEqual(places, 0), state });
      return { y: result.output, next: result.state! };
    }).trace();
    const weights = Object.fromEntries(
      whole.parameters.map((leaf) => [leaf.source.name, { data: initialValues(leaf, 1) }]),
    );
    const x = counted(7 * WIDTH);
    const { y } = interpret(whole, { x: { data: x }, ...weights });
    let state: FeedArray = { data: new Float64Array((kernel - 1) * WIDTH), shape: [1, kernel - 1, WIDTH] };
    const parts: number[] = [];
    const feed = (rows: Float64Array, places: number[]) => {
      const result = interpret(step, {
        x: { data: rows, shape: [1, places.length, WIDTH] },
        places: { data: places, shape: [1, places.length] },
        state,
        ...weights,
      });
      state = result.next;
      return [...result.y.data];
    };
    feed(counted(2 * WIDTH, 7), [-1, -1]); // padding in front
    for (const [start, end] of [[0, 1], [1, 5], [5, 7]]) {
      parts.push(
        ...feed(x.subarray(start * WIDTH, end * WIDTH), Array.from({ length: end - start }, (_, i) => start + i)),
      );
    }
    assertAllClose(parts, y.data, { rtol: 1e-9, atol: 1e-12 });
  });
}
