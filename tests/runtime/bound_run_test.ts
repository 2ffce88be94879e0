import assert from "node:assert/strict";
import { graph, input, relu } from "lib/graph/mod.ts";
import { ownMemory } from "lib/process/mod.ts";
import { compile } from "lib/runtime/mod.ts";

Deno.test("bound runs leave no copies of their outputs behind", async () => {
  const count = 2 ** 19; // few enough bytes that garbage would wait for a collection
  const session = await compile(graph("positive", { y: relu(input("x", "float32", [count])) }), { threads: 1 });
  try {
    const array = () => ({ dtype: "float32" as const, shape: [count], data: new Float32Array(count).fill(1) });
    const y = array();
    const bound = session.bind({ x: array() }, { y });
    await bound.run();
    const before = ownMemory().rssBytes;
    for (let i = 0; i < 12; i++) await bound.run();
    const growth = ownMemory().rssBytes - before;
    assert.ok(growth < 4 * 4 * count, `12 runs grew by ${growth} bytes, an output has ${4 * count}`);
    assert.equal(y.data[count - 1], 1);
  } finally {
    await session.release();
  }
});
