// What a report consists of, for lists and searches of many reports: sections, tables, figures, and its findings as HTML.

import { blockAnchor, headingAnchors, rowClaim } from "./anchors.ts";
import {
  blockNumbers,
  blockRecordIds,
  type CalloutBlock,
  type Inline,
  type ParagraphBlock,
  recordsById,
  type ReportDocument,
} from "./document.ts";
import { formatParameter, formatRecord } from "./format.ts";
import { htmlInlines } from "./html_inline.ts";

/** A part of a report that can be linked to. */
export interface OutlineEntry {
  kind: "section" | "table" | "figure";
  /** The id of its element on the report's page. */
  anchor: string;
  /** "Table 3", "Figure 1"; "" for a section. */
  label: string;
  /** The heading, or the caption without markup. */
  text: string;
}

/**
 * Sections, tables and figures of a report, in reading order.
 *
 * @example
 * ```ts
 * import { Report, reportOutline } from "lib/report/mod.ts";
 * const report = new Report("demo", { title: "Demo", scale: "smoke" });
 * report.heading("Quality");
 * console.log(reportOutline(report.document)[0].anchor); // section-quality
 * ```
 */
export function reportOutline(document: ReportDocument): OutlineEntry[] {
  const anchors = headingAnchors(document);
  const numbers = blockNumbers(document);
  const text = textOf(document);
  return document.blocks.flatMap((block): OutlineEntry[] => {
    if (block.kind === "heading") {
      return [{ kind: "section", anchor: anchors.get(block)!, label: "", text: block.text }];
    }
    if (block.kind !== "table" && block.kind !== "figure") return [];
    const label = `${block.kind === "table" ? "Table" : "Figure"} ${numbers.get(block.id)}`;
    return [{ kind: block.kind, anchor: blockAnchor(block), label, text: text(block.caption) }];
  });
}

/**
 * A report's findings as HTML for another page, or where it has none the first paragraph with a number.
 *
 * @param page the address of the report's own page, to which its numbers are links
 */
export function findingsHtml(document: ReportDocument, { page }: { page: string }): string[] {
  const context = { records: recordsById(document), missingNote: () => "", page };
  const findings = document.blocks.filter((block) => block.kind === "callout" && block.tone === "finding");
  const first = document.blocks.find((block) => block.kind === "paragraph" && blockRecordIds(block).length > 0);
  const shown = (findings.length > 0 || first === undefined ? findings : [first]) as (CalloutBlock | ParagraphBlock)[];
  return shown.map(({ content }) => htmlInlines(content, context));
}

/** Inlines of a document as plain text. */
function textOf(document: ReportDocument): (content: readonly Inline[]) => string {
  const records = recordsById(document);
  const text = (content: readonly Inline[]): string =>
    content.map((inline) => {
      if (inline.kind === "record") return formatRecord(records.get(inline.id)!, inline);
      if (inline.kind === "parameter") return formatParameter(inline.value);
      return "children" in inline ? text(inline.children) : inline.text;
    }).join("");
  return text;
}

/** Of some claims those that a report's tables have a row for; on a page among others, the row has `claimAnchor(id)`. */
export function claimsWithRows({ blocks }: ReportDocument, isClaim: (id: string) => boolean): Set<string> {
  const rows = blocks.flatMap((block) => block.kind === "table" ? block.rows : []);
  return new Set(rows.map(rowClaim).filter((id) => id !== null && isClaim(id)) as string[]);
}
