import assert from "node:assert/strict";
import { record } from "lib/record/mod.ts";
import { cell, closeRenderer, type Content, inline, parameter, Report, setDisplay } from "lib/report/mod.ts";
import { exampleFigures } from "./example_figures.ts";
import { exampleReport, machine, records } from "./example_report.ts";

const make = () => new Report("test", { title: "Test", scale: "smoke", machine });

Deno.test("Report refuses literal digits outside code and says what to do", () => {
  const report = make();
  assert.throws(() => report.text`A cosine of 0.94 is kept.`, {
    name: "RangeError",
    message: 'Cannot add text: found the digit 0 in "A cosine of 0.94 is kept."; write a number as cell(record) or ' +
      "parameter(value), and a name that holds digits as `code`",
  });
  assert.throws(() => report.text`About x² of it`, /found the digit ²/);
  assert.throws(() => report.text`**bold 1**`, /found the digit 1/);
  assert.throws(() => report.text`an unclosed \`span 7`, /found the digit 7/);
  assert.throws(() => report.list(["item 3"]), /Cannot add a list item: found the digit 3/);
  assert.throws(() => report.finding`${"text with 4"}`, /found the digit 4/);
  assert.throws(() => report.unanswered("c", "judgement", "in 2025"), /found the digit 2/);
  const table = { id: "t", caption: "Caption", columns: ["A"], rows: [["5"]] };
  assert.throws(() => report.table(table), /Cannot add table t: found the digit 5/);
  const figure = {
    id: "f",
    caption: "C",
    alt: "6 dots",
    figure: exampleFigures.lineOverWeights(),
    records: [records.size],
  };
  assert.throws(() => report.figure(figure), /alternative text\): found the digit 6/);
  assert.equal(report.document.blocks.length, 0, "what was refused leaves nothing behind");
  report.text`Fine: \`int8\`, [a link](https://example.org/2025) and ${parameter(3)}.`;
});

Deno.test("Report refuses bare numbers and other values that are no content", () => {
  const report = make();
  const bare = 0.94 as unknown as Content;
  assert.throws(() => report.text`A cosine of ${bare}`, {
    name: "TypeError",
    message: "Cannot add text: expected text, cell(record) or parameter(value), " +
      "got the bare number 0.94 (use cell(record) or parameter(0.94))",
  });
  assert.throws(() => report.text`${undefined as unknown as Content}`, /got undefined/);
  assert.throws(() => report.text`a \`span ${parameter(1)}\``, /a value stands inside a code span/);
  assert.throws(() => parameter(NaN), /expected a finite number/);
  assert.throws(() => cell({} as never), /expected a record, got an object/);
  assert.throws(() => cell(records.cosine, { digits: 0 }), /digits from 1 to 15, got 0/);
  assert.throws(() => cell(records.size, { format: "percent" }), /expected unit "1", got "MB"/);
  assert.throws(() => inline`[x](javascript:alert)`, /expected a link to http, https or a relative path/);
});

Deno.test("Report stores a record once and refuses a second one with its id", () => {
  const report = make();
  report.text`${cell(records.cosine)} and ${cell({ ...records.cosine })}`;
  assert.deepEqual(report.document.records.map(({ id }) => id), ["pca.cosine"]);
  assert.throws(
    () => report.text`${cell({ ...records.cosine, value: 0.95 })}`,
    /another record with this id is already in the report/,
  );
});

Deno.test("Report keeps its records when the caller changes theirs", () => {
  const report = make();
  const mine = record({ id: "mine", quantity: "q", value: 1, unit: "1" });
  report.text`${cell(mine)}`;
  mine.value = 2;
  report.document.records[0].value = 3;
  assert.equal(report.document.records[0].value, 1);
});

Deno.test("Report refuses a record of a machine that it does not name", () => {
  assert.throws(
    () => make().text`${cell(records.elsewhere)}`,
    /expected its machine to be one of the report's \(3f9a2c17\), got aa11bb22/,
  );
});

