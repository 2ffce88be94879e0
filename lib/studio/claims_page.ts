// The claims of the documents, each with the records that answer it: from here every number that settles a claim is one link away. What the
// answers mean is said in the reports.

import type { Figure } from "../claims/mod.ts";
import { claimAnchor, formatRecord, recordAnchor, unitLabel } from "../report/mod.ts";
import type { AnsweredClaim, ClaimAnswer } from "./claim_answers.ts";
import { escapeText, formatNumber } from "./client/format.mjs";
import { renderPage } from "./shell.ts";

/** The page `claims.html`. */
export function claimsPage(claims: readonly AnsweredClaim[]): string {
  const answered = claims.filter(({ answers }) => answers.length > 0).length;
  const documents = [...new Set(claims.map(({ claim }) => claim.seed))];
  const options = documents.map((seed) => `<option>${escapeText(seed)}</option>`).join("");
  const heads = ["Claim", "Document", "Claimed", "Answered by"];
  const main = [
    "<h1>Claims of the documents</h1>",
    `<p>Of ${claims.length.toLocaleString("en-US")} claims, a record of the reports here answers ` +
    `${answered.toLocaleString("en-US")}; a report says of others why it cannot.</p>`,
    '<form id="claim-filters" class="scripted filters" role="search" aria-label="Claims">',
    '<label>Words <input type="search" name="words" autocomplete="off" spellcheck="false"></label>',
    `<label>Document <select name="seed"><option value="">all</option>${options}</select></label>`,
    '<label>Answered <select name="answer"><option value="">all</option><option value="record">by a record</option>' +
    '<option value="reason">by a reason</option><option value="nothing">not yet</option></select></label>',
    '<output role="status"></output></form>',
    '<div class="box claims" tabindex="0" role="region" aria-label="Claims"><table><thead><tr>' +
    `${heads.map((text) => `<th scope="col">${text}</th>`).join("")}</tr></thead>`,
    `<tbody>${claims.map(claimRow).join("\n")}</tbody></table></div>`,
  ].join("\n");
  return renderPage({ title: "Claims · Latent Lab", root: "", home: true, main, live: false, data: { claims: true } });
}

function claimRow({ claim, answers, reasons, listedIn }: AnsweredClaim): string {
  const answer = answers.length > 0 ? "record" : reasons.length > 0 ? "reason" : "nothing";
  const told = [
    ...answers.filter(({ own }) => own).map(answerHtml),
    ...othersHtml(answers),
    ...reasons.map(({ report, unanswered: { reason } }) =>
      reportLink(report, claimAnchor(claim.id), escapeText(reason))
    ),
    ...listedIn.map(({ report, title }) => reportLink(report, claimAnchor(claim.id), escapeText(title))),
  ];
  return `<tr id="${claimAnchor(claim.id)}" data-seed="${escapeText(claim.seed)}" data-answer="${answer}">` +
    `<th scope="row"><code>${escapeText(claim.id)}</code><br><span class="statement">${
      escapeText(claim.statement)
    }</span></th>` +
    `<td>${escapeText(claim.seed)}<br><span class="why">${escapeText(claim.section)}</span></td>` +
    `<td class="figure">${escapeText(figureText(claim.value, claim.unit))}</td>` +
    `<td>${told.join("<br>") || '<span class="why">not yet</span>'}</td></tr>`;
}

function answerHtml({ report, record }: ClaimAnswer): string {
  const value = escapeText(formatRecord(record));
  return `${reportLink(report, recordAnchor(record.id), value)} <span class="why">${escapeText(report)}</span>`;
}

/** The answers of other machines, one link a report. */
function othersHtml(answers: readonly ClaimAnswer[]): string[] {
  const byReport = Map.groupBy(answers.filter(({ own }) => !own), ({ report }) => report);
  return [...byReport].map(([report, others]) => {
    const machines = new Set(others.map(({ machine }) => machine));
    const what = machines.size === 1 ? [...machines][0] : `${machines.size} other machines`;
    return `<a href="reports/${report}/machines.html">${escapeText(what)}</a>`;
  });
}

function reportLink(report: string, anchor: string, text: string): string {
  return `<a href="reports/${report}/index.html#${escapeText(anchor)}">${text}</a>`;
}

/** A claimed figure with its unit: `545,000`, `2 to 3 ms`, `fits in L3`. */
export function figureText(value: Figure, unit: string | null): string {
  const text = Array.isArray(value)
    ? value.map(formatNumber).join(" to ")
    : typeof value === "number"
    ? formatNumber(value)
    : value;
  const label = unitLabel(unit ?? "");
  return label === "" || typeof value === "string"
    ? text
    : label === "×" || label === "%"
    ? text + label
    : `${text} ${label}`;
}
