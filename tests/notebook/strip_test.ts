import assert from "node:assert/strict";
import { parseNotebook, stripNotebook } from "../../lib/notebook/mod.ts";

Deno.test("stripNotebook takes out what a run and a front end leave, and keeps what the author wrote", () => {
  const notebook = parseNotebook(JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: "deno", display_name: "Deno", language: "typescript" },
      vscode: {},
      language_info: { version: "5" },
    },
    cells: [
      {
        cell_type: "code",
        id: "a",
        metadata: { tags: ["x"], scrolled: true },
        source: ["1"],
        outputs: [{ output_type: "stream" }],
        execution_count: 7,
      },
      { cell_type: "markdown", id: "b", metadata: { collapsed: true }, source: "# T", attachments: { "a.png": {} } },
    ],
  }));
  const stripped = stripNotebook(notebook);
  assert.deepEqual(stripped.cells, [
    { cell_type: "code", execution_count: null, id: "a", metadata: { tags: ["x"] }, outputs: [], source: ["1"] },
    { cell_type: "markdown", id: "b", attachments: { "a.png": {} }, metadata: {}, source: "# T" },
  ]);
  assert.deepEqual(stripped.metadata.kernelspec, {
    display_name: "Latent Lab (Deno 2.8.1)",
    language: "typescript",
    name: "latent-lab",
  });
  assert.deepEqual(stripNotebook(stripped), stripped);
});
