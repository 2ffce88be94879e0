// How many trials at once, with how many threads each. Which mix trains fastest differs by chip: where cores share caches or matrix
// units one trial with all threads may win, elsewhere one thread a trial does. So it is measured once per machine, and remembered.

import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { canonicalJson, projectPath, sha256Hex, writeFileAtomic } from "../../process/mod.ts";
import type { MachineFacts } from "../../record/mod.ts";
import { idleShareFor } from "../../runtime/mod.ts";
import { type MeasuredMix, measureMixes } from "./measure_mix.ts";

/** Trials at once, and threads of each. */
export interface Mix {
  trials: number;
  threads: number;
}

/** What is known or wanted when a mix is chosen. */
export interface MixQuestion {
  /** As many as the caller wants; null leaves it to the machine. */
  trials: number | null;
  /** 0: one a physical core. */
  threads: number | null;
  /** Of the whole study: the same for a run that goes on, since threads may change the last bits of a result. */
  trialCount: number;
  machine: MachineFacts;
  /** Default: .cache/sweep-mix.json of the project. */
  cacheFile?: string;
  /** Takes some seconds; default `measureMixes` with `trialModule`. */
  measure?: (mixes: readonly Mix[]) => Promise<MeasuredMix[]>;
  trialModule: string;
  /** Part of the cores' time, from 0 to 1, that something else takes now; by default that of half a second. */
  busyShare?: () => Promise<number>;
  /** Told before a measurement. */
  onNote?: (sentence: string) => void;
}

/** Fewer trials than this are not worth a measurement. */
const WORTH_MEASURING = 4;
/** A mix that is that much slower and runs fewer trials at once is preferred: it takes less memory. */
const NEARLY_AS_FAST = 0.97;
/** What was measured while other work took more of the cores than this is measured again when it takes that much less. */
const BUSY_SHARE = 0.15;
const MUCH_LESS = 0.1;
const LOOK_MS = 500;

/**
 * The mix for a study: what the caller gives, filled up to all cores; else the fastest on this machine, measured now when there are more
 * than a few trials and it is not known, or was measured while the machine was busier than it is now.
 */
export async function chooseMix(question: MixQuestion): Promise<Mix> {
  const { machine, trialCount } = question;
  const cores = coresOf(machine);
  const threads = question.threads === 0 ? cores : question.threads;
  const trials = question.trials ?? (threads === null ? null : share(cores, threads));
  if (trials !== null) return { trials, threads: threads ?? share(cores, trials) };
  const known = await knownMixes(question);
  const best = known === null ? { trials: cores, threads: 1 } : fastest(known);
  return trialCount < best.trials ? { trials: Math.max(1, trialCount), threads: share(cores, trialCount) } : best;
}

/** What a trial gets when `count` share the cores. */
function share(cores: number, count: number): number {
  return Math.max(1, Math.floor(cores / Math.max(1, count)));
}

/** Physical cores, where they are told. */
export function coresOf({ physicalCores, logicalCores }: MachineFacts): number {
  return physicalCores ?? logicalCores;
}

/** The mixes that are worth trying: all cores for one trial, a core for each, and even shares between. */
export function mixesToTry(machine: MachineFacts): Mix[] {
  const cores = coresOf(machine);
  const counts = new Set([1, cores]);
  for (let trials = 2; trials < cores; trials *= 2) counts.add(trials);
  // Slow cores beside fast ones hold back a trial that has threads on both.
  if (machine.performanceCores !== null && machine.performanceCores > 0) counts.add(machine.performanceCores);
  return [...counts].sort((a, b) => a - b).map((trials) => ({ trials, threads: share(cores, trials) }));
}

/** The fastest, or one that is nearly as fast with fewer trials. */
export function fastest(mixes: readonly MeasuredMix[]): Mix {
  const most = Math.max(...mixes.map(({ stepsPerSecond }) => stepsPerSecond));
  const good = mixes.filter(({ stepsPerSecond }) => stepsPerSecond >= NEARLY_AS_FAST * most);
  const { trials, threads } = good.reduce((best, mix) => (mix.trials < best.trials ? mix : best));
  return { trials, threads };
}

