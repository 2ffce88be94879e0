// Notebooks are committed without what a run leaves in them: outputs, execution counts, the metadata of one front end or machine.

import type { NotebookCell, NotebookDocument } from "./document.ts";
import { kernelOf, KERNELS } from "./kernels.ts";

/** Metadata of a cell that is the author's, not a front end's. */
const KEPT_CELL_METADATA = ["tags", "name"];

/**
 * A copy of `notebook` as it is committed: no outputs, no execution counts, only the author's metadata, and the kernel as this
 * project registers it.
 *
 * @example
 * ```ts
 * import { parseNotebook, stripNotebook } from "lib/notebook/mod.ts";
 * const cell = { cell_type: "code", metadata: { scrolled: true }, source: "1", outputs: [{}], execution_count: 3 };
 * const notebook = parseNotebook(JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] }));
 * console.log(stripNotebook(notebook).cells[0].execution_count); // null
 * ```
 */
export function stripNotebook(notebook: NotebookDocument): NotebookDocument {
  const { display_name, language, name } = KERNELS[kernelOf(notebook.metadata)];
  return {
    cells: notebook.cells.map(strippedCell),
    metadata: {
      kernelspec: { display_name, language, name },
      language_info: { file_extension: ".ts", mimetype: "text/x.typescript", name: "typescript" },
    },
    nbformat: 4,
    nbformat_minor: notebook.nbformat_minor,
  };
}

function strippedCell(cell: NotebookCell): NotebookCell {
  const kept = Object.entries(cell.metadata).filter(([key]) => KEPT_CELL_METADATA.includes(key));
  const { attachments } = cell as { attachments?: unknown };
  return {
    cell_type: cell.cell_type,
    ...(cell.cell_type === "code" ? { execution_count: null } : {}),
    ...(cell.id === undefined ? {} : { id: cell.id }),
    ...(attachments === undefined ? {} : { attachments }),
    metadata: Object.fromEntries(kept),
    ...(cell.cell_type === "code" ? { outputs: [] } : {}),
    source: cell.source,
  };
}
