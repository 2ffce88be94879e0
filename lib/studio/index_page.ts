// The first page: reports with their states and findings, studies, and what could not be read.

import { escapeText, formatBytes, formatSeconds, formatTime } from "./client/format.mjs";
import type { StudySummary } from "../sweep/mod.ts";
import type { ReportEntry } from "./library.ts";
import type { Problem } from "./machine_results.ts";
import { plainTable, renderPage } from "./shell.ts";
import { stateMark, stateReason } from "./state_html.ts";
import { countsText, valuesText } from "./summary.ts";

/** A study in the list: what is known of it, or why it cannot be read. */
export type StudyEntry =
  | { name: string; summary: StudySummary; secondsLeft: number | null }
  | { name: string; problem: string };

/** What the first page shows. */
export interface IndexContent {
  studies: readonly StudyEntry[];
  reports: readonly ReportEntry[];
  /** Of reports and of other machines' results; those of studies stand in the list of studies. */
  problems: readonly Problem[];
  /** How many claims there are, and how many some record answers. */
  claims: { count: number; answered: number };
  live: boolean;
}

/** The page `index.html`. */
export function indexPage({ studies, reports, problems, claims, live }: IndexContent): string {
  const running = (entry: StudyEntry) => "summary" in entry && entry.summary.state === "running" ? 0 : 1;
  const sorted = [...studies].sort((a, b) => running(a) - running(b) || startOf(b).localeCompare(startOf(a)));
  const studySection = [
    '<h2 id="studies">Studies</h2>',
    sorted.length === 0
      ? "<p>None yet. <code>deno task sweep</code> or a notebook's <code>defineStudy</code> makes one.</p>"
      : studyTable(sorted),
  ];
  const reportSection = [
    '<h2 id="reports">Reports</h2>',
    reports.length === 0
      ? "<p>None yet. <code>deno task report</code> makes them.</p>"
      : `<ul class="cards">\n${reports.map(reportCard).join("\n")}\n</ul>`,
    `<p><a href="claims.html">Claims of the documents</a>: of ${
      claims.count.toLocaleString("en-US")
    }, a record of these ` +
    `reports answers ${claims.answered.toLocaleString("en-US")}.</p>`,
  ];
  // What changes while it is looked at comes first.
  const watched = live && sorted.some((entry) => running(entry) === 0);
  const main = [
    "<h1>Latent Lab</h1>",
    '<p id="said" class="heard" role="status" aria-live="polite"></p>',
    problemList(problems),
    ...(watched ? [...studySection, ...reportSection] : [...reportSection, ...studySection]),
  ].filter((part) => part !== "").join("\n");
  return renderPage({ title: "Latent Lab", root: "", main, live, data: live ? { events: "events" } : null });
}

function startOf(entry: StudyEntry): string {
  return "summary" in entry ? entry.summary.startedAt ?? "" : "";
}

/** What was left out, by file; "" when nothing was. */
function problemList(problems: readonly Problem[]): string {
  if (problems.length === 0) return "";
  const items = problems.map(({ name, problem }) => `<li><code>${escapeText(name)}</code> ${escapeText(problem)}</li>`);
  return `<div class="callout warning" id="problems" role="note" aria-label="Left out"><p><strong>Left out.</strong> The rest is ` +
    `shown.</p><ul>${items.join("")}</ul></div>`;
}

function reportCard({ name, title, scale, machine, state, findings, others, notebook }: ReportEntry): string {
  const page = (file: string) => `reports/${name}/${file}.html`;
  const facts = [
    stateMark(state),
    scale === "" ? "" : `scale ${escapeText(scale)}`,
    escapeText(machine),
    others.length === 0
      ? ""
      : `<a href="${page("machines")}">beside ${others.length} other machine${others.length === 1 ? "" : "s"}</a>`,
    notebook === null ? "" : `<a href="${page("notebook")}">notebook</a>`,
  ].filter((fact) => fact !== "");
  const reason = stateReason(state);
  return [
    `<li class="card" id="report-${name}">`,
    `<h3><a href="${page("index")}">${escapeText(title)}</a></h3>`,
    `<p class="line">${facts.map((fact) => `<span>${fact}</span>`).join(" ")}</p>`,
    reason === "" ? "" : `<div class="why">${reason}</div>`,
    ...findings.map((finding) => `<p class="finding">${finding}</p>`),
    "</li>",
  ].filter((part) => part !== "").join("\n");
}

function studyTable(studies: readonly StudyEntry[]): string {
  const rows = studies.map((entry) => {
    if ("problem" in entry) {
      return [
        escapeText(entry.name),
        "unreadable",
        escapeText(entry.problem),
        "",
        "",
        "",
      ];
    }
    const { name, summary, secondsLeft } = entry;
    const { best, definition, state } = summary;
    return [
      `<a href="studies/${name}/index.html">${escapeText(name)}</a>`,
      `<span class="state ${state}">${state}</span>`,
      escapeText(countsText(summary)),
      best === null ? "" : escapeText(valuesText(definition.objectives, best)),
      state === "running" && secondsLeft !== null
        ? `about ${formatSeconds(secondsLeft)} left`
        : formatTime(summary.startedAt),
      formatBytes(summary.bytes),
    ];
  });
  return plainTable(["Study", "State", "Trials", "Best", "Time", "On disk"], rows, { label: "Studies", right: [5] });
}
