// The file of a benchmark: cells measured in one run or in several, and what they say together.

import type { MachineFacts } from "../record/mod.ts";
import { type Cell, type CellSettings, pairedBlocks } from "./cell.ts";
import { overallRatio } from "./verdict.ts";

/** A cell that was not measured, and why. */
export interface SkippedCell extends CellSettings {
  reason: string;
}

/** What a run measured. */
export interface MeasuredCells {
  cells: Cell[];
  /** Our side measured against itself, by the same procedure: the ratio should be 1. */
  controls: Cell[];
  /** Steps with nearly no work: what a call costs by itself. They are no part of the overall ratio. */
  overheads: Cell[];
  skipped: SkippedCell[];
}

/** What a benchmark is about, in words. */
export interface BenchmarkSubject {
  benchmark: string;
  subject: string;
}

/** Content of reports/benchmarks/train.json and infer.json. */
export interface Benchmark extends MeasuredCells, BenchmarkSubject {
  schemaVersion: 2;
  /** What `ratio` is, in words. */
  ratioOf: string;
  /** Geometric mean over the cells of `machine` that are not INVALID, with its interval; null without a peer. */
  ratio: number | null;
  low: number | null;
  high: number | null;
  /** Pairs of turns behind the ratio, and cells. */
  n: number;
  cellsCounted: number;
  /** The cell with the largest ratio among those. */
  largest: (CellSettings & { ratio: number }) | null;
  /** Where the newest cells were measured. Cells of another machine stay in the file and do not count. */
  machine: MachineFacts;
}

const RATIO_OF = "our median time per step over that of the fastest peer that counts: below 1, ours is faster";

/** A cell's name: what is measured again replaces what has the same name. */
export function cellName({ subject, batchSize, threads }: CellSettings): string {
  return `${subject} x ${batchSize}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
}

/**
 * Puts what a run measured into what the file holds: a cell replaces the one with its name, the others stay as they were. A
 * cell that the run skipped is listed only when the file has none.
 *
 * @param previous content of the file, or null
 */
export function mergeRun(
  previous: Benchmark | null,
  run: MeasuredCells,
  about: BenchmarkSubject & { machine: MachineFacts },
): Benchmark {
  const cells = replace(previous?.cells ?? [], run.cells);
  const measured = new Set(cells.map(cellName));
  const skipped = replace(previous?.skipped ?? [], run.skipped).filter((cell) => !measured.has(cellName(cell)));
  return {
    schemaVersion: 2,
    benchmark: about.benchmark,
    ratioOf: RATIO_OF,
    ...summarizeCells(cells.filter(({ machine }) => machine.id === about.machine.id)),
    subject: about.subject,
    machine: about.machine,
    cells,
    controls: replace(previous?.controls ?? [], run.controls),
    overheads: replace(previous?.overheads ?? [], run.overheads),
    skipped,
  };
}

/**
 * The benchmark that a file's text holds.
 *
 * @returns null for another benchmark, or one of another schema: its cells cannot stand beside new ones
 */
export function parseBenchmark(text: string, benchmark: string): Benchmark | null {
  let parsed: Partial<Benchmark>;
  try {
    parsed = JSON.parse(text) as Partial<Benchmark>;
  } catch {
    return null;
  }
  return parsed.schemaVersion === 2 && parsed.benchmark === benchmark ? parsed as Benchmark : null;
}

/** Overall ratio and largest cell of those that are not INVALID and have a peer that counts. */
export function summarizeCells(
  cells: readonly Cell[],
): Pick<Benchmark, "ratio" | "low" | "high" | "n" | "cellsCounted" | "largest"> {
  const counted = cells.flatMap((cell) => {
    const { verdict, comparison, sides } = cell;
    if (verdict === "INVALID" || comparison === null) return [];
    const peer = sides.find(({ name }) => name === comparison.peer)!;
    return [{ cell, ratio: comparison.ratio, ...pairedBlocks(sides[0], peer) }];
  });
  if (counted.length === 0) return { ratio: null, low: null, high: null, n: 0, cellsCounted: 0, largest: null };
  const { ratio, low, high, n } = overallRatio(counted);
  const most = counted.reduce((a, b) => (b.ratio > a.ratio ? b : a));
  const { subject, batchSize, threads } = most.cell;
  return {
    ratio,
    low,
    high,
    n,
    cellsCounted: counted.length,
    largest: { subject, batchSize, threads, ratio: most.ratio },
  };
}

const byNumber = new Intl.Collator("en", { numeric: true });

/** Many threads first, then by subject and batch. */
function inOrder(a: CellSettings, b: CellSettings): number {
  return b.threads - a.threads || byNumber.compare(a.subject, b.subject) || a.batchSize - b.batchSize;
}

function replace<C extends CellSettings>(old: readonly C[], fresh: readonly C[]): C[] {
  const byName = new Map([...old, ...fresh].map((cell) => [cellName(cell), cell]));
  return [...byName.values()].sort(inOrder);
}
