import assert from "node:assert/strict";
import { flatRows, type Row, toCsv, toDataFrame, toJson } from "lib/sweep/mod.ts";
import { inFolder, scriptedStudy } from "./studies.ts";

const rowsOfStudy = async (): Promise<Row[]> => {
  let rows: Row[] = [];
  await inFolder(async (folder) => {
    rows = await scriptedStudy(folder, 2).run({ failures: "return" }) as unknown as Row[];
  });
  return rows;
};

/** Fields of CSV as RFC 4180 has them. */
function parsedCsv(text: string): string[][] {
  const lines: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    lines.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === "\n") lines.push([]);
  }
  return lines.slice(0, -1);
}

Deno.test("toCsv has a column for each parameter, metric and cost, and quotes what needs it", async () => {
  const [first, second] = await rowsOfStudy();
  const odd = { ...first, note: 'a "b", c\nd', widths: [8, 4] } as unknown as Row;
  const [names, ...lines] = parsedCsv(toCsv([odd, second]));
  assert.deepEqual(names.slice(0, 7), [
    ...["studentDim", "seed", "note", "widths", "validation.loss", "validation.cosine", "parameterCount"],
  ]);
  const cells = Object.fromEntries(names.map((name, i) => [name, lines[0][i]]));
  assert.deepEqual([cells.note, cells.widths, cells.studentDim, cells.epochs], ['a "b", c\nd', "[8,4]", "4", "3"]);
  assert.equal(Number(cells["validation.loss"]), first.validation.loss);
  assert.deepEqual(lines.map((line) => line.length), [names.length, names.length]);
  assert.deepEqual(lines[1].slice(0, 4), ["8", "1", "", ""]); // absent
  assert.equal(toCsv([]).split("\n").length, 2);
});

Deno.test("toJson has rows with their histories, and the trials without rows", async () => {
  const rows = await rowsOfStudy();
  const { failures, ...parsed } = JSON.parse(toJson(rows));
  assert.deepEqual(parsed, { rows: [...rows], pruned: [], cancelled: [] });
  assert.deepEqual([failures.length, failures[0].kind, parsed.rows[0].history.length], [1, "exited", 3]);
});

Deno.test("toDataFrame makes a frame that sorts, filters and groups", async () => {
  const rows = await rowsOfStudy();
  const frame = toDataFrame(rows);
  assert.deepEqual(frame.columns, flatRows(rows).columns);
  assert.deepEqual(frame.shape, [2, frame.columns.length]);
  assert.deepEqual(frame.column("studentDim").values, [4, 8]);
  const sorted = frame.sortValues("parameterCount", { ascending: false });
  assert.deepEqual(sorted.column("studentDim").values, [8, 4]);
  assert.equal(frame.column("validation.cosine").mean(), 0.5);
  assert.throws(() => toDataFrame([]), /Cannot make a DataFrame: expected at least one row, got none/);
});
