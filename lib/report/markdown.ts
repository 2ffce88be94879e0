// A document as report.md: a pure function, so that the same records give the same bytes.

import type { ResultRecord } from "../record/mod.ts";
import { type Block, blockNumbers, type FigureBlock, recordsById, type ReportDocument } from "./document.ts";
import { formatRecord } from "./format.ts";
import { intervalSentence, machineLine, madeOn, parameterPairs } from "./header.ts";
import { codeSpan, escapeMarkdown, type MarkdownContext, markdownInlines, markdownNote } from "./markdown_inline.ts";
import { gridTable, markdownTable } from "./markdown_table.ts";

/**
 * The whole report as GitHub-flavoured Markdown; figures are links to `figures/ID.svg`.
 *
 * @example
 * ```ts
 * import { renderMarkdown, Report } from "lib/report/mod.ts";
 * const report = new Report("demo", { title: "Demo", scale: "smoke" });
 * report.text`A report without a number.`;
 * console.log(renderMarkdown(report.document).split("\n")[0]); // # Demo
 * ```
 */
export function renderMarkdown(document: ReportDocument): string {
  const footnotes = new Footnotes();
  const context: MarkdownContext = {
    records: recordsById(document),
    missingNote: (record) => footnotes.mark(record),
  };
  const numbers = blockNumbers(document);
  const sections = [
    markdownHeader(document),
    ...document.blocks.map((block) => markdownBlock(block, { document, context, numbers })),
    ...claimSections(document, context),
    footnotes.text(),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

/** One block as Markdown for a notebook cell; reasons for missing values stand in parentheses instead of footnotes. */
export function renderBlockMarkdown(document: ReportDocument, block: Block): string {
  const context: MarkdownContext = {
    records: recordsById(document),
    missingNote: (record) => ` (${markdownNote(record.note ?? "no reason given", true)})`,
  };
  return markdownBlock(block, { document, context, numbers: blockNumbers(document) });
}

interface BlockContext {
  document: ReportDocument;
  context: MarkdownContext;
  numbers: Map<string, number>;
}

function markdownBlock(block: Block, { document, context, numbers }: BlockContext): string {
  switch (block.kind) {
    case "heading":
      return `${"#".repeat(block.level)} ${escapeMarkdown(block.text)}`;
    case "paragraph":
      return markdownInlines(block.content, context);
    case "list":
      return block.items.map((item, i) => {
        const bullet = block.ordered ? `${i + 1}.` : "-";
        return `${bullet} ${markdownInlines(item, context)}`;
      }).join("\n");
    case "table": {
      const caption = `${markdownInlines(block.caption, context)}${madeOn(document, block)}`;
      return `**Table ${numbers.get(block.id)}.** ${caption}\n\n${markdownTable(block, context)}`;
    }
    case "figure":
      return markdownFigure(block, { document, context, numbers });
    case "callout": {
      const tone = block.tone[0].toUpperCase() + block.tone.slice(1);
      return `> **${tone}.** ${markdownInlines(block.content, context)}`;
    }
    case "code":
      return fencedCode(block.text, block.language);
  }
}

function markdownFigure(block: FigureBlock, { document, context, numbers }: BlockContext): string {
  const caption = `${markdownInlines(block.caption, context)}${madeOn(document, block)}`;
  const alt = block.alt.replace(/[[\]]/g, "\\$&");
  return `![${alt}](figures/${block.id}.svg)\n\n**Figure ${numbers.get(block.id)}.** ${caption}`;
}

function markdownHeader(document: ReportDocument): string {
  const pairs = parameterPairs(document).map((pair) => codeSpan(pair));
  const lines = [
    `- **Report:** ${codeSpan(document.name)} at scale ${codeSpan(document.scale)}` +
    (document.identity === null ? ", made interactively (its freshness cannot be checked)" : ""),
    ...document.machines.map((machine, i) =>
      `- **${i === 0 ? "Machine" : "Other machine"}:** ${escapeMarkdown(machineLine(machine))}`
    ),
    `- **Parameters:** ${pairs.length > 0 ? pairs.join(", ") : "none"}`,
    `- **Run again:** ${codeSpan(document.rerun)}`,
  ];
  const promise = "Every number below is a record in [results.json](results.json) with its unit, number of samples, " +
    `interval, machine and source. ${escapeMarkdown(intervalSentence(document))}`;
  return `# ${escapeMarkdown(document.title)}\n\n${lines.join("\n")}\n\n${promise.trim()}`;
}

function claimSections(document: ReportDocument, context: MarkdownContext): string[] {
  const answered = document.records.flatMap((record) => record.claims.map((claim) => ({ claim, record })));
  if (answered.length === 0 && document.unanswered.length === 0) return [];
  const sections = ["## Claims of the source"];
  if (answered.length > 0) {
    const rows = answered.map(({ claim, record }) => [
      codeSpan(claim, true),
      codeSpan(record.id, true),
      escapeMarkdown(formatRecord(record)) + (record.value === null ? context.missingNote(record) : ""),
    ]);
    const table = gridTable(["Claim", "Record", "Value"], rows, [{ align: "left" }, { align: "left" }, {
      align: "right",
    }]);
    sections.push(`<details>\n<summary>Claims that a record answers</summary>\n\n${table}\n\n</details>`);
  }
  if (document.unanswered.length > 0) {
    const rows = document.unanswered.map(({ claim, reason, note }) => [
      codeSpan(claim, true),
      escapeMarkdown(reason),
      markdownNote(note, true),
    ]);
    const layout = [{ align: "left" }, { align: "left" }, { align: "left" }] as const;
    const table = gridTable(["Claim", "Reason", "Note"], rows, [...layout]);
    sections.push(`<details>\n<summary>Claims that no record answers, and why</summary>\n\n${table}\n\n</details>`);
  }
  return sections;
}

function fencedCode(text: string, language: string): string {
  const runs = text.match(/`{3,}/g) ?? [];
  const fence = "`".repeat(Math.max(2, ...runs.map((run) => run.length)) + 1);
  return `${fence}${language}\n${text.replace(/\n$/, "")}\n${fence}`;
}

/** Footnotes for values that are missing: one for every reason, numbered by first use. */
class Footnotes {
  readonly #numbers = new Map<string, number>();

  mark(record: ResultRecord): string {
    const reason = record.note ?? "no reason given";
    if (!this.#numbers.has(reason)) this.#numbers.set(reason, this.#numbers.size + 1);
    return `[^${this.#numbers.get(reason)}]`;
  }

  text(): string {
    return [...this.#numbers].map(([reason, number]) => `[^${number}]: ${markdownNote(reason)}`).join("\n");
  }
}
