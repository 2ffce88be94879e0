// What the script of a study's page gets: trials as short arrays and a choice of curves.

import type { JsonValue } from "../process/mod.ts";
import { encodeTrial } from "./client/encoding.mjs";
import type { Objective, StudyReader, StudySummary, TrialView } from "../sweep/mod.ts";

/** Values of a trial after its epochs. */
export type Curve = ReturnType<StudyReader["curves"]>[number];

/** More curves than this are one grey area; and they are the largest part of a page. */
export const MOST_CURVES = 300;

/** Names of a study's parameters: those of its space, then others that trials have. */
export function parameterNames(space: Readonly<Record<string, JsonValue>>, trials: readonly TrialView[]): string[] {
  const names = new Set(Object.keys(space));
  for (const { parameters } of trials) for (const name of Object.keys(parameters)) names.add(name);
  return [...names];
}

/**
 * The trials whose curves are shown: all when there are few, else those that run, the best third, and of the others an even
 * choice in the order of their numbers.
 */
export function chosenForCurves(trials: readonly TrialView[], { direction }: { direction: string }): Set<string> {
  const started = trials.filter(({ epochs }) => epochs > 0);
  if (started.length <= MOST_CURVES) return new Set(started.map(({ key }) => key));
  const sign = direction === "maximize" ? -1 : 1;
  const valued = started.filter(({ values, state }) => state === "finished" && values[0] !== null)
    .sort((a, b) => sign * (a.values[0]! - b.values[0]!));
  const chosen = new Set([
    ...started.filter(({ state }) => state === "running").map(({ key }) => key),
    ...valued.slice(0, MOST_CURVES / 3).map(({ key }) => key),
  ]);
  const others = started.filter(({ key }) => !chosen.has(key));
  const room = Math.max(0, MOST_CURVES - chosen.size);
  for (let i = 0; i < room; i++) chosen.add(others[Math.floor(i * others.length / room)].key);
  return chosen;
}

/** Trials and curves as they travel: in the page, and as a change of it. */
export interface EncodedChange {
  trials: unknown[][];
  curves: [key: string, points: [number, number][]][];
}

/** @param hasPage whether a trial has a page of its own */
export function encodeChange(
  { trials, curves, names, hasPage }: {
    trials: readonly TrialView[];
    curves: readonly Curve[];
    names: readonly string[];
    hasPage: (trial: TrialView) => boolean;
  },
): EncodedChange {
  const short = (value: number) => Number(value.toPrecision(5));
  return {
    trials: trials.map((trial) => encodeTrial(trial, [...names], hasPage(trial))),
    curves: curves.map(({ key, points }) => [key, points.map(([epoch, value]) => [epoch, short(value)])]),
  };
}

/** What the curves of a study are of: a cost has none, and its trials are shown by their loss. */
export function curveMetric([{ metric }]: readonly Objective[]): string {
  return metric === "parameterCount" || metric === "trainSeconds" ? "loss" : metric;
}

/** What the page of a study embeds. */
export function studyData(
  { summary, trials, curves, live, hasPage }: {
    summary: StudySummary;
    trials: readonly TrialView[];
    curves: readonly Curve[];
    live: boolean;
    hasPage: (trial: TrialView) => boolean;
  },
): Record<string, unknown> {
  const { definition: { space, objectives }, revision, state: summaryState } = summary;
  const names = parameterNames(space, trials);
  const chosen = chosenForCurves(trials, objectives[0]);
  const shown = curves.filter(({ key }) => chosen.has(key));
  return {
    objectives,
    parameters: names.map((name) => ({ name })),
    curveTitle: curveMetric(objectives),
    revision,
    summaryState,
    live,
    ...encodeChange({ trials, curves: shown, names, hasPage }),
  };
}
