// The progress of a study in the notebook's progress display.

import { type Progress, progress, type ProgressOptions } from "./progress.ts";

/** What a study reports while it runs; `onProgress` of lib/sweep gives it. */
export interface StudyProgressState {
  done: number;
  total: number;
  failed: number;
  current: {
    parameters: Readonly<Record<string, unknown>>;
    epoch: number;
    epochs: number;
    samplesPerSecond: number | null;
  } | null;
  /** All trials under way, when there may be several. */
  running?: readonly unknown[];
}

/**
 * A listener for `study.run({ onProgress })` that shows trials done, the trial under way, its epoch and speed, and the time left.
 *
 * @param unit what is counted, plural: "students"
 *
 * @example
 * ```ts
 * import { studyProgress } from "lib/notebook/mod.ts";
 * const show = studyProgress("students");
 * show({ done: 0, total: 2, failed: 0, current: { parameters: { studentDim: 256 }, epoch: 1, epochs: 25, samplesPerSecond: 48000 } });
 * ```
 */
export function studyProgress(unit: string, options: ProgressOptions = {}): (state: StudyProgressState) => void {
  let shown: Progress | null = null;
  return ({ done, total, failed, current, running = [] }) => {
    shown ??= progress(unit, total, options);
    shown.update({
      done,
      total,
      label: current
        ? label(current.parameters) + (running.length > 1 ? `, ${running.length} running` : "")
        : undefined,
      epoch: current?.epoch,
      epochs: current?.epochs,
      samplesPerSecond: current?.samplesPerSecond ?? undefined,
    });
    if (done + failed === total) shown.finish();
  };
}

function label(parameters: Readonly<Record<string, unknown>>): string {
  return Object.entries(parameters).map(([name, value]) => `${name} ${value}`).join(", ");
}
