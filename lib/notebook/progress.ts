// Progress of a long cell: students done, epoch, samples/s, time left. Headless it reaches the terminal of the runner; in a kernel it
// is one display that updates in place. The reports never contain it.

import { performance } from "node:perf_hooks";
import { displayBundle, headlessChannel, inKernel } from "./jupyter.ts";

/** State of a piece of work of several like items, for example students. */
export interface ProgressState {
  /** What is counted, plural: "students". */
  unit: string;
  /** Items in all. */
  total: number;
  /** Items finished. */
  done: number;
  /** The item under way: "S=512 seed 1". */
  label?: string;
  /** Epoch under way or finished, from 1. */
  epoch?: number;
  epochs?: number;
  samplesPerSecond?: number;
  /** Share of the whole work done, 0 to 1; without it, (done + epoch / epochs) / total. Give it where items differ in cost. */
  fraction?: number;
}

/** Handle to a progress display. */
export interface Progress {
  /** Changes some of the state; fields that are not given stay. */
  update(change: Partial<Omit<ProgressState, "unit">>): void;
  /** Counts one item as finished and forgets its epoch and speed. */
  itemDone(): void;
  /** Shows the last state: everything done, in how long. */
  finish(): void;
}

/** Dependencies that tests replace. */
export interface ProgressOptions {
  /** Monotonic clock in milliseconds. */
  nowMs?: () => number;
  /** Receives every line that would be shown. */
  show?: (line: string, milestone: boolean) => void;
}

const MIN_INTERVAL_MS = 200;

/**
 * Starts a progress display for `total` items.
 *
 * @param unit what is counted, plural: "students"
 * @param total number of items, a positive integer
 * @throws {RangeError} when `total` is not a positive integer
 *
 * @example
 * ```ts
 * import { progress } from "lib/notebook/mod.ts";
 * const students = progress("students", 2);
 * students.update({ label: "S=256", epoch: 1, epochs: 25, samplesPerSecond: 48000 });
 * students.itemDone();
 * students.finish();
 * ```
 */
export function progress(unit: string, total: number, options: ProgressOptions = {}): Progress {
  if (!Number.isInteger(total) || total < 1) {
    throw new RangeError(`Cannot show progress: expected a positive whole number of ${unit}, got ${total}`);
  }
  const nowMs = options.nowMs ?? (() => performance.now());
  const show = options.show ?? defaultShow();
  const startMs = nowMs();
  let state: ProgressState = { unit, total, done: 0 };
  let lastShownMs = -Infinity;
  const render = (milestone: boolean) => {
    const now = nowMs();
    if (!milestone && now - lastShownMs < MIN_INTERVAL_MS) return;
    lastShownMs = now;
    show(progressLine(state, now - startMs), milestone);
  };
  return {
    update(change) {
      const milestone = change.done !== undefined && change.done !== state.done;
      state = { ...state, ...change };
      render(milestone);
    },
    itemDone() {
      state = { unit, total, done: Math.min(total, state.done + 1), label: state.label };
      render(true);
    },
    finish() {
      state = { unit, total, done: state.done };
      show(`${unit} ${state.done}/${total} in ${formatDuration(nowMs() - startMs)}`, true);
    },
  };
}

/**
 * One line of text for a state: `students 2/6 · S=512 · epoch 7/25 · 48,120 samples/s · 1 min 12 s left`.
 *
 * @param elapsedMs time since the start of the work
 */
export function progressLine(state: ProgressState, elapsedMs: number): string {
  const parts = [`${state.unit} ${state.done}/${state.total}`];
  if (state.label) parts.push(state.label);
  if (state.epoch !== undefined) parts.push(`epoch ${state.epoch}${state.epochs ? `/${state.epochs}` : ""}`);
  if (state.samplesPerSecond !== undefined && Number.isFinite(state.samplesPerSecond)) {
    parts.push(`${Math.round(state.samplesPerSecond).toLocaleString("en-US")} samples/s`);
  }
  const fraction = fractionDone(state);
  // Before a percent is done or a second has passed, an estimate is noise.
  if (fraction > 0.01 && fraction < 1 && elapsedMs > 1000) {
    parts.push(`${formatDuration(elapsedMs * (1 - fraction) / fraction)} left`);
  }
  return parts.join(" · ");
}

/** Duration in the two largest units: "45 s", "3 min 20 s", "1 h 5 min". */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (milliseconds < 9950) return `${(milliseconds / 1000).toFixed(1)} s`;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
}

function fractionDone(state: ProgressState): number {
  if (state.fraction !== undefined) return Math.min(1, Math.max(0, state.fraction));
  const current = state.epoch !== undefined && state.epochs ? Math.min(1, state.epoch / state.epochs) : 0;
  return Math.min(1, (state.done + current) / state.total);
}

let displayCount = 0;

function defaultShow(): (line: string, milestone: boolean) => void {
  const channel = headlessChannel();
  if (channel) return (line, milestone) => channel.emit({ type: "progress", line, milestone });
  if (!inKernel()) return (line, milestone) => milestone ? console.error(line) : undefined;
  const displayId = `progress-${++displayCount}`;
  let shown = false;
  return (line) => {
    // Not awaited: a training loop does not wait for a front end.
    displayBundle({ "text/plain": line }, { displayId, update: shown }).catch(() => {});
    shown = true;
  };
}
