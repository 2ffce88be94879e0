// Loss against iterations of one or several trainings: every iteration's loss pale, its running mean as a line, validations as marks on a line.

import type { PlotlyFigure } from "../document.ts";
import { valueAxis } from "./axes.ts";
import { checkValues, translucent } from "./figure.ts";
import { seriesStyle } from "./marks.ts";

/** One training. */
export interface LossCurve {
  name: string;
  /** Rising. */
  iterations: number[];
  losses: number[];
  /** Validations, at some of the iterations. */
  validation: { iteration: number; loss: number }[];
}

/** What `lossCurves` draws. */
export interface LossCurves {
  curves: LossCurve[];
  /** Whether the losses are on a logarithmic axis. Default false. */
  log?: boolean;
}

/** More points than this a line are thinned: each is then a mean of neighbours. */
const MOST_POINTS = 300;
/** Iterations of the running mean, as a share of all. */
const MEAN_SHARE = 0.05;

/**
 * Curves of losses.
 *
 * @throws {RangeError} when there is no curve with a loss, lengths differ, or a value cannot be drawn
 *
 * @example
 * ```ts
 * import { lossCurves } from "lib/report/mod.ts";
 * const curve = { name: "adapter", iterations: [1, 2, 3], losses: [3, 2.5, 2.4], validation: [{ iteration: 3, loss: 2.6 }] };
 * console.log(lossCurves({ curves: [curve] }).data.length); // 3
 * ```
 */
export function lossCurves({ curves, log = false }: LossCurves): PlotlyFigure {
  const drawn = curves.filter(({ losses }) => losses.length > 0);
  if (drawn.length === 0) throw new RangeError("Cannot draw loss curves: expected at least one loss");
  const y = { title: "Loss", unit: "nats a token", log };
  drawn.forEach(({ iterations, losses }, i) => {
    if (iterations.length !== losses.length) {
      throw new RangeError(
        `Cannot draw curves[${i}].losses: expected ${iterations.length} values as in iterations, got ${losses.length}`,
      );
    }
    checkValues(losses, y, `curves[${i}].losses`);
  });
  const all = drawn.flatMap(({ losses, validation }) => [...losses, ...validation.map(({ loss }) => loss)]);
  return {
    data: drawn.flatMap((curve, i) => tracesOf(curve, i)),
    layout: {
      showlegend: true,
      xaxis: valueAxis({ title: "Iteration", unit: "1" }, drawn.flatMap(({ iterations }) => iterations), { air: 0.02 }),
      yaxis: valueAxis(y, all),
    },
  };
}

function tracesOf({ name, iterations, losses, validation }: LossCurve, index: number): Record<string, unknown>[] {
  const { color, symbol } = seriesStyle(index);
  const base = { legendgroup: name, type: "scatter" };
  const each = thinned(iterations, losses);
  const mean = thinned(iterations, runningMeans(losses));
  return [
    {
      ...{ ...base, ...each, mode: "lines", name: `${name}, each`, showlegend: false },
      line: { color: translucent(color, 0.3), width: 1 },
    },
    { ...base, ...mean, mode: "lines", name: `${name}, training`, line: { color, width: 2 } },
    {
      ...{ ...base, mode: "lines+markers", name: `${name}, validation` },
      x: validation.map(({ iteration }) => iteration),
      y: validation.map(({ loss }) => loss),
      line: { color, dash: "dot", width: 1.5 },
      marker: { color, size: 8, symbol },
    },
  ];
}

/** Means over each value and those before it. */
function runningMeans(values: readonly number[]): number[] {
  const most = Math.max(1, Math.round(values.length * MEAN_SHARE));
  let sum = 0;
  return values.map((value, i) => {
    sum += value - (i >= most ? values[i - most] : 0);
    return sum / Math.min(i + 1, most);
  });
}

function thinned(x: readonly number[], y: readonly number[]): { x: number[]; y: number[] } {
  const step = Math.max(1, Math.ceil(y.length / MOST_POINTS));
  const starts = Array.from({ length: Math.ceil(y.length / step) }, (_, i) => i * step);
  return {
    x: starts.map((start) => x[Math.min(start + step, x.length) - 1]),
    y: starts.map((start) => {
      const part = y.slice(start, start + step);
      return part.reduce((sum, value) => sum + value, 0) / part.length;
    }),
  };
}
