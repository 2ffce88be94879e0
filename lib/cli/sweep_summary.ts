// What `deno task sweep` prints of studies: the list, progress, and the summary at the end.

import { formatDuration } from "../notebook/mod.ts";
import type { StudyProgress, StudySummary, TrialView } from "../sweep/mod.ts";

const MOST_SHOWN = 5;

/** One line a study. */
export function studyLines(studies: readonly StudySummary[]): string[] {
  if (studies.length === 0) return ["There are no studies; a notebook or a module makes one with defineStudy"];
  return table([
    ["study", "state", "trials", "finished", "pruned", "failed", "disk", "best"],
    ...studies.map(({ name, state, counts, bytes, best, definition }) => [
      name,
      state,
      String(Object.values(counts).reduce((sum, count) => sum + count, 0)),
      String(counts.finished),
      String(counts.pruned),
      String(counts.failed),
      `${(bytes / 1e6).toFixed(1)} MB`,
      best === null ? "" : `${definition.objectives[0].metric} ${number(best.values[0])}`,
    ]),
  ]);
}

/** One line of text for a study under way. */
export function progressLine({ done, total, failed, pruned, running, current, secondsLeft }: StudyProgress): string {
  const parts = [`trials ${done}/${total}`];
  if (pruned > 0) parts.push(`${pruned} pruned`);
  if (failed > 0) parts.push(`${failed} failed`);
  if (running.length > 1) parts.push(`${running.length} running`);
  if (current !== null) parts.push(point(current.parameters), `epoch ${current.epoch}/${current.epochs}`);
  if (secondsLeft !== null && secondsLeft > 1) parts.push(`${formatDuration(secondsLeft * 1000)} left`);
  return parts.join(" · ");
}

/** What a study has come to: the best trials, those pruned and failed, what it took, and how to run one again. */
export function summaryLines(
  { name, counts, definition }: StudySummary,
  trials: readonly TrialView[],
  { seconds, command }: { seconds: number; command: string },
): string[] {
  const { objectives } = definition;
  const [first] = objectives;
  const sign = first.direction === "minimize" ? 1 : -1;
  const finished = trials.filter(({ state }) => state === "finished")
    .sort((a, b) => sign * (a.values[0]! - b.values[0]!) || a.number - b.number);
  const best = finished.slice(0, MOST_SHOWN).map((trial) => [
    trial.key.slice(0, 12),
    ...trial.values.map(number),
    String(trial.parameterCount),
    formatDuration(trial.seconds * 1000),
    point(trial.parameters),
  ]);
  const told = Object.entries(counts).filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`);
  const trialSeconds = trials.reduce((sum, trial) => sum + trial.seconds, 0);
  const took = `${formatDuration(seconds * 1000)} (trials together ${formatDuration(trialSeconds * 1000)})`;
  const lines = [`Study ${name}: ${told.join(", ") || "no trials"}; took ${took}`];
  if (best.length > 0) {
    const columns = ["key", ...objectives.map(({ metric }) => metric), "parameters", "time", "point"];
    lines.push(`Best by ${first.metric} (${first.direction}), of ${finished.length}:`);
    lines.push(...table([columns, ...best]).map((line) => `  ${line}`));
  }
  const failed = trials.filter(({ state }) => state === "failed");
  if (failed.length > 0) {
    lines.push("Failed:");
    for (const { key, parameters, message } of failed.slice(0, MOST_SHOWN)) {
      lines.push(`  ${key.slice(0, 12)}  ${point(parameters)}: ${message ?? ""}`);
    }
    if (failed.length > MOST_SHOWN) lines.push(`  and ${failed.length - MOST_SHOWN} more`);
    lines.push(`Run one again: ${command} --retry ${failed[0].key.slice(0, 12)}`);
  }
  return lines;
}

function point(parameters: Readonly<Record<string, unknown>>): string {
  return Object.entries(parameters).map(([name, value]) =>
    `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`
  ).join(", ");
}

function number(value: number | null): string {
  return value === null ? "" : String(Number(value.toPrecision(5)));
}

/** Columns as wide as their widest cell. */
function table(rows: readonly string[][]): string[] {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd());
}
