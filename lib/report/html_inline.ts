// Inlines as HTML. Every record becomes a link to its row in the table of records, which the page's script turns into
// a card on hover, focus and tap.

import type { ResultRecord } from "../record/mod.ts";
import { recordAnchor } from "./anchors.ts";
import type { Inline } from "./document.ts";
import { formatParameter, formatParts } from "./format.ts";

/** What the HTML of an inline may need to know. */
export interface HtmlContext {
  records: ReadonlyMap<string, ResultRecord>;
  /** Called for every record without a value; returns the HTML of its footnote mark. */
  missingNote: (record: ResultRecord) => string;
  omitUnit?: boolean;
  /** Address of the report's page, where the text stands on another one; links to records go there. */
  page?: string;
  /** Where more is said of a claim; null for what is no claim. Its id in code is then a link. */
  claimHref?: (id: string) => string | null;
  /** What a link of the text leads to instead, on a page among others. */
  linkHref?: (href: string) => string;
}

/** Text with everything escaped that HTML would take for markup, in content and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** Inlines as HTML. */
export function htmlInlines(content: readonly Inline[], context: HtmlContext): string {
  return content.map((inline) => htmlInline(inline, context)).join("");
}

function htmlInline(inline: Inline, context: HtmlContext): string {
  switch (inline.kind) {
    case "text":
      return escapeHtml(inline.text);
    case "code":
      return htmlCode(inline.text, context);
    case "strong":
      return `<strong>${htmlInlines(inline.children, context)}</strong>`;
    case "emphasis":
      return `<em>${htmlInlines(inline.children, context)}</em>`;
    case "link":
      return `<a href="${escapeHtml(context.linkHref?.(inline.href) ?? inline.href)}" rel="noreferrer">${
        htmlInlines(inline.children, context)
      }</a>`;
    case "parameter":
      return `<span class="parameter">${escapeHtml(formatParameter(inline.value))}</span>`;
    case "record":
      return htmlRecord(context.records.get(inline.id)!, { ...inline, omitUnit: context.omitUnit }, context);
  }
}

/** A record as a link to its row in the table of records. */
export function htmlRecord(
  record: ResultRecord,
  style: NonNullable<Parameters<typeof formatParts>[1]>,
  context: Pick<HtmlContext, "missingNote" | "page">,
): string {
  const { value, interval, unit, samples, missing, numeric } = formatParts(record, style);
  const words = !numeric && value.length > 24 ? " words" : "";
  const body = [
    `<span class="value${words}">${escapeHtml(value)}</span>`,
    interval && ` <span class="interval">${escapeHtml(interval)}</span>`,
    escapeHtml(unit),
    samples && ` <span class="interval">(${escapeHtml(samples)})</span>`,
  ].join("");
  const id = escapeHtml(record.id);
  const href = `${escapeHtml(context.page ?? "")}#${escapeHtml(recordAnchor(record.id))}`;
  const link = `<a class="number" href="${href}" data-record="${id}">${body}</a>`;
  return missing ? link + context.missingNote(record) : link;
}

/** Text in which only code spans are markup: notes of records and claims, alternative texts. */
export function htmlNote(note: string): string {
  return note.split(/(`[^`]+`)/).map((piece, i) =>
    i % 2 === 1 ? `<code>${escapeHtml(piece.slice(1, -1))}</code>` : escapeHtml(piece)
  ).join("");
}

function htmlCode(text: string, { claimHref }: HtmlContext): string {
  const code = `<code>${escapeHtml(text)}</code>`;
  const href = claimHref?.(text) ?? null;
  return href === null ? code : `<a href="${escapeHtml(href)}">${code}</a>`;
}
