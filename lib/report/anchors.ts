// Where on a report's page its parts are: the ids that links of this page and of others lead to.

import type { Block, ReportDocument, TableBlock } from "./document.ts";

/** The id of a record's row. */
export function recordAnchor(id: string): string {
  return `record-${id}`;
}

/** The id of the row that says what answers a claim. */
export function claimAnchor(id: string): string {
  return `claim-${id}`;
}

/** The id of a table or a figure. */
export function blockAnchor({ kind, id }: { kind: "table" | "figure"; id: string }): string {
  return `${kind}-${id}`;
}

/** Anchors of headings, unique, made from their text. */
export function headingAnchors(document: ReportDocument): Map<Block, string> {
  const anchors = new Map<Block, string>();
  const used = new Set<string>();
  for (const block of document.blocks) {
    if (block.kind !== "heading") continue;
    const slug = `section-${block.text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "")}`;
    let anchor = slug;
    for (let copy = 2; used.has(anchor); copy++) anchor = `${slug}-${copy}`;
    used.add(anchor);
    anchors.set(block, anchor);
  }
  return anchors;
}

/** What a table's row begins with, where that is code alone: the id of a claim, perhaps. */
export function rowClaim([first]: TableBlock["rows"][number]): string | null {
  return first.length === 1 && first[0].kind === "code" ? first[0].text : null;
}
