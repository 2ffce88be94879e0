// Run as a child: reads a large table again and again with ONNX Runtime. Argument: a `ReadTask` as JSON. It sends `{ ways }`.

import process from "node:process";
import { type Graph, graph, input, matMul, reduceSum } from "../graph/mod.ts";
import { connectParent } from "../process/mod.ts";
import { type ArrayValue, compile } from "../runtime/mod.ts";
import type { ReadTask, ReadWay } from "./read_bandwidth.ts";

/** Rows of the table: enough for any number of threads to share them evenly. */
const ROWS = 512;

/** Reads all of `table` at each pass. */
async function readBy(
  name: string,
  program: Graph,
  feeds: Record<string, ArrayValue>,
  { threads, passes }: ReadTask,
): Promise<ReadWay> {
  const session = await compile(program, { threads });
  const shape = program.outputs.y.shape as number[];
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const bound = session.bind(feeds, { y: { dtype: "float32", shape, data } });
  await bound.run();
  const bytesPerSecond: number[] = [];
  for (let pass = 0; pass < passes; pass++) {
    const before = performance.now();
    await bound.run();
    bytesPerSecond.push(feeds.table.data.byteLength / (performance.now() - before) * 1000);
  }
  await session.release();
  return { name, bytesPerSecond };
}

async function main(task: ReadTask): Promise<void> {
  const parent = connectParent();
  const columns = Math.floor(task.bytes / 4 / ROWS);
  // Written once: pages that nothing was written to are all the same page of zeros, which stays in the cache.
  const data = new Float32Array(ROWS * columns).fill(1);
  const table: ArrayValue = { dtype: "float32", shape: [ROWS, columns], data };
  const asked = input("table", "float32", [ROWS, columns]);
  const row: ArrayValue = { dtype: "float32", shape: [1, ROWS], data: new Float32Array(ROWS).fill(1) };
  const sums = graph("sums", { y: reduceSum(asked, { axes: [1] }) });
  const product = graph("product", { y: matMul(input("row", "float32", [1, ROWS]), asked) });
  parent.send({
    ways: [
      await readBy("ONNX Runtime, ReduceSum", sums, { table }, task),
      await readBy("ONNX Runtime, row times matrix", product, { row, table }, task),
    ],
  });
}

main(JSON.parse(process.argv[2]));
