// Inlines as GitHub-flavoured Markdown.

import type { ResultRecord } from "../record/mod.ts";
import type { Inline } from "./document.ts";
import { formatParameter, formatParts, joinParts } from "./format.ts";

/** What the Markdown of one inline may need to know. */
export interface MarkdownContext {
  records: ReadonlyMap<string, ResultRecord>;
  /** Called for every record without a value; returns what follows "not measured", a footnote mark for example. */
  missingNote: (record: ResultRecord) => string;
  inTable?: boolean;
  /** True where the unit stands in the column head. */
  omitUnit?: boolean;
}

/** Inlines as Markdown on one line. */
export function markdownInlines(content: readonly Inline[], context: MarkdownContext): string {
  return content.map((inline) => markdownInline(inline, context)).join("");
}

function markdownInline(inline: Inline, context: MarkdownContext): string {
  switch (inline.kind) {
    case "text":
      return escapeMarkdown(inline.text);
    case "code":
      return codeSpan(inline.text, context.inTable ?? false);
    case "strong":
      return `**${markdownInlines(inline.children, context)}**`;
    case "emphasis":
      return `*${markdownInlines(inline.children, context)}*`;
    case "link":
      return `[${markdownInlines(inline.children, context)}](${inline.href.replaceAll("|", "%7C")})`;
    case "parameter":
      return escapeMarkdown(formatParameter(inline.value));
    case "record":
      return markdownRecord(inline, context);
  }
}

function markdownRecord(inline: Extract<Inline, { kind: "record" }>, context: MarkdownContext): string {
  const record = context.records.get(inline.id)!;
  const parts = formatParts(record, { ...inline, omitUnit: context.omitUnit });
  return escapeMarkdown(joinParts(parts)) + (parts.missing ? context.missingNote(record) : "");
}

/** Plain text with everything escaped that Markdown, GitHub's mathematics or raw HTML would take for markup. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s*\n\s*/g, " ")
    .replace(/[\\`*|<>$~]/g, "\\$&")
    .replace(/(^|[^\p{L}\p{N}])_|_($|[^\p{L}\p{N}])/gu, (match) => match.replace("_", "\\_"))
    // Brackets mean something only before "(", "[" or ":"; an interval such as [0.94, 0.95] stays readable in the source.
    .replace(/\](?=[([:])/g, "\\]")
    .replace(/\[(?=[\^ xX!])/g, "\\[")
    .replace(/&(?=[#a-zA-Z])/g, "&amp;")
    .replace(/^(\s*)([#+=-]|\d+[.)])(?=\s|$)/, "$1\\$2");
}

/** A code span with as many backticks as its text needs. */
export function codeSpan(text: string, inTable = false): string {
  const runs = text.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
  const padded = /^`|`$|^ .* $/.test(text) ? ` ${text} ` : text;
  // GitHub reads the cells of a table before code spans: a bar ends the cell unless it is escaped.
  const body = inTable ? padded.replaceAll("|", "\\|") : padded;
  return `${fence}${body.replace(/\s*\n\s*/g, " ")}${fence}`;
}

/** Text in which only code spans are markup: notes of records and claims. */
export function markdownNote(note: string, inTable = false): string {
  return note.split(/(`[^`]+`)/).map((piece, i) =>
    i % 2 === 1 ? codeSpan(piece.slice(1, -1), inTable) : escapeMarkdown(piece)
  ).join("");
}
