// A file of one's own for notebook 04: what is wrong with it is one sentence, before anything is measured.

import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NotebookError, reportNotebook } from "../../lib/notebook/mod.ts";
import { projectPath } from "../../lib/process/mod.ts";
import { businessDays, TEST_PROVENANCE } from "../data/series/series_files.ts";
import { withFolder } from "./notebooks.ts";

const NOTEBOOK = projectPath("notebooks", "04-cbi-benchmarks.ipynb");
const PRICES = businessDays(400, { price: (i) => 50 + Math.sin(i) });

/** What is in the file (null: there is none), whether its provenance stands beside it, and what is said. */
const CASES: [name: string, content: string | null, hasProvenance: boolean, message: RegExp][] = [
  [
    "text.csv",
    PRICES.replace(/,5\d[^\n]*\n/, ",fifty\n"),
    true,
    /line \d+: expected a number in "price" .*got "fifty"$/,
  ],
  ["unknown.csv", PRICES, false, /expected its origin and terms, got none \(a series without provenance is refused\)/],
  ["absent.csv", null, true, /there is no file .*absent\.csv$/],
  [
    "short.csv",
    businessDays(100, { price: (i) => 50 + Math.sin(i) }),
    true,
    /expected at least 64 windows .*, got 58$/,
  ],
];

Deno.test("report 04 refuses bad data with one sentence, its cell and its line, and writes nothing", async () => {
  await withFolder(async (folder) => {
    for (const [name, content, hasProvenance, message] of CASES) {
      const file = join(folder, name);
      if (content !== null) writeFileSync(file, content);
      if (hasProvenance) writeFileSync(`${file}.provenance.json`, JSON.stringify(TEST_PROVENANCE));
      const run = reportNotebook(NOTEBOOK, {
        scale: "smoke",
        machine: "test-machine",
        noCheck: true,
        overrides: { data: file },
        reportsDir: join(folder, "reports"),
        cacheDir: join(folder, "cache"),
      });
      await assert.rejects(run, ({ message: whole }: NotebookError) => {
        const [said] = whole.split("\n"); // then places in lib
        assert.match(said, /^04-cbi-benchmarks\.ipynb, cell \d+, line \d+: (Range|Type)Error: Cannot [^\n]+$/);
        assert.match(said, message);
        return true;
      });
      assert.ok(!existsSync(join(folder, "reports", "04-cbi-benchmarks", "report.md")), name);
    }
  });
});
