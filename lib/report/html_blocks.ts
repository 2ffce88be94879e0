// Blocks as HTML.

import type { Block, FigureBlock, ReportDocument, TableBlock } from "./document.ts";
import { escapeHtml, type HtmlContext, htmlInlines } from "./html_inline.ts";
import { madeOn } from "./header.ts";
import { blockAnchor, claimAnchor, recordAnchor, rowClaim } from "./anchors.ts";
import { htmlCellOfBlock } from "./html_links.ts";
import { layoutColumns } from "./table_layout.ts";

/** What the HTML of a block needs beside the block. */
export interface HtmlBlockContext {
  document: ReportDocument;
  context: HtmlContext;
  numbers: ReadonlyMap<string, number>;
  anchors: ReadonlyMap<Block, string>;
  /** SVG text by figure id. */
  svgs: Readonly<Record<string, string>>;
  /** Claims that have a row with their anchor. */
  anchored: Set<string>;
  cellHref?: (cell: number) => string;
}

/** One block as HTML. */
export function htmlBlock(block: Block, whole: HtmlBlockContext): string {
  const { context } = whole;
  switch (block.kind) {
    case "heading":
      return `<h${block.level} id="${whole.anchors.get(block)}">${escapeHtml(block.text)}</h${block.level}>`;
    case "paragraph":
      return `<p>${htmlInlines(block.content, context)}</p>`;
    case "list": {
      const tag = block.ordered ? "ol" : "ul";
      return `<${tag}>${block.items.map((item) => `<li>${htmlInlines(item, context)}</li>`).join("")}</${tag}>`;
    }
    case "table":
      return htmlTable(block, whole);
    case "figure":
      return htmlFigure(block, whole);
    case "callout": {
      const tone = block.tone[0].toUpperCase() + block.tone.slice(1);
      const body = `<p><strong>${tone}.</strong> ${htmlInlines(block.content, context)}</p>`;
      return `<div class="callout ${block.tone}" role="note">${body}</div>`;
    }
    case "code":
      return `<pre tabindex="0"><code>${escapeHtml(block.text)}</code></pre>`;
  }
}

function htmlTable(block: TableBlock, whole: HtmlBlockContext): string {
  const { document, context, numbers, cellHref } = whole;
  const layout = layoutColumns(block, context.records);
  const heads = block.columns.map((column, c) => {
    const unit = layout[c].unit ? ` <span class="unit">(${escapeHtml(layout[c].unit)})</span>` : "";
    return `<th scope="col" class="${layout[c].align}">${htmlInlines(column.label, context)}${unit}</th>`;
  });
  const rows = block.rows.map((row) =>
    `<tr${rowAnchor(row, whole)}>${
      row.map((cell, c) => {
        const html = htmlInlines(cell, { ...context, omitUnit: layout[c].unit !== "" });
        return `<td class="${layout[c].align}"${sortKey(cell, context)}>${html}</td>`;
      }).join("")
    }</tr>`
  );
  const caption = htmlInlines(block.caption, context) + escapeHtml(madeOn(document, block)) +
    htmlCellOfBlock(block, cellHref);
  const label = `caption-${block.id}`;
  return [
    `<section class="table" id="${blockAnchor(block)}">`,
    `<p class="caption" id="${label}"><strong>Table ${numbers.get(block.id)}.</strong> ${caption}</p>`,
    `<div class="box" tabindex="0" role="region" aria-labelledby="${label}"><table class="sortable"${
      filterAttributes(block)
    }>`,
    `<thead><tr>${heads.join("")}</tr></thead>`,
    `<tbody>${rows.join("\n")}</tbody>`,
    "</table></div></section>",
  ].join("\n");
}

/** A row that begins with the id of a claim can be linked to by it, where pages around this one know claims. */
function rowAnchor(row: TableBlock["rows"][number], { context, anchored }: HtmlBlockContext): string {
  const id = rowClaim(row);
  if (id === null || anchored.has(id) || (context.claimHref?.(id) ?? null) === null) return "";
  anchored.add(id);
  return ` id="${escapeHtml(claimAnchor(id))}"`;
}

function filterAttributes({ filter }: TableBlock): string {
  if (filter === undefined) return "";
  return ` data-filter-group="${escapeHtml(filter.group)}" data-filter-columns="${JSON.stringify(filter.columns)}"`;
}

/** The full-precision value that a column is sorted by; missing values have none and go last. */
function sortKey(cell: TableBlock["rows"][number][number], context: HtmlContext): string {
  if (cell.length !== 1) return "";
  const [inline] = cell;
  const value = inline.kind === "parameter"
    ? inline.value
    : inline.kind === "record"
    ? context.records.get(inline.id)!.value
    : null;
  return value === null ? "" : ` data-sort="${escapeHtml(String(value))}"`;
}

function htmlFigure(block: FigureBlock, { document, context, numbers, svgs, cellHref }: HtmlBlockContext): string {
  const caption = htmlInlines(block.caption, context) + escapeHtml(madeOn(document, block)) +
    htmlCellOfBlock(block, cellHref);
  const svg = svgs[block.id] ?? "";
  // An image element keeps the ids of one figure apart from those of the others.
  const image = svg === "" ? "" : `<img class="static" alt="${escapeHtml(block.alt.replaceAll("`", ""))}" ` +
    `width="${block.width}" height="${block.height}" src="data:image/svg+xml,${encodeURIComponent(svg)}">`;
  return [
    `<figure id="${blockAnchor(block)}">`,
    `<div class="box plot" data-figure="${block.id}" tabindex="0" role="region" aria-label="Figure ${
      numbers.get(block.id)
    }">${image}</div>`,
    `<figcaption><strong>Figure ${numbers.get(block.id)}.</strong> ${caption}</figcaption>`,
    recordsBehind(block),
    "</figure>",
  ].join("\n");
}

/** Links to the records that a figure is drawn from. */
function recordsBehind({ records }: FigureBlock): string {
  const links = records.map((id) => `<a href="#${escapeHtml(recordAnchor(id))}"><code>${escapeHtml(id)}</code></a>`);
  return `<details class="behind"><summary>Records behind this figure</summary><p>${links.join(" ")}</p></details>`;
}
