// A whole sweep beside Optuna with PyTorch: the same trials of 384-S-192-S-384 on the vectors of wordnet-20k, validated after every
// epoch, on the same cores. A sample is a sweep; what comes out of both must be alike before anything is timed.

import { availableParallelism } from "node:os";
import { projectPath, startChild } from "../process/mod.ts";
import type { BenchmarkSubject, MeasuredCells } from "./benchmark.ts";
import type { PreparedCell } from "./cell.ts";
import { peerChild } from "./peer_child.ts";
import { type CellPlan, runCells, type RunOptions } from "./run_cells.ts";
import type { OpenedSide, SideSettings } from "./side.ts";

/** The study. */
export interface SweepStudy {
  studentDim: number;
  batchSize: number;
  epochs: number;
  /** Learning rates, each with `seedCount` seeds. */
  rates: readonly number[];
  seedCount: number;
}

/** What our side is told. */
export interface SweepTask extends SweepStudy {
  /** Null: what is fastest on this machine. */
  trials: number | null;
  threads: number | null;
}

/** Options of `runSweepBenchmark`. */
export interface SweepBenchmarkOptions extends RunOptions {
  study: SweepStudy;
  /** A Python with optuna and torch, or null to leave them out. */
  peerPython: string | null;
  /** Cores of either side. Default: those of the machine. */
  cores?: number;
}

/** What sweep.json is about. */
export const SWEEP_SUBJECT: BenchmarkSubject = {
  benchmark: "sweep",
  subject:
    "a whole sweep: trials of 384-S-192-S-384 in fp32 with Adam and mean squared error on the 16,000 training vectors of wordnet-20k, the loss of its 2,000 validation vectors after every epoch; a sample (and a `step`) is one sweep, `batchSize` the rows that it trains. Ours starts its processes in every sweep, stores every epoch in SQLite and keeps checkpoints; Optuna's processes are forked from one that has imported everything and holds the data, and keep no weights",
};

const TRAIN_ROWS = 16_000;
/** Beyond this a child is ended, whatever it does. */
const CHILD_DEADLINE_MS = 60 * 60_000;

/** A form of Optuna's side. */
interface PeerForm {
  processes: number;
  threads: number;
  compiled: boolean;
}

/** The forms that are tried: the ratio is to the fastest of them. */
export function peerForms(cores: number): PeerForm[] {
  const forms: PeerForm[] = [
    { processes: 1, threads: cores, compiled: false },
    { processes: cores, threads: 1, compiled: false },
    { processes: cores, threads: 1, compiled: true },
  ];
  return cores === 1 ? forms.slice(1) : forms;
}

/**
 * Measures our sweep beside Optuna's forms, and against itself; without a Python only against itself.
 *
 * @throws {Error} when our side fails, or the Python has no optuna or torch
 */
export async function runSweepBenchmark(options: SweepBenchmarkOptions): Promise<MeasuredCells> {
  const { study, peerPython, cores = availableParallelism() } = options;
  if (peerPython !== null) await requireOptuna(peerPython);
  const rows = study.rates.length * study.seedCount * study.epochs * TRAIN_ROWS;
  const subject = `${study.rates.length * study.seedCount} trials, S=${study.studentDim}`;
  const plan = (kind: CellPlan["kind"], work: number): CellPlan => ({
    kind,
    subject,
    batchSize: rows,
    threads: cores,
    work,
  });
  const findings = new Map<string, string>();
  const measured = await runCells(
    peerPython === null ? [plan("control", 0)] : [plan("cell", 0), plan("control", 1)],
    (plan, measure) => measure(prepare(plan, options, { cores, findings })),
    { ...options, onProgress: (progress) => options.onProgress?.({ ...progress, measured: told(progress.measured) }) },
  );
  return told(measured);

  /** With what was found of each side's losses beside its settings. */
  function told(measured: MeasuredCells): MeasuredCells {
    const cells = measured.cells.map((cell) => ({
      ...cell,
      sides: cell.sides.map((side) => {
        const found = findings.get(side.name);
        return found === undefined || side.settings.endsWith(found)
          ? side
          : { ...side, settings: `${side.settings}; ${found}` };
      }),
    }));
    return { ...measured, cells };
  }
}

function prepare(
  { kind }: CellPlan,
  { study, peerPython }: SweepBenchmarkOptions,
  { cores, findings }: { cores: number; findings: Map<string, string> },
): PreparedCell {
  const task: SweepTask = { ...study, trials: null, threads: null };
  const ours: SideSettings = {
    name: "ours",
    role: "ours",
    settings: "study.run with its defaults: the mix of trials and threads that was measured fastest here",
    child: {
      module: projectPath("lib", "bench", "sweep_child.ts"),
      args: [JSON.stringify(task)],
      deadlineMs: CHILD_DEADLINE_MS,
    },
  };
  const others: SideSettings[] = kind === "control"
    ? [{ ...ours, name: "ours again", role: "rival" }]
    : peerForms(cores).map((form) => peerSide(form, study, peerPython!));
  return {
    sides: [ours, ...others],
    check: (ours, peer) => checkLosses(ours, peer, { seedCount: study.seedCount, findings }),
  };
}

