// Measuring one subject with one provider configuration, from its first process to a record that says whether to believe it.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { machineFacts, totalMemoryBytes } from "../../runtime/mod.ts";
import { waitForQuiet } from "../quiet.ts";
import { boundOf } from "./correctness.ts";
import type { BenchOptions, BenchProgress, BenchSettings } from "./bench_settings.ts";
import { readEnvironment } from "./environment.ts";
import { type Limits, limitsOf } from "./limits.ts";
import { type ProviderConfig, providerLabel, whyAbsent, whyRefused } from "./provider.ts";
import { type BenchRecord } from "./record.ts";
import { recordOf, type RunMade } from "./record_of.ts";
import { runChild, withoutPaths } from "./run_child.ts";
import type { Scenario } from "./scenario.ts";
import { type BenchSubject, type PreparedSubject, prepareSubject } from "./subject.ts";
import type { CallsSoFar, Phase, SubjectMessage, SubjectTask } from "./task.ts";

const START_MS = 300_000;
const MEMORY_SHARE = 0.8;

/**
 * Measures a subject with a provider. Outputs are compared with a reference first; wrong ones are not timed.
 *
 * A provider that is not here, a process that crashes, hangs or takes too much memory, and outputs that are wrong give a record that says so.
 *
 * @throws {RangeError | TypeError} when an option, the batch or the subject is wrong
 * @throws the signal's reason when it aborts
 *
 * @example
 * ```ts
 * import { bench } from "lib/bench/mod.ts";
 * import { graph, input, relu } from "lib/graph/mod.ts";
 * const positive = graph("positive", { y: relu(input("x", "float32", ["batch", 8])) });
 * const { outcome, measure } = await bench({
 *   subject: { name: "positive", graph: positive },
 *   provider: { name: "cpu" },
 *   limits: { minMs: 5, minCount: 20 },
 * });
 * if (outcome !== "measured" || measure!.n < 20) throw new Error("at least twenty calls");
 * ```
 */
export async function bench({ subject, provider, ...settings }: BenchOptions): Promise<BenchRecord> {
  const { batchSize = 1, signal } = settings;
  return await withSubject(
    subject,
    batchSize,
    async (prepared, reference) => await benchPrepared(prepared, { ...settings, provider, reference }),
    signal,
  );
}

/** Gives the reference of a prepared subject, computed once; or why there is none. */
export type ReferenceOf = () => Promise<{ reference: string; failure: string | null }>;

