// What is said of a study as a whole: counts, best trial, times.

import {
  escapeText,
  formatBytes,
  formatMeasured,
  formatParameters,
  formatSeconds,
  formatTime,
  STATES,
} from "./client/format.mjs";
import type { Objective, StudySummary, TrialView } from "../sweep/mod.ts";
import { factList } from "./shell.ts";

/** `31 of 40 finished, 5 pruned, 1 failed`. */
export function countsText({ counts }: Pick<StudySummary, "counts">): string {
  const total = totalOf(counts);
  const others = STATES.filter((state) => state !== "finished" && counts[state as keyof typeof counts] > 0)
    .map((state) => `${counts[state as keyof typeof counts].toLocaleString("en-US")} ${state}`);
  return [`${counts.finished.toLocaleString("en-US")} of ${total.toLocaleString("en-US")} finished`, ...others].join(
    ", ",
  );
}

function totalOf(counts: StudySummary["counts"]): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** `loss 0.1234`, with each objective. */
export function valuesText(objectives: readonly Objective[], { values }: Pick<TrialView, "values">): string {
  return objectives.map(({ metric }, i) => `${metric} ${formatMeasured(values[i]) || "not measured"}`).join(", ");
}

/** `less loss, more cosine`. */
export function objectivesText(objectives: readonly Objective[]): string {
  return objectives.map(({ metric, direction }) => `${direction === "minimize" ? "less" : "more"} ${metric}`).join(
    ", ",
  );
}

/** `tpe (startup 10)`. */
export function methodText(method: { name: string; settings: Readonly<Record<string, unknown>> } | null): string {
  if (method === null) return "none";
  const settings = formatParameters(method.settings);
  return settings === "" ? method.name : `${method.name} (${settings})`;
}

/**
 * About how long the rest of a running study takes, by what trials have cost so far: proportional to parameters x epochs, with as
 * many at once as are running now. Null until one has finished.
 */
export function secondsLeft(trials: readonly TrialView[]): number | null {
  const work = ({ parameterCount, epochsPlanned }: TrialView) => parameterCount * epochsPlanned;
  const sum = (list: readonly TrialView[], of: (trial: TrialView) => number) =>
    list.reduce((total, trial) => total + of(trial), 0);
  const done = trials.filter(({ state, seconds }) => (state === "finished" || state === "pruned") && seconds > 0);
  const running = trials.filter(({ state }) => state === "running");
  if (done.length === 0 || running.length === 0) return null;
  const waiting = trials.filter(({ state }) => state === "waiting" || state === "interrupted");
  const rate = sum(done, ({ seconds }) => seconds) / sum(done, work);
  const left = rate * sum(waiting, work) + sum(running, (trial) => Math.max(0, rate * work(trial) - trial.seconds));
  return left / running.length;
}

/** A bar of the study's trials by state; the counts stand beside it in words. */
function progressBar({ counts }: StudySummary): string {
  const total = Math.max(1, totalOf(counts));
  const order = ["finished", "pruned", "failed", "cancelled", "interrupted", "running", "waiting"] as const;
  let x = 0;
  const parts = order.filter((state) => counts[state] > 0).map((state) => {
    const width = counts[state] / total * 100;
    x += width;
    return `<rect class="${state}" x="${(x - width).toFixed(2)}" width="${width.toFixed(2)}" height="8"/>`;
  });
  return `<svg class="progress" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">${
    parts.join("")
  }</svg>`;
}

/** Best trial, counts and times of a study, as HTML. `left` is the estimated time until it ends, in seconds. */
export function summaryHtml(
  summary: StudySummary,
  { left, bestHref }: { left: number | null; bestHref: string | null },
): string {
  const { best, definition, state } = summary;
  const number = best && `trial ${best.number}`;
  const bestHtml = best === null
    ? ""
    : `<strong class="best">${escapeText(valuesText(definition.objectives, best))}</strong> ` +
      `${bestHref ? `<a href="${escapeText(bestHref)}">${number}</a>` : number}<br>` +
      `<span class="unit">${escapeText(formatParameters(best.parameters))}</span>`;
  return `<p class="counts"><span class="state ${state}">${state}</span>: ${escapeText(countsText(summary))}${
    left === null || state !== "running" ? "" : `, about ${formatSeconds(left)} left`
  }</p>\n${progressBar(summary)}\n` + factList([
    ["Best", bestHtml],
    ["Started", formatTime(summary.startedAt)],
    ["Ended", state === "running" ? "" : formatTime(summary.endedAt)],
    ["On disk", formatBytes(summary.bytes)],
    [
      "Of earlier definitions",
      summary.strangers > 0 ? `${summary.strangers.toLocaleString("en-US")} trials, not shown` : "",
    ],
  ]);
}
