// Report 00 itself: what its notebook makes of copies of the records. The images of its figures are left out.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readAllResults, type ResultsSource } from "lib/claims/audit/mod.ts";
import { codeCells, readNotebook } from "lib/notebook/mod.ts";
import { projectPath, startChild } from "lib/process/mod.ts";

const NAME = "00-claims-audit";
/** This machine's reports, as committed: another machine's answer would remain where one of these is deleted. */
const own = readAllResults(["reports/**/results.json"], { except: NAME }).filter(({ path }) =>
  !path.startsWith("reports/machines/")
);

interface Rendered {
  markdown: string;
  html: string;
}

/** The report of each of some results, from the notebook's cells as they are: only where the results lie is another folder. */
async function reportsOf(...results: (readonly ResultsSource[])[]): Promise<Rendered[]> {
  const root = mkdtempSync(join(tmpdir(), "audit-report-"));
  try {
    results.forEach((sources, i) => writeCells(join(root, String(i)), sources));
    const main = join(root, "main.ts");
    const imports = results.map((_, i) => `import { report as report${i} } from "./${i}/cells.ts";`);
    writeFileSync(
      main,
      `import { renderHtml, renderMarkdown } from "lib/report/mod.ts";
${imports.join("\n")}
const reports = [${results.map((_, i) => `report${i}`).join(", ")}];
console.log(JSON.stringify(reports.map(({ document }) => ({
  markdown: renderMarkdown(document),
  html: renderHtml(document, { plotlyScript: "", svgs: {} }),
}))));
`,
    );
    const { exitCode, stdout, stderrTail } = await startChild({ module: main, args: [], deadlineMs: 120_000 }).result;
    assert.equal(exitCode, 0, stderrTail);
    return JSON.parse(stdout);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** The notebook's cells as a module beside copies of results. */
function writeCells(root: string, sources: readonly ResultsSource[]): void {
  for (const { path, results } of sources) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), JSON.stringify(results));
  }
  mkdirSync(root, { recursive: true });
  const cells = codeCells(readNotebook(projectPath("notebooks", `${NAME}.ipynb`))).map(({ source }) => source);
  const moved = replaceOnce(cells.join("\n"), "{ except: name }", `{ except: name, root: ${JSON.stringify(root)} }`);
  writeFileSync(join(root, "cells.ts"), replaceOnce(moved, "await report.write();", "export { report };"));
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
  // One that answers several claims.
  const deleted = own.flatMap(({ results }) => results.records).find(({ claims, value, note }) =>
    claims.length > 1 && value !== null && note === null
  )!;
  const left = own.map(({ path, results }) => ({
    path,
    results: { ...results, records: results.records.filter((record) => record !== deleted) },
  }));
  const [before, after, none] = await reportsOf(own, left, []);
  const rows = claimRows(before.markdown);
  assert.equal(rows.size, 556);
  const isWaiting = ([, verdict]: string[]) => verdict === "not yet measured";
  assert.equal([...rows.values()].filter(isWaiting).length, waiting(before.markdown));
  const changed = [...claimRows(after.markdown)].filter(([id, cells]) => cells.join("|") !== rows.get(id)!.join("|"));
  assert.deepEqual(changed.map(([id]) => id).sort(), [...deleted.claims].sort(), `without ${deleted.id}`);
  for (const [id, cells] of changed) assert.ok(isWaiting(cells) && !isWaiting(rows.get(id)!), id);
  assert.equal(waiting(after.markdown), waiting(before.markdown) + deleted.claims.length);
  // The page that filters by verdict says the same.
  assert.equal(after.html.match(/<td[^>]*>not yet measured<\/td>/g)?.length, waiting(after.markdown));
  // With no record at all there is still a verdict for every claim.
  const empty = [...claimRows(none.markdown).values()];
  assert.equal(empty.length, 556);
  assert.ok(empty.every(isWaiting));
});
