// Notebook 02 cell by cell in the real kernel, as a user runs it.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { codeCells, readNotebook } from "../../lib/notebook/mod.ts";
import { projectPath } from "../../lib/process/mod.ts";
import { kernelTools, runInKernel, textOf } from "./jupyter.ts";
import { withFolder } from "./notebooks.ts";

Deno.test("notebook 02 runs in the pinned kernel, shows its figures and writes its report", async () => {
  const tools = await kernelTools();
  if (tools === null) return;
  await withFolder(async (folder) => {
    const outputDir = join(folder, "report");
    const cells = codeCells(readNotebook(projectPath("notebooks", "02-lnsp-size-analysis.ipynb"))).map(({ source }) =>
      source
    );
    const outputs = await runInKernel(cells, {
      python: tools.python,
      folder,
      deno: tools.pinnedDeno,
      cwd: projectPath("notebooks"),
      run: { scale: "smoke", outputDir },
    });
    const errors = outputs.flat().filter(({ output_type }) => output_type === "error");
    assert.equal(textOf(errors), "");
    const figures = outputs.flat().filter(({ data }) => data?.["application/vnd.plotly.v1+json"]);
    assert.equal(figures.length, 2);
    assert.ok(figures.every(({ data }) => data?.["image/png"]));
    for (const file of ["report.md", "results.json", "figures/quality-against-width.svg"]) {
      assert.ok(existsSync(join(outputDir, file)), file);
    }
  });
});
