import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseResults, record } from "lib/record/mod.ts";
import { cell, closeRenderer, readDocument, renderMarkdown, Report, resultsJson, writeReport } from "lib/report/mod.ts";
import { exampleReport } from "./example_report.ts";

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "report-"));
  try {
    await run(folder);
  } finally {
    await closeRenderer();
    rmSync(folder, { recursive: true });
  }
}

const small = (scale: string) => {
  const report = new Report("small", { title: "Small", scale });
  report.text`One ${cell(record({ id: "one", quantity: "q", value: 1, unit: "1" }))}.`;
  return report;
};

Deno.test("write puts report, figures, records and document into the folder, the same bytes each time", async () => {
  await inFolder(async (folder) => {
    const report = exampleReport();
    const written = await report.write({ outputDir: folder });
    assert.deepEqual(readdirSync(folder).sort(), ["document.json", "figures", "report.md", "results.json"]);
    assert.deepEqual(readdirSync(join(folder, "figures")), ["quality.svg"]);
    assert.equal(readFileSync(written.report, "utf8"), renderMarkdown(report.document));
    assert.equal(readFileSync(written.results, "utf8"), resultsJson(report.document));
    assert.deepEqual(readDocument(folder), report.document);
    const { blocks, rerun, results, ...rest } = JSON.parse(readFileSync(join(folder, "document.json"), "utf8"));
    assert.deepEqual(
      [typeof rerun, typeof results, rest],
      ["string", "string", {}],
      "records are in results.json only",
    );
    assert.deepEqual(blocks, report.document.blocks);
    const read = () => [written.report, written.results, ...written.figures].map((path) => readFileSync(path, "utf8"));
    const before = read();
    await exampleReport().write({ outputDir: folder });
    assert.deepEqual(read(), before);
    for (const text of before) assert.ok(!text.includes(folder) && !text.includes(Deno.cwd()), "no absolute path");
  });
});

Deno.test("write removes figures and pages of an earlier version, and nothing else", async () => {
  await inFolder(async (folder) => {
    await exampleReport().write({ outputDir: folder });
    await exampleReport().writeHtml({ outputDir: folder });
    writeFileSync(join(folder, "figures", "old.svg"), "");
    writeFileSync(join(folder, "figures", "notes.txt"), "");
    await small("smoke").write({ outputDir: folder });
    assert.deepEqual(readdirSync(join(folder, "figures")), ["notes.txt"]);
    assert.ok(!existsSync(join(folder, "index.html")));
  });
});

Deno.test("write leaves the previous report in place when something cannot be rendered", async () => {
  await inFolder(async (folder) => {
    await small("smoke").write({ outputDir: folder });
    const before = readFileSync(join(folder, "report.md"), "utf8");
    const { document } = exampleReport();
    const figure = document.blocks.find((block) => block.kind === "figure")!;
    figure.figure.data[0].type = "scatter3d";
    await assert.rejects(writeReport(document, { outputDir: folder }), /"scatter3d"/);
    assert.equal(readFileSync(join(folder, "report.md"), "utf8"), before);
    assert.ok(!existsSync(join(folder, "figures")));
  });
});

Deno.test("write refuses to replace a report of a larger scale without force", async () => {
  await inFolder(async (folder) => {
    await small("full").write({ outputDir: folder });
    await assert.rejects(
      small("quick").write({ outputDir: folder }),
      /a full report stands there and this one is quick; call write\(\{ force: true \}\)/,
    );
    assert.equal(parseResults(readFileSync(join(folder, "results.json"), "utf8")).scale, "full");
    await small("quick").write({ outputDir: folder, force: true });
    await small("quick").write({ outputDir: folder });
    await small("full").write({ outputDir: folder });
  });
});

Deno.test("writeHtml writes one page with plotly once and every figure static too", async () => {
  await inFolder(async (folder) => {
    const html = readFileSync(await exampleReport().writeHtml({ outputDir: folder }), "utf8");
    assert.equal(html.split("plotly.js v").length, 2);
    assert.equal(html.split('src="data:image/svg+xml,').length, 2);
    const plain = readFileSync(await small("smoke").writeHtml({ outputDir: folder }), "utf8");
    assert.ok(plain.length < 50_000, "no plotly without figures");
  });
});

Deno.test("readDocument refuses a folder without a document, and a broken one", async () => {
  await inFolder(async (folder) => {
    assert.throws(() => readDocument(folder), /expected one in .*got none; run the report's notebook again/);
    writeFileSync(join(folder, "document.json"), "{}");
    assert.throws(() => readDocument(folder), /expected a report document with blocks/);
    await small("smoke").write({ outputDir: folder });
    assert.equal(readDocument(folder).blocks.length, 1);
    const path = join(folder, "results.json");
    const results = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...results, records: [{ ...results.records[0], value: 2 }] }));
    assert.throws(() => readDocument(folder), /expected results\.json to be the one it was written with/);
    writeFileSync(path, JSON.stringify({ ...results, records: [{ id: "x" }] }));
    assert.throws(() => readDocument(folder), /records\[0\]/);
  });
});
