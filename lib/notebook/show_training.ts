// A training's losses as a curve that grows in a cell.

import { performance } from "node:perf_hooks";
import { type LossCurve, lossCurves, type PlotlyFigure, withTemplate } from "../report/mod.ts";
import { displayBundle, headlessChannel, inKernel, jupyter } from "./jupyter.ts";

/** What is shown of an iteration; `fineTune` of lib/language gives more. */
export interface ShownIteration {
  readonly iteration: number;
  readonly loss: number;
  readonly validationLoss: number | null;
  readonly seconds: number;
  readonly tokens: number;
}

/** Options of {@link showTraining}. */
export interface ShowTrainingOptions {
  /** What is trained. Default "training". */
  name?: string;
  /** Iterations in all, for the line below the curve. */
  iterations?: number;
  /** Monotonic clock in milliseconds; tests give their own. */
  nowMs?: () => number;
  /** Receives the figure and the line, with `isLast` once at the end. */
  show?: (figure: PlotlyFigure, line: string, isLast: boolean) => void | Promise<void>;
}

/** A front end draws the figure anew at each update. */
const MIN_INTERVAL_MS = 500;
const [WIDTH, HEIGHT] = [760, 360];

/**
 * Shows losses while a training goes on, and returns its iterations. In a kernel the curve grows in place; a headless run tells the line as
 * progress and keeps the whole curve; a plain program prints the line.
 *
 * @throws what the training throws; the curve so far stays shown
 *
 * @example
 * ```ts
 * import { showTraining } from "lib/notebook/mod.ts";
 * async function* training() {
 *   yield { iteration: 1, loss: 3, validationLoss: null, seconds: 0.1, tokens: 70 };
 *   yield await Promise.resolve({ iteration: 2, loss: 2, validationLoss: 2.5, seconds: 0.1, tokens: 70 });
 * }
 * const iterations = await showTraining(training(), { show: () => {} }); // in a notebook: showTraining(fineTune({ … }))
 * if (iterations.length !== 2) throw new Error("all iterations");
 * ```
 */
export async function showTraining<T extends ShownIteration>(
  run: AsyncIterable<T>,
  options: ShowTrainingOptions = {},
): Promise<T[]> {
  const { name = "training", iterations: total } = options;
  const nowMs = options.nowMs ?? (() => performance.now());
  const show = options.show ?? defaultShow();
  const seen: T[] = [];
  let lastShownMs = -Infinity;
  const update = async (isLast: boolean) => {
    if (seen.length > 0) await show(lossCurves({ curves: [curveOf(name, seen)] }), lineOf(name, seen, total), isLast);
  };
  try {
    for await (const iteration of run) {
      seen.push(iteration);
      if (nowMs() - lastShownMs < MIN_INTERVAL_MS) continue;
      lastShownMs = nowMs();
      await update(false);
    }
  } finally {
    await update(true);
  }
  return seen;
}

/** The curve of iterations, for `lossCurves` of a report. */
export function curveOf(name: string, iterations: readonly ShownIteration[]): LossCurve {
  return {
    name,
    iterations: iterations.map(({ iteration }) => iteration),
    losses: iterations.map(({ loss }) => loss),
    validation: iterations.flatMap(({ iteration, validationLoss: loss }) => loss === null ? [] : [{ iteration, loss }]),
  };
}

/** Iterations of which the line tells the speed. */
const RECENT = 20;

function lineOf(name: string, seen: readonly ShownIteration[], total: number | undefined): string {
  const { iteration, loss } = seen.at(-1)!;
  const recent = seen.slice(-RECENT);
  const seconds = recent.reduce((sum, one) => sum + one.seconds, 0);
  const tokens = recent.reduce((sum, one) => sum + one.tokens, 0);
  const validated = seen.findLast(({ validationLoss }) => validationLoss !== null);
  return [
    `${name} ${iteration}${total === undefined ? "" : `/${total}`}`,
    `loss ${loss.toFixed(3)}`,
    ...(validated ? [`validation ${validated.validationLoss!.toFixed(3)}`] : []),
    `${(recent.length / seconds).toPrecision(3)} iterations/s`,
    `${Math.round(tokens / seconds).toLocaleString("en-US")} tokens/s`,
  ].join(" · ");
}

let displayCount = 0;

function defaultShow(): NonNullable<ShowTrainingOptions["show"]> {
  if (jupyter() === null) return (_figure, line, isLast) => isLast ? console.error(line) : undefined;
  const channel = headlessChannel();
  const isLive = inKernel();
  const displayId = `training-${++displayCount}`;
  let shown = false;
  return async (figure, line, isLast) => {
    channel?.emit({ type: "progress", line, milestone: isLast });
    if (!isLive && !isLast) return;
    const { data, layout } = withTemplate(figure);
    const bundle = {
      "application/vnd.plotly.v1+json": { data, layout: { ...layout, width: WIDTH, height: HEIGHT } },
      "text/plain": line,
    };
    // A front end that is gone does not stop the training.
    await displayBundle(bundle, { displayId, update: shown }).catch(() => {});
    shown = true;
  };
}