/** Prepares a subject in a folder that is removed afterwards. */
export async function withSubject<T>(
  subject: BenchSubject,
  batchSize: number,
  use: (prepared: PreparedSubject, reference: ReferenceOf) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-bench-"));
  try {
    const prepared = await prepareSubject(subject, { batchSize, folder });
    let made: ReturnType<ReferenceOf> | null = null;
    return await use(prepared, () => made ??= makeReference(prepared, signal));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeReference(subject: PreparedSubject, signal?: AbortSignal): ReturnType<ReferenceOf> {
  if (subject.module) return { reference: "the subject's own check", failure: null };
  const limits = { deadlineMs: START_MS, memoryLimitBytes: MEMORY_SHARE * totalMemoryBytes(), signal };
  const { messages, failure } = await runChild({ kind: "reference", subject }, limits);
  const [answer] = messages;
  return { reference: answer?.kind === "reference" ? answer.reference : "", failure };
}

/** Measures what `withSubject` has prepared. */
export async function benchPrepared(subject: PreparedSubject, settings: PreparedSettings): Promise<BenchRecord> {
  const started = await startBench(subject, settings);
  while (await started.next());
  return started.record();
}

/** How a prepared subject is measured. */
export type PreparedSettings = BenchSettings & { provider: ProviderConfig; reference: ReferenceOf };

/** A measurement under way, one process at a time. */
export interface StartedBench {
  /** Runs the next process; false when none is left, or the last one was wrong or broken. */
  next(): Promise<boolean>;
  /** What the processes so far say. */
  record(): BenchRecord;
}

/** Begins the measurement of what `withSubject` has prepared: everything but its processes. */
export async function startBench(
  subject: PreparedSubject,
  { provider, reference, ...settings }: PreparedSettings,
): Promise<StartedBench> {
  const machine = machineFacts();
  const threads = provider.name === "cpu" ? provider.threads ?? machine.physicalCores ?? machine.logicalCores : 1;
  const { processes = 1, signal, quietMs = 0, scenario: asked = "singleStream" } = settings;
  const { warmUpCalls = null } = settings;
  checkCounts({ threads, processes, warmUpCalls });
  // Other providers go through onnxruntime-node, which gives new outputs at each call; modules see to theirs.
  const isOwnSession = subject.module === null && (provider.name === "cpu" || provider.name === "tfjs");
  const outputs = isOwnSession ? settings.outputs ?? "bound" : "fresh";
  const scenario = scenarioOf(asked);
  const limits = limitsOf(settings.limits);
  const about = { subject, provider, threads, outputs, scenario, limits, machine, accelerator: settings.accelerator };
  const refused = (outcome: Refusal["outcome"], reason: string): StartedBench => ({
    next: () => Promise.resolve(false),
    record: () => recordOf({ ...about, outcome, reasons: [reason], runs: [], idleBefore: null }),
  });
  const refusal = await whyNotStarted(subject, provider, settings);
  if (refusal) return refused(refusal.outcome, refusal.reason);
  const tell = tellOf(settings, about, { run: 1, runs: processes });
  tell("reference", null);
  const { reference: made, failure } = await reference();
  if (failure) return refused("failed", withoutPaths(`no reference could be computed: ${failure}`, subject.folder));
  const task: MeasureTask = {
    kind: "measure",
    subject,
    open: { provider, threads, outputs },
    bound: settings.bound ?? boundOf(subject.dtype, provider),
    reference: made,
    hooks: settings.hooks ?? {},
    scenario,
    limits: shareOf(limits, processes),
    warmUpMs: settings.warmUpMs ?? 2000,
    warmUpCalls,
    leastSampleMs: settings.leastSampleMs ?? 0.02,
    placement: true,
  };
  if (quietMs > 0) tell("quiet", null);
  const idleBefore = quietMs > 0
    ? await waitForQuiet({ atMostMs: quietMs, lookMs: Math.min(2000, quietMs), signal })
    : null;
  return running(task, { about, settings, processes, idleBefore });
}

type MeasureTask = SubjectTask & { kind: "measure" };

function running(
  task: MeasureTask,
  { about, settings, processes, idleBefore }: {
    about: Omit<Parameters<typeof recordOf>[0], "outcome" | "reasons" | "runs" | "idleBefore">;
    settings: BenchSettings;
    processes: number;
    idleBefore: number | null;
  },
): StartedBench {
  const runs: RunMade[] = [];
  return {
    async next() {
      const run = runs.length + 1;
      const made = await runOnce(
        { ...task, placement: run === 1 },
        settings,
        tellOf(settings, about, { run, runs: processes }),
      );
      runs.push(made);
      // What is wrong or broken once is so.
      return !made.failure && made.samples !== null && run < processes;
    },
    record() {
      const record = recordOf({ ...about, outcome: null, reasons: [], runs, idleBefore });
      for (const made of runs) if (made.samples) settings.onSamples?.(made, record);
      return record;
    },
  };
}

interface Refusal {
  outcome: "absent" | "unsupported" | "failed";
  reason: string;
}

/** Why nothing is started at all. What a provider runs on no machine is told as that also where the provider is absent. */
async function whyNotStarted(
  subject: PreparedSubject,
  provider: ProviderConfig,
  { providerSupports }: BenchSettings,
): Promise<Refusal | null> {
  const never = whyRefused(subject.facts, provider);
  if (never) return { outcome: "unsupported", reason: never };
  const absent = await whyAbsent(provider);
  if (absent) return { outcome: "absent", reason: absent };
  const unsupported = await providerSupports?.(subject, provider);
  return unsupported ? { outcome: "unsupported", reason: unsupported } : null;
}

/** What one of several processes measures. */
function shareOf(limits: Limits, processes: number): Limits {
  return {
    minMs: limits.minMs / processes,
    maxMs: limits.maxMs / processes,
    minCount: Math.ceil(limits.minCount / processes),
    maxCount: Math.ceil(limits.maxCount / processes),
  };
}

function checkCounts(counts: Readonly<Record<string, number | null>>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (value === null || (Number.isInteger(value) && value >= 1)) continue;
    throw new RangeError(`Cannot benchmark: expected ${name} to be an integer from 1, got ${value}`);
  }
}

function scenarioOf(asked: Scenario | Scenario["name"]): Scenario {
  if (typeof asked !== "string") return asked;
  if (asked === "server") throw new RangeError("Cannot benchmark: the scenario server needs its arrivalsPerSecond");
  return { name: asked };
}

type Tell = (phase: BenchProgress["phase"], calls: CallsSoFar | null) => void;

function tellOf(
  { onProgress }: BenchSettings,
  { subject, provider }: { subject: PreparedSubject; provider: ProviderConfig },
  count: { run: number; runs: number },
): Tell {
  const fixed = {
    subject: subject.facts.name,
    provider: providerLabel(provider),
    batchSize: subject.batchSize,
    ...count,
  };
  return (phase, calls) => onProgress?.({ ...fixed, phase, calls });
}

async function runOnce(
  task: MeasureTask,
  { deadlineMs, memoryLimitBytes = MEMORY_SHARE * totalMemoryBytes(), signal, accelerator }: BenchSettings,
  tell: Tell,
): Promise<RunMade> {
  const uses: { elapsedMs: number; use: number }[] = [];
  let phase: Phase = "start";
  const before = readEnvironment();
  const onMessage = (message: SubjectMessage) => {
    if (message.kind === "phase") tell(phase = message.phase, null);
    if (message.kind !== "calls") return;
    const use = accelerator?.latest() ?? null;
    if (use !== null) uses.push({ elapsedMs: message.calls.elapsedMs, use });
    tell(phase, message.calls);
  };
  const { messages, failure } = await runChild(task, {
    deadlineMs: deadlineMs ?? START_MS + 2 * task.limits.maxMs + task.warmUpMs,
    memoryLimitBytes,
    signal,
    onMessage,
  });
  const opened = messages.find((message) => message.kind === "opened");
  const done = messages.find((message) => message.kind === "done");
  const placed = messages.find((message) => message.kind === "placed");
  return {
    failure,
    correctness: opened?.correctness ?? null,
    fallback: opened?.fallback ?? false,
    samples: done?.samples ?? null,
    placement: typeof placed?.placement === "string"
      ? withoutPaths(placed.placement, task.subject.folder)
      : placed?.placement ?? null,
    uses,
    before,
    after: readEnvironment(),
  };
}
