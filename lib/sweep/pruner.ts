// Pruners end trials early that would not win, by what others had reached after as many epochs.

import type { JsonValue } from "../process/mod.ts";
import type { Objective } from "./objective.ts";
import { checkInteger, checkNames } from "./samplers/settings.ts";

/** What a pruner is asked after an epoch of a trial. */
export interface PruningQuestion {
  /** From 1. */
  epoch: number;
  /** Of the first objective after this epoch, the mean over the configuration's seeds that have reached it. */
  value: number;
  /** Of the other configurations: the value after epoch i + 1 at index i, the mean over their seeds that reached it. */
  curves: readonly (readonly number[])[];
  objective: Objective;
}

/** A rule that ends trials early. */
export interface Pruner {
  readonly name: string;
  /** Its settings, as they are stored with the study. */
  readonly settings: Readonly<Record<string, JsonValue>>;
  /** Why to end the trial, as a sentence; null to let it go on. A pure function. */
  reason(question: PruningQuestion): string | null;
}

/** Settings of `asha`. */
export interface AshaSettings {
  /** Epochs before the first comparison. Default: 1. */
  minEpochs?: number;
  /** One of so many goes on at each comparison, and the next is after so many times the epochs. At least 2; default: 4. */
  reduction?: number;
  /** Configurations, the own one with them, that must have reached a comparison before anything is ended there. Default: 1. */
  startup?: number;
}

/**
 * Asynchronous successive halving (Li et al. 2018, "A System for Massively Parallel Hyperparameter Tuning") in the form that ends
 * trials instead of pausing them, as Optuna's SuccessiveHalvingPruner: after `minEpochs`, `minEpochs * reduction`, ... epochs a
 * configuration goes on when it is among the best 1 / reduction of those that have got there, rounded down but at least the best
 * one. Seeds are replicas: a configuration is compared by the mean of its seeds that have got there.
 *
 * @throws {RangeError} when a setting is no integer in range
 *
 * @example
 * ```ts
 * import { asha } from "lib/sweep/mod.ts";
 * const pruner = asha({ minEpochs: 2, reduction: 2 });
 * const objective = { metric: "loss", direction: "minimize" } as const;
 * const curves = [[0.9, 0.5], [0.9, 0.4], [0.9, 0.7]];
 * if (pruner.reason({ epoch: 1, value: 2, curves, objective }) !== null) throw new Error("no comparison after 1 epoch");
 * console.log(pruner.reason({ epoch: 2, value: 0.6, curves, objective }));
 * // after 2 epochs, a loss of 0.6 was not among the best 2 of 4 configurations (asha)
 * ```
 */
export function asha({ minEpochs = 1, reduction = 4, startup = 1, ...rest }: AshaSettings = {}): Pruner {
  const what = "an asha pruner";
  checkNames(what, rest, ["minEpochs", "reduction", "startup"]);
  checkInteger(what, "minEpochs", minEpochs, { least: 1 });
  checkInteger(what, "reduction", reduction, { least: 2 });
  checkInteger(what, "startup", startup, { least: 1 });
  return {
    name: "asha",
    settings: { minEpochs, reduction, startup },
    reason: ({ epoch, value, curves, objective }) => {
      if (!isRung(epoch, minEpochs, reduction)) return null;
      const own = asCost(value, objective);
      if (Number.isNaN(own)) return notANumber(epoch, objective);
      const others = reached(curves, epoch, objective);
      const count = others.length + 1;
      if (count < startup) return null;
      const places = Math.max(1, Math.floor(count / reduction));
      const better = others.filter((cost) => cost < own).length;
      if (better < places) return null;
      const best = places === 1 ? "the best" : `among the best ${places}`;
      return `${described(epoch, value, objective)} was not ${best} of ${count} configurations (asha)`;
    },
  };
}

/** Settings of `median`. */
export interface MedianSettings {
  /** Other configurations that must have reached an epoch before anything is ended there. Default: 5. */
  startup?: number;
  /** Epochs after which nothing is ended. Default: 0. */
  warmup?: number;
}

/**
 * Ends what is worse than the median of the other configurations after as many epochs (the median stopping rule of Golovin et al.
 * 2017, "Google Vizier"). Those that were ended early count in the epochs that they reached.
 *
 * @throws {RangeError} when a setting is no integer in range
 *
 * @example
 * ```ts
 * import { median } from "lib/sweep/mod.ts";
 * const objective = { metric: "cosine", direction: "maximize" } as const;
 * const curves = [[0.5], [0.7], [0.9]];
 * console.log(median({ startup: 3 }).reason({ epoch: 1, value: 0.6, curves, objective }));
 * // after 1 epoch, a cosine of 0.6 was worse than the median of 3 configurations, 0.7 (median)
 * ```
 */
export function median({ startup = 5, warmup = 0, ...rest }: MedianSettings = {}): Pruner {
  const what = "a median pruner";
  checkNames(what, rest, ["startup", "warmup"]);
  checkInteger(what, "startup", startup, { least: 1 });
  checkInteger(what, "warmup", warmup, { least: 0 });
  return {
    name: "median",
    settings: { startup, warmup },
    reason: ({ epoch, value, curves, objective }) => {
      if (epoch <= warmup) return null;
      const own = asCost(value, objective);
      if (Number.isNaN(own)) return notANumber(epoch, objective);
      const others = reached(curves, epoch, objective).sort((a, b) => a - b);
      if (others.length < startup) return null;
      const half = others.length / 2;
      const middle = (others[Math.ceil(half) - 1] + others[Math.floor(half)]) / 2;
      if (own <= middle) return null;
      const shown = formatted(objective.direction === "maximize" ? -middle : middle);
      return `${described(epoch, value, objective)} was worse than the median of ${others.length} configurations, ` +
        `${shown} (median)`;
    },
  };
}

/** Whether trials are compared after this epoch: minEpochs times a power of the reduction. */
function isRung(epoch: number, minEpochs: number, reduction: number): boolean {
  let rung = minEpochs;
  while (rung < epoch) rung *= reduction;
  return rung === epoch;
}

/** What the other configurations had after the epoch, to be made small; what is no number counts as the worst. */
function reached(curves: PruningQuestion["curves"], epoch: number, objective: Objective): number[] {
  return curves.filter((curve) => curve.length >= epoch).map((curve) => {
    const cost = asCost(curve[epoch - 1], objective);
    return Number.isNaN(cost) ? Infinity : cost;
  });
}

function asCost(value: number, { direction }: Objective): number {
  return direction === "maximize" ? -value : value;
}

function notANumber(epoch: number, { metric }: Objective): string {
  return `after ${epochs(epoch)}, ${metric} was no number`;
}

function described(epoch: number, value: number, { metric }: Objective): string {
  return `after ${epochs(epoch)}, a ${metric} of ${formatted(value)}`;
}

function epochs(count: number): string {
  return count === 1 ? "1 epoch" : `${count} epochs`;
}

function formatted(value: number): string {
  return String(Number(value.toPrecision(4)));
}
