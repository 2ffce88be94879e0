// Report 00 itself: what its notebook makes of copies of the records. The images of its figures are left out.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { readAllResults, type ResultsSource } from "lib/claims/audit/mod.ts";
import { codeCells, readNotebook } from "lib/notebook/mod.ts";
import { generateModule } from "lib/notebook/extract.ts";
import { projectPath } from "lib/process/mod.ts";
import { renderHtml, renderMarkdown, type Report } from "lib/report/mod.ts";

const NAME = "00-claims-audit";
/** This machine's reports, as committed: another machine's answer would remain where one of these is deleted. */
const own = readAllResults(["reports/**/results.json"], { except: NAME }).filter(({ path }) =>
  !path.startsWith("reports/machines/")
);

/** The notebook's report of some results, from the cells as they are: only where the results lie is another folder. */
async function reportOf(sources: readonly ResultsSource[]): Promise<Report> {
  const root = mkdtempSync(join(tmpdir(), "audit-report-"));
  try {
    for (const { path, results } of sources) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), JSON.stringify(results));
    }
    const notebook = readNotebook(projectPath("notebooks", `${NAME}.ipynb`));
    const { code } = generateModule(`${NAME}.ipynb`, codeCells(notebook));
    const moved = replaceOnce(code, "{ except: name }", `{ except: name, root: ${JSON.stringify(root)} }`);
    const file = join(root, "cells.ts");
    writeFileSync(file, replaceOnce(moved, "await report.write();", "export { report };"));
    return (await import(pathToFileURL(file).href)).report;
  } finally {
    rmSync(root, { recursive: true });
  }
}

function replaceOnce(text: string, old: string, by: string): string {
  assert.equal(text.split(old).length, 2, `expected ${old} once`);
  return text.replace(old, () => by);
}

/** The rows of the tables of claims, cell by cell, by claim. */
function claimRows(markdown: string): Map<string, string[]> {
  const rows = markdown.split("\n").filter((line) => /^\| `[a-z0-9-]+` +\|/.test(line))
    .map((line) => line.slice(2, -2).split(/ +\| +/).map((cell) => cell.trim()));
  return new Map(rows.map((cells) => [cells[0].slice(1, -1), cells]));
}

/** The number in the last row of the table of verdicts, under "not yet measured". */
function waiting(markdown: string): number {
  const [, count] = /^\| \*\*all\*\* +\|.* (\d+) \|$/m.exec(markdown)!;
  return Number(count);
}

Deno.test("report 00 is made of records alone: deleting one turns exactly its claims to not yet measured", async () => {
  const before = renderMarkdown((await reportOf(own)).document);
  const rows = claimRows(before);
  assert.equal(rows.size, 556);
  assert.equal([...rows.values()].filter(([, verdict]) => verdict === "not yet measured").length, waiting(before));
  // One of several claims, of which none is arithmetic alone.
  const [deleted] = own.flatMap(({ results }) => results.records).filter(({ claims }) => claims.length > 1)
    .filter(({ claims }) => claims.every((id) => rows.get(id)![1] !== "not yet measured"));
  const left = own.map(({ path, results }) => ({
    path,
    results: { ...results, records: results.records.filter((record) => record !== deleted) },
  }));
  const report = await reportOf(left);
  const after = renderMarkdown(report.document);
  const changed = [...claimRows(after)].filter(([id, cells]) => cells.join("|") !== rows.get(id)!.join("|"));
  assert.deepEqual(changed.map(([id]) => id).sort(), [...deleted.claims].sort(), `without ${deleted.id}`);
  for (const [id, cells] of changed) assert.equal(cells[1], "not yet measured", id);
  assert.equal(waiting(after), waiting(before) + deleted.claims.length);
  // The page that filters by verdict says the same.
  const html = renderHtml(report.document, { plotlyScript: "", svgs: {} });
  assert.equal(html.match(/<td[^>]*>not yet measured<\/td>/g)?.length, waiting(after));
});

Deno.test("report 00 of no records at all has a verdict for every claim: not yet measured", async () => {
  const markdown = renderMarkdown((await reportOf([])).document);
  const rows = [...claimRows(markdown).values()];
  assert.equal(rows.length, 556);
  assert.ok(rows.every(([, verdict]) => verdict === "not yet measured"));
});
