// Notebooks as they are committed: no outputs, one kernel. That their code type-checks is a check of `deno task ok`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { formatNotebook, parseNotebook, stripNotebook } from "lib/notebook/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { notebookNames } from "./sources.ts";

const names = notebookNames();

Deno.test("there are notebooks, each named by its number and subject", () => {
  assert.ok(names.length > 0);
  const numbered = /^\d\d-[a-z0-9-]+\.ipynb$/;
  // That of another kernel is no experiment, and makes no report.
  assert.deepEqual(names.filter((name) => !numbered.test(name)), ["tslab-quickstart.ipynb"]);
});

for (const name of names) {
  const path = projectPath("notebooks", name);

  Deno.test(`notebook ${name} has no outputs, execution counts or front end's metadata`, () => {
    const notebook = parseNotebook(readFileSync(path, "utf8"), name);
    assert.deepEqual(JSON.parse(formatNotebook(notebook)), JSON.parse(formatNotebook(stripNotebook(notebook))));
  });

  Deno.test(`notebook ${name} begins with a title and says what it asks`, () => {
    const [first] = parseNotebook(readFileSync(path, "utf8"), name).cells;
    assert.equal(first.cell_type, "markdown");
    assert.match([first.source].flat().join(""), /^# .+\n\n?\S/);
  });
}
