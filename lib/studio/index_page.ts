// The first page: studies and reports.

import { escapeText, formatBytes, formatSeconds, formatTime } from "./client/format.mjs";
import type { StudySummary } from "../sweep/mod.ts";
import type { ReportEntry } from "./reports.ts";
import { plainTable, renderPage } from "./shell.ts";
import { countsText, valuesText } from "./summary.ts";

/** A study in the list: what is known of it, or why it cannot be read. */
export type StudyEntry =
  | { name: string; summary: StudySummary; secondsLeft: number | null }
  | { name: string; problem: string };

/** The page `index.html`. */
export function indexPage(
  { studies, reports, live }: { studies: readonly StudyEntry[]; reports: readonly ReportEntry[]; live: boolean },
): string {
  const running = (entry: StudyEntry) => "summary" in entry && entry.summary.state === "running" ? 0 : 1;
  const sorted = [...studies].sort((a, b) => running(a) - running(b) || startOf(b).localeCompare(startOf(a)));
  const main = [
    "<h1>Latent Lab</h1>",
    '<p id="said" class="heard" role="status" aria-live="polite"></p>',
    '<h2 id="studies">Studies</h2>',
    sorted.length === 0
      ? "<p>None yet. <code>deno task sweep</code> or a notebook's <code>defineStudy</code> makes one.</p>"
      : studyTable(sorted),
    '<h2 id="reports">Reports</h2>',
    reports.length === 0 ? "<p>None yet. <code>deno task report</code> makes them.</p>" : reportTable(reports),
  ].join("\n");
  return renderPage({ title: "Latent Lab", root: "", main, live, data: live ? { events: "events" } : null });
}

function startOf(entry: StudyEntry): string {
  return "summary" in entry ? entry.summary.startedAt ?? "" : "";
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

function reportTable(reports: readonly ReportEntry[]): string {
  const rows = reports.map(({ name, title, scale, machine }) => [
    `<a href="reports/${name}/index.html">${escapeText(title)}</a>`,
    escapeText(scale),
    escapeText(machine),
  ]);
  return plainTable(["Report", "Scale", "Machine"], rows, { label: "Reports" });
}
