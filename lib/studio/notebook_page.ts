// The notebook of a report as a page: its cells with their numbers, and under each what it has made. The code is what is in the file now.

import { cellSource, codeCells, type NotebookDocument } from "../notebook/mod.ts";
import { recordAnchor, type ReportDocument, reportOutline } from "../report/mod.ts";
import { escapeText } from "./client/format.mjs";
import { markdownHtml } from "./markdown_cell.ts";
import { renderPage } from "./shell.ts";

/** What the page shows. */
export interface NotebookContent {
  name: string;
  /** Of its report. */
  title: string;
  notebook: NotebookDocument;
  /** Its report, which knows what each cell made; null when that cannot be read. */
  document: ReportDocument | null;
  /** Whether the cells are those that made the report; null when nobody knows. */
  same: boolean | null;
}

/** The page `reports/NAME/notebook.html`. */
export function notebookPage({ name, title, notebook, document, same }: NotebookContent): string {
  const numbers = new Map(codeCells(notebook).map(({ index, number }) => [index, number]));
  const made = document === null ? new Map<number, string>() : madeByCell(document);
  const cells = notebook.cells.map((cell, index) => {
    const source = cellSource(cell);
    if (cell.cell_type === "markdown") return markdownHtml(source);
    const number = numbers.get(index);
    return number === undefined ? "" : codeCell(number, source, made.get(number) ?? "");
  }).filter((html) => html !== "");
  const changed = same === false
    ? '<div class="callout warning" role="note"><p><strong>Changed.</strong> The notebook was changed after its report was made: ' +
      "the cells below may have other numbers and other code than those that the report names.</p></div>"
    : "";
  const unknown = document !== null && made.size === 0
    ? '<div class="callout note" role="note"><p>The report does not say which cell made what: it was made interactively, or by an ' +
      `earlier version. <code>deno task report ${escapeText(name)}</code> makes it again.</p></div>`
    : "";
  return renderPage({
    title: `${title}: notebook · Latent Lab`,
    root: "../../",
    above: [{ href: "index.html", label: title }],
    main: [
      `<h1>${escapeText(title)}: notebook</h1>`,
      `<p><code>notebooks/${
        escapeText(name)
      }.ipynb</code>, without outputs; cells are numbered as “Run All” numbers them.</p>`,
      changed + unknown,
      ...cells,
    ].filter((part) => part !== "").join("\n"),
    live: false,
    narrow: true,
  });
}

function codeCell(number: number, source: string, made: string): string {
  return `<section class="cell" id="cell-${number}" aria-label="Cell ${number}">` +
    `<p class="number-of-cell"><a href="#cell-${number}">Cell ${number}</a></p>` +
    `<pre tabindex="0"><code>${escapeText(source)}</code></pre>${made}</section>`;
}

/** By cell: links to the tables, figures and records that it made. */
function madeByCell(document: ReportDocument): Map<number, string> {
  const parts = new Map<number, { blocks: string[]; records: string[] }>();
  const partsOf = (cell: number) => {
    const known = parts.get(cell) ?? { blocks: [], records: [] };
    parts.set(cell, known);
    return known;
  };
  const places = new Map(reportOutline(document).map((entry) => [entry.anchor, entry.label]));
  for (const block of document.blocks) {
    if (block.cell === undefined || !("id" in block)) continue;
    const anchor = `${block.kind}-${block.id}`;
    partsOf(block.cell).blocks.push(link(anchor, places.get(anchor)!));
  }
  document.records.forEach(({ id }, i) => {
    const cell = document.recordCells?.[i];
    if (typeof cell === "number") partsOf(cell).records.push(link(recordAnchor(id), id));
  });
  return new Map([...parts].map(([cell, { blocks, records }]) => [cell, madeHtml(blocks, records)]));
}

function madeHtml(blocks: readonly string[], records: readonly string[]): string {
  const shown = blocks.length === 0 ? "" : `<p class="makes">Makes ${blocks.join(", ")}</p>`;
  const count = records.length.toLocaleString("en-US");
  const list = records.length === 0
    ? ""
    : `<details class="makes"><summary>Makes ${count} record${records.length === 1 ? "" : "s"}</summary><p>${
      records.join(" ")
    }</p></details>`;
  return shown + list;
}

function link(anchor: string, text: string): string {
  return `<a href="index.html#${escapeText(anchor)}">${escapeText(text)}</a>`;
}
