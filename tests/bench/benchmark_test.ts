import assert from "node:assert/strict";
import {
  benchmarkTable,
  fastestRival,
  type MeasuredCells,
  mergeRun,
  pairedBlocks,
  parseBenchmark,
  summarizeCells,
} from "lib/bench/mod.ts";
import { machineFacts } from "lib/runtime/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { cellOf, sideOf } from "./cells.ts";

const MACHINE = machineFacts();
const ABOUT = { benchmark: "train", subject: "steps", machine: MACHINE };
const run = (fields: Partial<MeasuredCells>): MeasuredCells => ({
  cells: [],
  controls: [],
  overheads: [],
  skipped: [],
  ...fields,
});

Deno.test("fastestRival is the fastest side that counts", () => {
  const sides = [sideOf("ours", 1), sideOf("a", 3), sideOf("b", 2), sideOf("c", 0.5, { role: "other" })];
  assert.equal(fastestRival(sides)?.name, "b");
  assert.equal(fastestRival(sides.slice(0, 1)), null);
});

Deno.test("pairedBlocks keeps the rounds of both sides", () => {
  const first = sideOf("ours", 1, { rounds: [0, 1, 2], blocksMs: [[1], [2], [3]] });
  const second = sideOf("a", 1, { rounds: [1, 2, 3], blocksMs: [[20], [30], [40]] });
  assert.deepEqual(pairedBlocks(first, second), { first: [[2], [3]], second: [[20], [30]] });
});

Deno.test("summarizeCells is the geometric mean over cells that count, and names the largest", () => {
  const cells = [
    cellOf("S=256", [1, 2]),
    cellOf("S=512", [4, 2]),
    cellOf("S=1024", [9, 1], { verdict: "INVALID" }),
    cellOf("S=2048", [9, null]),
    cellOf("S=4096", [1, 4]),
  ];
  const { ratio, low, high, n, cellsCounted, largest } = summarizeCells(cells);
  assertAllClose([ratio!, low!, high!], new Array(3).fill((0.5 * 2 * 0.25) ** (1 / 3)), { rtol: 1e-12 });
  assert.deepEqual([n, cellsCounted], [12, 3]);
  assert.deepEqual(largest, { subject: "S=512", batchSize: 32, threads: 2, ratio: 2 });
  assert.deepEqual(summarizeCells(cells.slice(2, 4)).ratio, null);
});

Deno.test("summarizeCells pairs what stood next to each other: a slow machine in one round widens nothing", () => {
  const rounds = [0, 1, 2, 3, 4, 5];
  const slow = [1, 1, 5, 1, 1, 1];
  const cell = cellOf("S=256", [1, 2]);
  cell.sides = [
    sideOf("ours", 1, { rounds, blocksMs: slow.map((factor) => [factor]) }),
    sideOf("PyTorch eager", 2, { rounds, blocksMs: slow.map((factor) => [2 * factor]) }),
  ];
  const { ratio, low, high } = summarizeCells([cell]);
  assertAllClose([ratio!, low!, high!], [0.5, 0.5, 0.5], { rtol: 1e-12 });
});

Deno.test("mergeRun replaces cells of the same name, keeps the others, and sorts", () => {
  const first = mergeRun(
    null,
    run({ cells: [cellOf("S=1024", [1, 1]), cellOf("S=256", [1, 1]), cellOf("S=256", [3, 1], { threads: 1 })] }),
    ABOUT,
  );
  assert.deepEqual(first.cells.map(({ subject, threads }) => [subject, threads]), [
    ["S=256", 2],
    ["S=1024", 2],
    ["S=256", 1],
  ]);
  const second = mergeRun(first, run({ cells: [cellOf("S=256", [8, 1], { measuredAt: "later" })] }), ABOUT);
  assert.deepEqual(second.cells.map(({ measuredAt }) => measuredAt), [
    "later",
    first.cells[1].measuredAt,
    first.cells[2].measuredAt,
  ]);
  assertAllClose([second.ratio!], [24 ** (1 / 3)], { rtol: 1e-12 });
  assert.equal(second.largest?.ratio, 8);
  assert.deepEqual(first.cells[0].sides[0].medianMs, 1, "the first file's content is left as it was");
});