async function knownMixes(question: MixQuestion): Promise<readonly MeasuredMix[] | null> {
  const { machine, trialCount, cacheFile, busyShare = async () => 1 - await idleShareFor(LOOK_MS) } = question;
  const remembered = rememberedMixes(machine, cacheFile);
  const sound = remembered !== null && !remembered.busy;
  if (sound || trialCount < WORTH_MEASURING || mixesToTry(machine).length === 1) return remembered?.mixes ?? null;
  const busy = await busyShare();
  if (remembered !== null && busy > remembered.busyShare - MUCH_LESS) return remembered.mixes;
  return await measured(question, busy) ?? remembered?.mixes ?? null;
}

/**
 * What is known of this machine, measured now (some seconds) where nothing is or other work disturbed it; null where there is but one mix, or
 * measuring failed.
 */
export async function currentMixes(
  question: Pick<MixQuestion, "machine" | "cacheFile" | "measure" | "busyShare" | "trialModule" | "onNote">,
): Promise<RememberedMixes | null> {
  await knownMixes({ trials: null, threads: null, trialCount: WORTH_MEASURING, ...question });
  return rememberedMixes(question.machine, question.cacheFile);
}

async function measured(question: MixQuestion, busyShare: number): Promise<MeasuredMix[] | null> {
  const { machine, trialModule, onNote, measure = (mixes) => measureMixes(mixes, { trialModule }) } = question;
  const mixes = mixesToTry(machine);
  onNote?.("Measuring how many trials at once are fastest on this machine; this takes a few seconds, once");
  if (busyShare > BUSY_SHARE) {
    onNote?.(
      `Its cores are ${
        Math.round(100 * busyShare)
      }% busy with something else: it is measured again when they are less so`,
    );
  }
  let found: MeasuredMix[];
  try {
    found = await measure(mixes);
  } catch (error) {
    onNote?.(`Could not measure it (${(error as Error).message}); one thread a trial is taken`);
    return null;
  }
  await writeMixes(question, { mixes: found, busyShare });
  return found;
}

const entrySchema = z.object({
  machine: z.string(),
  /** Of an older file it is not known. */
  busyShare: z.number().min(0).max(1).default(1),
  mixes: z.array(z.object({
    trials: z.number().int().min(1),
    threads: z.number().int().min(1),
    stepsPerSecond: z.number().positive(),
  })).min(1),
});
const fileSchema = z.record(z.string(), entrySchema);

/** What a machine's measurement found. */
export interface RememberedMixes {
  mixes: readonly MeasuredMix[];
  /** Part of the cores' time, from 0 to 1, that something else took meanwhile. */
  busyShare: number;
  /** Whether that was too much to rely on. */
  busy: boolean;
}

/** What was measured on a machine with its versions; null when nothing was, or the file cannot be read: it is only a cache. */
export function rememberedMixes(machine: MachineFacts, cacheFile: string = defaultFile()): RememberedMixes | null {
  const entry = readAll(cacheFile)[keyOf(machine)];
  return entry === undefined ? null : { ...entry, busy: entry.busyShare > BUSY_SHARE };
}

const defaultFile = () => projectPath(".cache", "sweep-mix.json");

/** Hash of what the measurement depends on: the machine and the versions of what runs on it. */
function keyOf({ id, versions }: MachineFacts): string {
  return sha256Hex(canonicalJson({ id, versions })).slice(0, 16);
}

function readAll(path: string): z.infer<typeof fileSchema> {
  if (!existsSync(path)) return {};
  try {
    return fileSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return {};
  }
}

async function writeMixes(
  { machine, cacheFile = defaultFile() }: MixQuestion,
  { mixes, busyShare }: Omit<RememberedMixes, "busy">,
): Promise<void> {
  const all = { ...readAll(cacheFile), [keyOf(machine)]: { machine: machine.name, busyShare, mixes } };
  await writeFileAtomic(cacheFile, `${JSON.stringify(all, null, 2)}\n`);
}
