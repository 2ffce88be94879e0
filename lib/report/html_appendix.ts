// The end of an HTML report: claims, footnotes, and the table of records that every number links to.

import type { ReportDocument } from "./document.ts";
import { formatRecord } from "./format.ts";
import { escapeHtml, type HtmlContext, htmlNote, htmlRecord } from "./html_inline.ts";

/** Which record answers which claim, and which claims have none; "" when there are no claims. */
export function htmlClaims(document: ReportDocument, context: HtmlContext): string {
  const answered = document.records.flatMap((record) =>
    record.claims.map((claim) => [
      `<code>${escapeHtml(claim)}</code>`,
      `<code>${escapeHtml(record.id)}</code>`,
      htmlRecord(record, {}, context),
    ])
  );
  const unanswered = document.unanswered.map(({ claim, reason, note }) => [
    `<code>${escapeHtml(claim)}</code>`,
    escapeHtml(reason),
    htmlNote(note),
  ]);
  if (answered.length === 0 && unanswered.length === 0) return "";
  const sections = ['<h2 id="claims">Claims of the source</h2>'];
  if (answered.length > 0) {
    sections.push(details("Claims that a record answers", plainTable(["Claim", "Record", "Value"], answered)));
  }
  if (unanswered.length > 0) {
    const table = plainTable(["Claim", "Reason", "Note"], unanswered);
    sections.push(details("Claims that no record answers, and why", table));
  }
  return sections.join("\n");
}

/** Every record of the document, one row each, so that a number's origin can be read without scripts. */
export function htmlRecords(document: ReportDocument): string {
  if (document.records.length === 0) return "";
  const machines = new Map(document.machines.map(({ id, name }) => [id, name]));
  const rows = document.records.map((record) => {
    const interval = record.interval
      ? `${Number((record.interval.confidence * 100).toFixed(3))}%, ${record.interval.method}`
      : "";
    const cells = [
      `<code>${escapeHtml(record.id)}</code>`,
      escapeHtml(formatRecord(record)),
      String(record.n),
      escapeHtml(interval),
      escapeHtml(`${record.kind}${machines.has(record.machine) ? `, ${machines.get(record.machine)}` : ""}`),
      escapeHtml(record.provenance.source) + (record.note ? ` (${htmlNote(record.note)})` : ""),
    ];
    return `<tr id="record-${escapeHtml(record.id)}">${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  });
  const heads = ["Record", "Value", "n", "Interval", "Made", "Source"];
  return `<h2 id="records">Records</h2>\n${details("Every number of this report", tableOf(heads, rows))}`;
}

/** Reasons for missing values, numbered by first use. */
export class HtmlFootnotes {
  readonly #numbers = new Map<string, number>();

  mark(note: string | null): string {
    const reason = note ?? "no reason given";
    if (!this.#numbers.has(reason)) this.#numbers.set(reason, this.#numbers.size + 1);
    const number = this.#numbers.get(reason);
    return `<sup><a href="#note-${number}" aria-label="reason">${number}</a></sup>`;
  }

  html(): string {
    if (this.#numbers.size === 0) return "";
    const items = [...this.#numbers].map(([reason, number]) => `<li id="note-${number}">${htmlNote(reason)}</li>`);
    return `<ol class="footnotes">${items.join("")}</ol>`;
  }
}

function details(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n${body}\n</details>`;
}

function plainTable(heads: string[], rows: string[][]): string {
  return tableOf(heads, rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`));
}

function tableOf(heads: string[], rows: string[]): string {
  const head = heads.map((text) => `<th scope="col">${text}</th>`).join("");
  return `<div class="box" tabindex="0"><table class="sortable"><thead><tr>${head}</tr></thead>\n` +
    `<tbody>${rows.join("\n")}</tbody></table></div>`;
}
