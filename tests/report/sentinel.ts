// A document whose records and parameters hold no digits: what is left in a rendering was written by hand.

import type { Block, Inline, ReportDocument } from "lib/report/mod.ts";

/** The document with the value of every record, and every parameter, replaced by a word. */
export function withSentinels(document: ReportDocument): ReportDocument {
  const copy = structuredClone(document);
  copy.parameters = {};
  copy.machines = copy.machines.map((machine) => ({ ...machine, name: "MACHINE", os: "OS", versions: {} }));
  copy.records = copy.records.map((record) => ({
    ...record,
    value: record.value === null ? null : "SENTINEL",
    interval: null,
    note: record.note && "NOTE",
  }));
  copy.blocks.forEach(replaceParameters);
  return copy;
}

function replaceParameters(block: Block): void {
  const contents: Inline[][] = block.kind === "paragraph" || block.kind === "callout"
    ? [block.content]
    : block.kind === "list"
    ? block.items
    : block.kind === "table"
    ? [block.caption, ...block.columns.map(({ label }) => label), ...block.rows.flat()]
    : block.kind === "figure"
    ? [block.caption]
    : [];
  contents.flat().forEach(replaceInline);
}

function replaceInline(inline: Inline): void {
  if (inline.kind === "parameter") inline.value = "PARAMETER";
  if (inline.kind === "record") delete inline.format; // "full" would show n, which belongs to the record
  if ("children" in inline) inline.children.forEach(replaceInline);
}
