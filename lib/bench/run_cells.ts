// Running a benchmark's cells within a time: small ones first, so that what they leave is there for the large ones.

import { type Cell, type CellOptions, type CellSettings, measureCell, type PreparedCell } from "./cell.ts";
import { cellName, type MeasuredCells } from "./benchmark.ts";
import type { MissingSide } from "./side.ts";

/** A cell to measure. */
export interface CellPlan extends CellSettings {
  /** A control measures our side against itself; an overhead is a step of nearly no work. */
  kind: "cell" | "control" | "overhead";
  /** Arithmetic of a step, in any unit: orders cells, and tells which ones are larger than one that took too long. */
  work: number;
}

/** Where a run is. */
export interface RunProgress {
  done: number;
  total: number;
  /** How long the rest may still take. */
  leftMs: number;
  /** What has just been done, in words. */
  last: string;
  /** All that has been measured until now. */
  measured: MeasuredCells;
}

/** How cells are run. */
export interface RunOptions extends Omit<CellOptions, "budgetMs"> {
  /** What all cells together may take; cells that are not begun by then are skipped. */
  budgetMs: number;
  onProgress?: (progress: RunProgress) => void | Promise<void>;
}

/** Makes a cell's sides ready, calls `measure` with them, and removes what it made. */
export type WithPrepared = (plan: CellPlan, measure: (prepared: PreparedCell) => Promise<Cell>) => Promise<Cell>;

const LISTS = { cell: "cells", control: "controls", overhead: "overheads" } as const;

/**
 * Measures all cells that the time allows. A peer that does not count and took too long at one size is not tried at larger
 * ones with as many threads.
 *
 * @throws {Error} when our side fails, or the signal aborts
 */
export async function runCells(
  plans: readonly CellPlan[],
  withPrepared: WithPrepared,
  options: RunOptions,
): Promise<MeasuredCells> {
  const measured: MeasuredCells = { cells: [], controls: [], overheads: [], skipped: [] };
  const start = performance.now();
  const ordered = plans.toSorted((a, b) => a.work - b.work);
  const slow = new SlowPeers();
  for (const [i, plan] of ordered.entries()) {
    const leftMs = start + options.budgetMs - performance.now();
    let last: string;
    if (leftMs <= 0) {
      last = "skipped: the run's time was used up";
      if (plan.kind === "cell") measured.skipped.push({ ...settingsOf(plan), reason: last });
    } else {
      const cellOptions = { ...options, budgetMs: leftMs / (ordered.length - i) };
      const cell = await withPrepared(
        plan,
        (prepared) => measureCell(settingsOf(plan), slow.leaveOut(plan, prepared), cellOptions),
      );
      slow.note(plan, cell.missing);
      measured[LISTS[plan.kind]].push(cell);
      last = cell.comparison ? `${cell.comparison.ratio.toFixed(2)} ${cell.verdict}` : cell.verdict;
    }
    const usedMs = performance.now() - start;
    const done = i + 1;
    await options.onProgress?.({
      done,
      total: ordered.length,
      leftMs: done === ordered.length ? 0 : Math.max(0, options.budgetMs - usedMs),
      last: `${cellName(plan)}${plan.kind === "cell" ? "" : ` (${plan.kind})`}: ${last}`,
      measured,
    });
  }
  return measured;
}

const settingsOf = ({ subject, batchSize, threads }: CellPlan): CellSettings => ({ subject, batchSize, threads });

/** Peers that do not count and took too long, and the size at which they did. */
class SlowPeers {
  readonly #seen: { name: string; plan: CellPlan }[] = [];

  note(plan: CellPlan, missing: readonly MissingSide[]): void {
    for (const { name, overBudget } of missing) if (overBudget) this.#seen.push({ name, plan });
  }

  /** The same cell without children for peers that took too long at a size that is not larger. */
  leaveOut({ work, threads }: CellPlan, prepared: PreparedCell): PreparedCell {
    const sides = prepared.sides.map((side) => {
      if (side.role !== "other") return side;
      const seen = this.#seen.find(({ name, plan }) =>
        name === side.name && plan.threads === threads && plan.work <= work
      );
      return seen ? { ...side, child: `skipped: it was over its budget at ${cellName(seen.plan)}` } : side;
    });
    return { ...prepared, sides };
  }
}