Deno.test("Report refuses bad names, ids, rows, scales and figures without records", () => {
  const report = make();
  assert.throws(() => new Report("../up", { title: "T" }), /expected a name such as/);
  assert.throws(
    () => new Report("a", { title: "T", scale: "huge" }),
    /expected scale smoke, quick or full, got "huge"/,
  );
  assert.throws(() => report.heading(" "), /got an empty string/);
  assert.throws(() => report.list([]), /at least one item/);
  const table = { id: "t", caption: "Caption", columns: ["A", "B"], rows: [["x", "y"], ["x"]] };
  assert.throws(() => report.table(table), /expected 2 cells in every row, got 1 in rows\[1\]/);
  assert.throws(() => report.table({ ...table, id: "T 1" }), /expected an id such as/);
  report.table({ ...table, rows: [] });
  assert.throws(() => report.table({ ...table, rows: [] }), /the id is taken/);
  const figure = { id: "f", caption: "C", alt: "A", figure: exampleFigures.lineOverWeights(), records: [] };
  assert.throws(() => report.figure(figure), /expected the records that it is drawn from, got none/);
  const globe = { data: [{ type: "scatter3d" }], layout: {} };
  assert.throws(() => report.figure({ ...figure, figure: globe }), /data\[0\].type "scatter3d"/);
});

Deno.test("Report keeps claims answered and unanswered apart", () => {
  const report = make();
  assert.throws(() => report.claim(records.size), /expected at least one claim id/);
  report.claim(records.parameters);
  assert.throws(() => report.unanswered("claim-1", "judgement", ""), /record s.256.parameters answers it/);
  report.unanswered("claim-9", "judgement", "");
  assert.throws(() => report.unanswered("claim-9", "judgement", ""), /it was said before/);
  const late = record({ id: "late", quantity: "q", value: 1, unit: "1", claims: ["claim-9"] });
  assert.throws(() => report.claim(late), /its claim claim-9 is listed as unanswered/);
});

Deno.test("Report takes scale, parameters and identity from LATENT_LAB_RUN", () => {
  Deno.env.set(
    "LATENT_LAB_RUN",
    JSON.stringify({ scale: "full", parameters: { seeds: 5, name: "a b" }, outputDir: "/x" }),
  );
  try {
    const { scale, parameters, rerun } = new Report("test", { title: "T" }).document;
    assert.deepEqual({ scale, parameters }, { scale: "full", parameters: { seeds: 5, name: "a b" } });
    assert.equal(rerun, "deno task report test --scale full -p seeds=5 -p 'name=a b'");
    Deno.env.set("LATENT_LAB_RUN", "{");
    assert.throws(() => new Report("test", { title: "T" }), /Cannot read LATENT_LAB_RUN: expected JSON/);
    Deno.env.set("LATENT_LAB_RUN", '{"scale": 3}');
    assert.throws(() => new Report("test", { title: "T" }), /expected scale to be of type string, got 3/);
  } finally {
    Deno.env.delete("LATENT_LAB_RUN");
  }
});

Deno.test("Report shows every block through the installed hook", async () => {
  const shown: Record<string, unknown>[] = [];
  const before = setDisplay((bundle) => void shown.push(bundle));
  try {
    const report = make();
    report.text`PCA keeps ${cell(records.cosine)}; memory ${cell(records.memory)}.`;
    const figure = exampleFigures.lineOverWeights();
    await report.figure({ id: "f", caption: "Cosine by weight.", alt: "A line.", figure, records: [records.cosine] });
    assert.deepEqual(shown[0], {
      "text/markdown": "PCA keeps 0.943 [0.941, 0.945]; memory not measured (stopped by the memory watch).",
    });
    assert.deepEqual(Object.keys(shown[1]), ["application/vnd.plotly.v1+json", "image/png", "text/plain"]);
    assert.ok(String(shown[1]["image/png"]).startsWith("iVBORw0KGgo"), "base64 of a PNG");
    assert.equal(shown[1]["text/plain"], "Figure 1. Cosine by weight.\nA line.");
  } finally {
    setDisplay(before);
    await closeRenderer();
  }
});

Deno.test("Report.document is plain data", () => {
  const { document } = exampleReport();
  assert.deepEqual(JSON.parse(JSON.stringify(document)), document);
});
