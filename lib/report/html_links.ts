// From a record to where it is shown, to the claims that it answers, and to the notebook cell that made it.

import type { ResultRecord } from "../record/mod.ts";
import { blockAnchor, claimAnchor } from "./anchors.ts";
import type { FigureBlock, TableBlock } from "./document.ts";
import { escapeHtml } from "./html_inline.ts";

/** What the links of a page's records are made from. */
export interface RecordLinks {
  /** Numbers of tables and figures by id. */
  numbers: ReadonlyMap<string, number>;
  /** Tables and figures by the id of a record that they show. */
  blocks: ReadonlyMap<string, readonly (TableBlock | FigureBlock)[]>;
  /** Code cells by record id. */
  cells: ReadonlyMap<string, number>;
  cellHref?: (cell: number) => string;
  claimHref?: (id: string) => string | null;
  /** Claims whose anchor is given to an earlier row. */
  anchored: Set<string>;
}

/** A link as the script of the page makes it: text and address; without one only text. */
type Link = [text: string, href?: string];

/** The links of a record's card, as the page's script reads them. */
export function cardLinks(record: ResultRecord, links: RecordLinks): { shownIn?: Link[]; madeBy?: Link[] } {
  const shownIn = shownLinks(record, links), madeBy = madeLinks(record, links);
  return { ...(shownIn.length > 0 && { shownIn }), ...(madeBy.length > 0 && { madeBy }) };
}

/** Links to the tables and figures that show a record, as HTML. */
export function htmlShownIn(record: ResultRecord, links: RecordLinks): string {
  return shownLinks(record, links).map(htmlLink).join(", ");
}

/** Links to the claims that a record answers, as HTML. */
export function htmlClaimLinks({ claims }: ResultRecord): string {
  return claims.map((id) => `<a href="#${escapeHtml(claimAnchor(id))}"><code>${escapeHtml(id)}</code></a>`).join(", ");
}

/** The cell that made a record, as HTML; "" where nobody knows. */
export function htmlMadeBy(record: ResultRecord, links: RecordLinks): string {
  return madeLinks(record, links).map(htmlLink).join("");
}

/** The cell that a table or figure was added by, as the end of its caption; "" where there is no page to link to. */
export function htmlCellOfBlock(
  { cell }: { cell?: number },
  cellHref: ((cell: number) => string) | undefined,
): string {
  if (cell === undefined || cellHref === undefined) return "";
  return ` <a class="made" href="${escapeHtml(cellHref(cell))}">cell ${cell}</a>`;
}

function shownLinks({ id }: ResultRecord, { numbers, blocks }: RecordLinks): Link[] {
  return (blocks.get(id) ?? []).map((block) => [
    `${block.kind === "table" ? "Table" : "Figure"} ${numbers.get(block.id)}`,
    `#${blockAnchor(block)}`,
  ]);
}

function madeLinks({ id }: ResultRecord, { cells, cellHref }: RecordLinks): Link[] {
  const cell = cells.get(id);
  if (cell === undefined) return [];
  return [cellHref === undefined ? [`cell ${cell}`] : [`cell ${cell}`, cellHref(cell)]];
}

function htmlLink([text, href]: Link): string {
  return href === undefined ? escapeHtml(text) : `<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`;
}
