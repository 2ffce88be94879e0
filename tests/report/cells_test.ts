// Which notebook cell made what: from the record to the document, its file and its page.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JSDOM } from "jsdom";
import { makingCell, record, setCellSource } from "lib/record/mod.ts";
import {
  cell,
  claimsWithRows,
  findingsHtml,
  inline,
  readDocument,
  renderHtml,
  Report,
  reportOutline,
  resultsJson,
} from "lib/report/mod.ts";
import { documentJson } from "lib/report/document_file.ts";

/** A report whose records are made by cells 2 and 4, and whose blocks by 7. */
function madeByCells(): Report {
  let running: number | null = 2;
  const before = setCellSource(() => running);
  try {
    const first = record({ id: "a.parameters", quantity: "parameters", value: 12, unit: "count", claims: ["claim-1"] });
    running = 4;
    const second = record({ id: "b.parameters", quantity: "parameters", value: 34, unit: "count" });
    record({ ...first, note: "seen again" });
    running = null;
    const nobody = record({ id: "c.parameters", quantity: "parameters", value: 56, unit: "count" });
    running = 7;
    const report = new Report("made", { title: "Made", scale: "smoke" });
    report.heading("Sizes");
    report.finding`The first has ${cell(first)}, the third ${cell(nobody)}.`;
    report.table({ id: "sizes", caption: "Sizes of both.", columns: ["First", "Second"], rows: [[first, second]] });
    return report;
  } finally {
    setCellSource(before);
  }
}

Deno.test("a report knows the cell that made each record, and the cell of each block", () => {
  const { document } = madeByCells();
  assert.deepEqual(document.records.map(({ id }) => id), ["a.parameters", "c.parameters", "b.parameters"]);
  assert.deepEqual(document.recordCells, [2, 7, 4], "of a record that no cell made, the cell that brought it");
  assert.deepEqual(document.blocks.map((block) => block.cell), [7, 7, 7]);
  assert.equal(makingCell("a.parameters"), null, "what was made under another source is forgotten");
});

Deno.test("outside of a headless run nothing is said of cells", () => {
  const report = new Report("made", { title: "Made", scale: "smoke" });
  report.text`There are ${cell(record({ id: "a", quantity: "parameters", value: 1, unit: "count" }))}.`;
  assert.ok(!("recordCells" in report.document));
  assert.ok(report.document.blocks.every((block) => !("cell" in block)));
});

Deno.test("document.json keeps cells", () => {
  const { document } = madeByCells();
  const folder = mkdtempSync(join(tmpdir(), "cells-test-"));
  try {
    mkdirSync(folder, { recursive: true });
    const results = resultsJson(document);
    writeFileSync(join(folder, "results.json"), results);
    writeFileSync(join(folder, "document.json"), documentJson(document, results));
    assert.deepEqual(readDocument(folder), document);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("renderHtml links a record to its cell, its tables and its claims, and back", () => {
  const { document: report } = madeByCells();
  const html = renderHtml(report, {
    plotlyScript: "",
    cellHref: (number) => `notebook.html#cell-${number}`,
    claimHref: (id) => `../../claims.html#claim-${id}`,
  });
  const { document } = new JSDOM(html).window;
  const links = (id: string) =>
    [...document.getElementById(id)!.querySelectorAll("a")].map((a) => a.getAttribute("href"));
  assert.deepEqual(links("record-a.parameters"), ["notebook.html#cell-2", "#table-sizes", "#claim-claim-1"]);
  assert.deepEqual(links("claim-claim-1").slice(0, 2), ["../../claims.html#claim-claim-1", "#record-a.parameters"]);
  const made = document.querySelector("#table-sizes .caption a.made")!;
  assert.equal(made.getAttribute("href"), "notebook.html#cell-7");
  const alone = new JSDOM(renderHtml(report, { plotlyScript: "" })).window.document;
  assert.equal(alone.querySelector("a.made"), null);
  assert.match(alone.getElementById("record-a.parameters")!.textContent!, /computed, cell 2/);
  assert.deepEqual(
    [...alone.querySelectorAll("a[href]")].map((a) => a.getAttribute("href")!).filter((href) => !href.startsWith("#")),
    [],
    "a page that stands alone leads nowhere else",
  );
});

Deno.test("claims that a table lists by id can be linked to where they are known, and reports lead to reports", () => {
  const report = new Report("audit", { title: "Audit", scale: "smoke" });
  report.table({
    id: "claims",
    caption: "Claims.",
    columns: ["Claim", "Verdict"],
    rows: [["`known-1`", "holds"], ["`other`", inline`see [the report](../made/report.md#a)`]],
  });
  const isClaim = (id: string) => id.startsWith("known");
  assert.deepEqual([...claimsWithRows(report.document, isClaim)], ["known-1"]);
  const html = renderHtml(report.document, {
    plotlyScript: "",
    claimHref: (id) => isClaim(id) ? `../../claims.html#claim-${id}` : null,
    linkHref: (href) => href.replace("report.md", "index.html"),
  });
  const { document } = new JSDOM(html).window;
  const [row, other] = document.querySelectorAll("#table-claims tbody tr");
  assert.equal(row.id, "claim-known-1");
  assert.equal(row.querySelector("a")!.getAttribute("href"), "../../claims.html#claim-known-1");
  assert.equal(other.id, "");
  assert.equal(other.querySelector("a")!.getAttribute("href"), "../made/index.html#a");
  assert.doesNotMatch(renderHtml(report.document, { plotlyScript: "" }), /id="claim-known-1"/);
});

Deno.test("reportOutline lists what can be linked to, and findingsHtml links to the report's page", () => {
  const { document } = madeByCells();
  assert.deepEqual(reportOutline(document), [
    { kind: "section", anchor: "section-sizes", label: "", text: "Sizes" },
    { kind: "table", anchor: "table-sizes", label: "Table 1", text: "Sizes of both." },
  ]);
  const [finding] = findingsHtml(document, { page: "reports/made/index.html" });
  assert.match(finding, /href="reports\/made\/index\.html#record-a\.parameters"[^>]*><span class="value">12</);
});