Deno.test("mergeRun lists a skipped cell only where there is none, until it is measured", () => {
  const skipped = ["S=256", "S=512"].map((subject) => ({ subject, batchSize: 32, threads: 2, reason: "no time" }));
  const first = mergeRun(null, run({ cells: [cellOf("S=256", [1, 1])], skipped }), ABOUT);
  assert.deepEqual(first.skipped.map(({ subject }) => subject), ["S=512"]);
  assert.deepEqual(mergeRun(first, run({ cells: [cellOf("S=512", [1, 1])] }), ABOUT).skipped, []);
});

Deno.test("mergeRun counts only the cells of the machine of the run", () => {
  const elsewhere = cellOf("S=256", [10, 1], { machine: { ...MACHINE, id: "another" } });
  const merged = mergeRun(
    mergeRun(null, run({ cells: [elsewhere] }), ABOUT),
    run({ cells: [cellOf("S=512", [1, 2])] }),
    ABOUT,
  );
  assert.deepEqual([merged.cells.length, merged.ratio, merged.cellsCounted], [2, 0.5, 1]);
  assert.match(benchmarkTable(merged), /1 of these cells were measured on another machine/);
});

Deno.test("parseBenchmark takes its own files only", () => {
  const file = mergeRun(null, run({ cells: [cellOf("S=256", [1, 2])] }), ABOUT);
  assert.deepEqual(parseBenchmark(JSON.stringify(file), "train"), file);
  assert.equal(parseBenchmark(JSON.stringify(file), "infer"), null);
  assert.equal(parseBenchmark(JSON.stringify({ ...file, schemaVersion: 1 }), "train"), null);
  assert.equal(parseBenchmark("{", "train"), null);
});

Deno.test("benchmarkTable shows every side, the ratio, the control, the overhead and what is missing", () => {
  const cell = cellOf("S=256", [1.234, 2]);
  cell.sides.push(
    sideOf("jax-js", 60, { role: "other", version: "0.1.25", verdict: "NOISY", reasons: ["jax-js: drift"] }),
  );
  cell.missing = [{ name: "PyTorch compiled", reason: "no compiler", overBudget: false }];
  const noPeer = cellOf("S=512", [3, null], { verdict: "NOISY", reasons: ["ours: IQR/median 0.20"] });
  const table = benchmarkTable(mergeRun(
    null,
    run({
      cells: [cell, noPeer],
      controls: [cellOf("S=256", [2, 2])],
      overheads: [cellOf("no work", [0.004, 0.003])],
      skipped: [{ subject: "S=8192", batchSize: 1024, threads: 1, reason: "skipped: no time" }],
    }),
    ABOUT,
  ));
  const [header, , first, second] = table.split("\n");
  assert.match(
    header,
    /\| subject \| batch \| threads \| ours ms \| PyTorch eager ms \| jax-js ms \| ours \/ best peer/,
  );
  const cells = (row: string) => row.split("|").map((text) => text.trim()).slice(1, -1);
  const ratio = ["0.617", "0.617 to 0.617", "PyTorch eager", "VALID"];
  assert.deepEqual(cells(first), ["S=256", "32", "2", "1.23", "2.00", "60.0", ...ratio]);
  assert.deepEqual(cells(second), ["S=512", "32", "2", "3.00", "", "", "", "", "", "NOISY"]);
  assert.match(
    table,
    /Overall: our time is 0\.617 of the best peer's \(0\.617 to 0\.617; geometric mean of 1 cells, 4 pairs\)/,
  );
  assert.match(table, /Largest: 0\.617 at S=256 x 32, 2 threads/);
  assert.match(table, /Control, ours against itself at S=256 x 32, 2 threads: 1\.000 \(1\.000 to 1\.000\), VALID/);
  assert.match(table, /Overhead of a call, no work x 32, 2 threads: ours 4\.00 us .*PyTorch eager 3\.00 us/);
  assert.match(table, /S=8192 x 1024, 1 thread: skipped: no time/);
  assert.match(table, /S=256 x 32, 2 threads: no PyTorch compiled: no compiler/);
  assert.match(table, /S=256 x 32, 2 threads jax-js NOISY: jax-js: drift/);
  assert.match(table, /S=512 x 32, 2 threads NOISY: ours: IQR\/median 0\.20/);
  assert.match(table, /jax-js 0\.1\.25: jax-js's settings/);
});
