// The page of one trial: parameters, curve of its epochs, attempts with their logs, the command to run it again.

import type { MachineFacts } from "../record/mod.ts";
import {
  escapeText,
  formatBytes,
  formatNumber,
  formatSeconds,
  formatTime,
  formatValue,
  stateBadge,
} from "./client/format.mjs";
import type { RequestKind, StoredAttempt, StudySummary, TrialDetail } from "../sweep/mod.ts";
import { factList, plainTable, renderPage } from "./shell.ts";
import { valuesText } from "./summary.ts";

/** What is shown of a trial. */
export interface TrialContent {
  summary: StudySummary;
  detail: TrialDetail;
  machines: readonly MachineFacts[];
  live: boolean;
}

/** The page `studies/NAME/trials/KEY.html`. */
export function trialPage(content: TrialContent): string {
  const { summary, detail: trial, live } = content;
  const title = `Trial ${trial.number} of ${summary.name}`;
  const main = [
    `<h1>${escapeText(title)}</h1>`,
    '<p id="said" class="heard" role="status" aria-live="polite"></p>',
    `<p class="counts">${stateBadge(trial.state)}: ${escapeText(valuesText(summary.definition.objectives, trial))}${
      trial.message === null ? "" : `<br><span class="why">${escapeText(trial.message)}</span>`
    }</p>`,
    live ? requestForms(content) : "",
    `<h2>Parameters</h2>${
      factList(Object.entries(trial.parameters).map(([name, value]) => [name, escapeText(formatValue(value))] as const))
    }`,
    facts(content),
    trial.epochList.length === 0 ? "" : `<h2>Epochs</h2>${historyTable(content)}`,
    `<h2>Attempts</h2>${attemptList(content)}`,
  ].filter((part) => part !== "").join("\n");
  return renderPage({
    title: `${title} · Latent Lab`,
    root: "../../../",
    above: [{ href: "../index.html", label: summary.name }],
    main,
    live,
    data: live ? { events: "../events", key: trial.key } : null,
  });
}

function facts({ detail: trial, machines }: TrialContent): string {
  const machine = machines.find(({ id }) => id === trial.machine);
  return factList([
    ["Model parameters", formatNumber(trial.parameterCount)],
    ["Epochs", `${trial.epochs} of ${trial.epochsPlanned}`],
    ["Time", trial.seconds > 0 ? formatSeconds(trial.seconds) : ""],
    ["Machine", escapeText(machine?.name ?? trial.machine ?? "")],
    ["Checkpoint", trial.checkpoint === null ? "" : `<code>${escapeText(trial.checkpoint)}</code>`],
    ["Key", `<code>${trial.key}</code>`],
    [
      "Run again",
      `<code>${escapeText(trial.rerun)}</code> <button type="button" class="scripted" data-copy="${
        escapeText(trial.rerun)
      }">Copy</button>`,
    ],
  ]);
}

const LABELS: Record<RequestKind, string> = {
  cancel: "Cancel",
  retry: "Retry",
  pin: "Keep its weights",
  unpin: "Do not keep its weights",
};

/** The requests that make sense in the trial's state. */
export function possibleRequests({ state, pinned }: { state: string; pinned: boolean }): RequestKind[] {
  const pin: RequestKind = pinned ? "unpin" : "pin";
  if (state === "running" || state === "waiting") return ["cancel", pin];
  return state === "finished" ? [pin] : ["retry", pin];
}

function requestForms({ detail: trial }: TrialContent): string {
  const forms = possibleRequests(trial).map((kind) =>
    `<form class="request" method="post" action="${trial.key}/${kind}"><button id="request-${kind}">${
      LABELS[kind]
    }</button></form>`
  );
  return `<div class="requests" role="group" aria-label="What to do with the trial">${forms.join("")}</div>`;
}

function historyTable({ detail: trial }: TrialContent): string {
  const metrics = [...new Set(trial.epochList.flatMap(({ validation }) => Object.keys(validation)))];
  const heads = [
    "Epoch",
    "Training loss",
    ...metrics.map((name) => `Validation ${name}`),
    "Learning rate",
    "Time",
    "Rows per second",
  ];
  const rows = trial.epochList.map((epoch) => [
    String(epoch.epoch),
    formatNumber(epoch.trainLoss),
    ...metrics.map((name) => formatNumber(epoch.validation[name])),
    formatNumber(epoch.learningRate),
    formatSeconds(epoch.seconds),
    formatNumber(Math.round(epoch.samplesPerSecond)),
  ]);
  return plainTable(heads, rows, { label: `Epochs of trial ${trial.number}`, right: heads.map((_, i) => i) });
}

function attemptList({ detail: trial, machines }: TrialContent): string {
  if (trial.attemptList.length === 0) return "<p>None yet.</p>";
  const names = new Map(machines.map(({ id, name }) => [id, name]));
  const heads = ["Attempt", "Outcome", "Started", "Time", "Memory", "Threads", "Where"];
  const rows = trial.attemptList.map((attempt) => [
    String(attempt.number),
    `${escapeText(attempt.outcome ?? "under way")}${
      attempt.message ? `<br><span class="why">${escapeText(attempt.message)}</span>` : ""
    }`,
    formatTime(attempt.startedAt),
    formatSeconds(attempt.seconds),
    formatBytes(attempt.peakRssBytes),
    String(attempt.threads),
    escapeText([attempt.worker, names.get(attempt.machine) ?? attempt.machine].filter(Boolean).join(", ")),
  ]);
  const table = plainTable(heads, rows, { label: `Attempts at trial ${trial.number}`, right: [0, 3, 4, 5] });
  return table + trial.attemptList.filter(({ stderrTail }) => stderrTail).map(logOf).join("");
}

function logOf({ number, stderrTail }: StoredAttempt): string {
  return `<details id="log-${number}"><summary>Log of attempt ${number}</summary><pre tabindex="0"><code>${
    escapeText(stderrTail!)
  }</code></pre></details>`;
}
