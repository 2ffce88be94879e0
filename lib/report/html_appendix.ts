// The end of an HTML report: claims, footnotes, and the table of records that every number links to.

import { claimAnchor, recordAnchor } from "./anchors.ts";
import type { ReportDocument } from "./document.ts";
import { formatRecord } from "./format.ts";
import { escapeHtml, type HtmlContext, htmlNote, htmlRecord } from "./html_inline.ts";
import { htmlClaimLinks, htmlMadeBy, htmlShownIn, type RecordLinks } from "./html_links.ts";

/** Which record answers which claim, and which claims have none; "" when there are no claims. */
export function htmlClaims(
  document: ReportDocument,
  context: HtmlContext,
  { claimHref, anchored }: RecordLinks,
): string {
  const code = (text: string) => `<code>${escapeHtml(text)}</code>`;
  const claimCell = (id: string) => {
    const href = claimHref?.(id) ?? null;
    return href === null ? code(id) : `<a href="${escapeHtml(href)}">${code(id)}</a>`;
  };
  const row = (id: string, cells: string[]) => {
    const anchor = anchored.has(id) ? "" : ` id="${escapeHtml(claimAnchor(id))}"`;
    anchored.add(id);
    return `<tr${anchor}>${[claimCell(id), ...cells].map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  };
  const answered = document.records.flatMap((record) =>
    record.claims.map((claim) =>
      row(claim, [
        `<a href="#${escapeHtml(recordAnchor(record.id))}">${code(record.id)}</a>`,
        htmlRecord(record, {}, context),
      ])
    )
  );
  const unanswered = document.unanswered.map(({ claim, reason, note }) =>
    row(claim, [escapeHtml(reason), htmlNote(note)])
  );
  if (answered.length === 0 && unanswered.length === 0) return "";
  const sections = ['<h2 id="claims">Claims of the source</h2>'];
  if (answered.length > 0) {
    sections.push(details("Claims that a record answers", ["Claim", "Record", "Value"], answered));
  }
  if (unanswered.length > 0) {
    sections.push(details("Claims that no record answers, and why", ["Claim", "Reason", "Note"], unanswered));
  }
  return sections.join("\n");
}

/** Every record of the document, one row each, so that a number's origin can be read without scripts. */
export function htmlRecords(document: ReportDocument, links: RecordLinks): string {
  if (document.records.length === 0) return "";
  const machines = new Map(document.machines.map(({ id, name }) => [id, name]));
  const columns: [head: string, cell: (record: ReportDocument["records"][number]) => string][] = [
    ["Record", ({ id }) => `<code>${escapeHtml(id)}</code>`],
    ["Value", (record) => escapeHtml(formatRecord(record))],
    ["n", ({ n }) => String(n)],
    [
      "Interval",
      ({ interval }) =>
        interval === null ? "" : escapeHtml(`${Number((interval.confidence * 100).toFixed(3))}%, ${interval.method}`),
    ],
    ["Made", (record) => {
      const { kind, machine } = record;
      const where = machines.has(machine) ? `, ${machines.get(machine)}` : "";
      const cell = htmlMadeBy(record, links);
      return escapeHtml(`${kind}${where}`) + (cell === "" ? "" : `, ${cell}`);
    }],
    ["Source", ({ provenance, note }) => escapeHtml(provenance.source) + (note ? ` (${htmlNote(note)})` : "")],
    ["Shown in", (record) => htmlShownIn(record, links)],
    ["Claims", htmlClaimLinks],
  ];
  const used = columns.filter(([, cell], i) => i < 6 || document.records.some((record) => cell(record) !== ""));
  const rows = document.records.map((record) =>
    `<tr id="${escapeHtml(recordAnchor(record.id))}">${
      used.map(([, cell]) => `<td>${cell(record)}</td>`).join("")
    }</tr>`
  );
  const heads = used.map(([head]) => head);
  return `<h2 id="records">Records</h2>\n${details("Every number of this report", heads, rows)}`;
}

/** Reasons for missing values, numbered by first use. */
export class HtmlFootnotes {
  readonly #numbers = new Map<string, number>();

  mark(note: string | null): string {
    const reason = note ?? "no reason given";
    if (!this.#numbers.has(reason)) this.#numbers.set(reason, this.#numbers.size + 1);
    const number = this.#numbers.get(reason);
    return `<sup><a href="#note-${number}" aria-label="reason ${number}">${number}</a></sup>`;
  }

  html(): string {
    if (this.#numbers.size === 0) return "";
    const items = [...this.#numbers].map(([reason, number]) => `<li id="note-${number}">${htmlNote(reason)}</li>`);
    return `<ol class="footnotes">${items.join("")}</ol>`;
  }
}

/** A table that is closed at first. */
function details(summary: string, heads: string[], rows: string[]): string {
  const head = heads.map((text) => `<th scope="col">${text}</th>`).join("");
  return `<details><summary>${summary}</summary>\n` +
    `<div class="box" tabindex="0" role="region" aria-label="${summary}"><table class="sortable">` +
    `<thead><tr>${head}</tr></thead>\n<tbody>${rows.join("\n")}</tbody></table></div>\n</details>`;
}
