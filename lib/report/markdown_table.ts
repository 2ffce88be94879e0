// Tables in GitHub-flavoured Markdown, padded so that the source can be read too.

import type { TableBlock } from "./document.ts";
import { type MarkdownContext, markdownInlines } from "./markdown_inline.ts";
import { type ColumnLayout, layoutColumns } from "./table_layout.ts";

// Beyond this width padding makes the source harder to read, not easier: an editor would wrap every line.
const PADDED_WIDTH = 160;

/** A table block without its caption. */
export function markdownTable(block: TableBlock, context: MarkdownContext): string {
  const layout = layoutColumns(block, context.records);
  const heads = block.columns.map((column, c) => {
    const label = markdownInlines(column.label, { ...context, inTable: true });
    return layout[c].unit ? `${label} (${layout[c].unit})` : label;
  });
  const rows = block.rows.map((row) =>
    row.map((cell, c) => markdownInlines(cell, { ...context, inTable: true, omitUnit: layout[c].unit !== "" }))
  );
  return gridTable(heads, rows, layout);
}

/** Rows of ready Markdown as a table. */
export function gridTable(heads: string[], rows: string[][], layout: Pick<ColumnLayout, "align">[]): string {
  const widths = heads.map((head, c) => Math.max(3, width(head), ...rows.map((row) => width(row[c]))));
  const total = widths.reduce((sum, value) => sum + value + 3, 1);
  const pad = (text: string, c: number) => {
    if (total > PADDED_WIDTH) return text;
    const space = " ".repeat(Math.max(0, widths[c] - width(text)));
    return layout[c].align === "right" ? space + text : text + space;
  };
  const line = (cells: string[]) => `| ${cells.map(pad).join(" | ")} |`;
  const rule = layout.map(({ align }, c) => {
    const dashes = "-".repeat(total > PADDED_WIDTH ? 3 : widths[c]);
    return align === "right" ? `${dashes.slice(1)}:` : dashes;
  });
  return [line(heads), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

function width(text: string): number {
  return [...text].length;
}
