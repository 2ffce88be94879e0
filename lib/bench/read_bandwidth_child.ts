// Run as a child: reads a large table again and again with ONNX Runtime. Argument: a `ReadTask` as JSON. It sends `{ ways }`.

import process from "node:process";
import { gemm, type Graph, graph, input, reduceSum } from "../graph/mod.ts";
import { connectParent } from "../process/mod.ts";
import { type ArrayValue, compile } from "../runtime/mod.ts";
import type { ReadTask, ReadWay } from "./read_bandwidth.ts";

/** Columns of the table, as many as a wide layer has: there are rows enough for any number of threads to share them evenly. */
const COLUMNS = 4096;

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
  const rows = Math.floor(task.bytes / 4 / COLUMNS);
  // Written once: pages that nothing was written to are all the same page of zeros, which stays in the cache.
  const data = new Float32Array(rows * COLUMNS).fill(1);
  const table: ArrayValue = { dtype: "float32", shape: [rows, COLUMNS], data };
  const asked = input("table", "float32", [rows, COLUMNS]);
  const row: ArrayValue = { dtype: "float32", shape: [1, COLUMNS], data: new Float32Array(COLUMNS).fill(1) };
  const sums = graph("sums", { y: reduceSum(asked, { axes: [1] }) });
  const product = graph("product", { y: gemm(input("row", "float32", [1, COLUMNS]), asked, null, { transB: true }) });
  parent.send({
    ways: [
      await readBy("ONNX Runtime, ReduceSum", sums, { table }, task),
      await readBy("ONNX Runtime, Gemm of a row", product, { row, table }, task),
    ],
  });
}

main(JSON.parse(process.argv[2]));