function peerSide(form: PeerForm, study: SweepStudy, peerPython: string): SideSettings {
  const { processes, threads, compiled } = form;
  const trials = study.rates.flatMap((rate) =>
    Array.from({ length: study.seedCount }, (_, i) => ({ rate, seed: i + 1 }))
  );
  const { studentDim, batchSize, epochs } = study;
  const order = { dataFolder: projectPath("data", "wordnet-20k"), trials, studentDim, batchSize, epochs, ...form };
  return {
    name: `Optuna ${processes}x${threads}${compiled ? " compiled" : ""}`,
    role: "rival",
    settings: `${processes} ${
      processes === 1 ? "process" : "processes"
    }, threads of each: ${threads}; a study in memory for each process; PyTorch ${
      compiled ? "with the whole step compiled (before the time that counts)" : "eager, Adam(fused=True)"
    }, denormals flushed, data in memory`,
    child: {
      ...peerChild(peerPython, "sweep_optuna.py", { args: [JSON.stringify(order)], threads }),
      deadlineMs: CHILD_DEADLINE_MS,
    },
  };
}

/** Initial values and batch orders differ, so losses are alike as samples of one distribution are. Sweeps once with either side. */
async function checkLosses(
  ours: OpenedSide,
  peer: OpenedSide,
  { seedCount, findings }: { seedCount: number; findings: Map<string, string> },
): Promise<string[]> {
  const own = await lossesOf(ours);
  let theirs: number[];
  try {
    theirs = await lossesOf(peer);
  } catch (error) {
    return [(error as Error).message]; // it will be missing when it is to be measured
  }
  const { text, problem } = lossDifference(own, theirs, seedCount);
  findings.set(peer.name, text);
  return problem === null ? [] : [`${peer.name}: ${problem}`];
}

const swept = new WeakMap<OpenedSide, Promise<number[]>>();

function lossesOf(side: OpenedSide): Promise<number[]> {
  const known = swept.get(side) ??
    side.talk.ask({ settle: 0, steps: 1, repeat: 1 }).then((answer) => (answer as { losses: number[] }).losses);
  swept.set(side, known);
  return known;
}

/** Means further apart than this, and than chance explains, are another computation. */
const MOST_DIFFERENCE = 0.02;
const STANDARD_ERRORS = 3;

/**
 * Compares final losses trial by trial, on a scale of ratios. Trials of one seed share their first weights and the order of their
 * rows, so that only the means of seeds are independent samples.
 *
 * @param own losses of the trials in order, seeds changing fastest, and `theirs` in the same
 * @param seedCount seeds of each configuration
 */
export function lossDifference(
  own: readonly number[],
  theirs: readonly number[],
  seedCount: number,
): { text: string; problem: string | null } {
  if (own.length !== theirs.length || own.length === 0) {
    return { text: "no losses to compare", problem: `expected ${own.length} final losses, got ${theirs.length}` };
  }
  const logs = own.map((loss, i) => Math.log(loss / theirs[i]));
  const seeds = Array.from({ length: seedCount }, (_, seed) => meanOf(logs.filter((_, i) => i % seedCount === seed)));
  const mean = meanOf(seeds);
  const variance = seeds.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, seedCount - 1);
  const error = Math.sqrt(variance / seedCount);
  const percent = (value: number) => `${((Math.exp(value) - 1) * 100).toFixed(2)}%`;
  const text = `final losses: ours over its, geometric mean of ${logs.length} trials ${percent(mean)} (standard error ${
    percent(error)
  } over ${seedCount} seeds), trial by trial ${percent(Math.min(...logs))} to ${percent(Math.max(...logs))}`;
  const apart = !(Math.abs(mean) <= Math.max(MOST_DIFFERENCE, STANDARD_ERRORS * error));
  return { text, problem: apart ? `the losses are not alike: ${text}` : null };
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function requireOptuna(python: string): Promise<void> {
  const options = { command: python, args: ["-c", "import optuna, torch"], deadlineMs: 120_000 };
  const { exitCode, stderrTail } = await startChild(options).result;
  if (exitCode === 0) return;
  throw new Error(
    `Cannot benchmark against Optuna: ${python} cannot import optuna and torch (pip install optuna torch): ${
      stderrTail.trim().slice(-500)
    }`,
  );
}
