// How many trials of a sweep run best at once here, when a sweep has measured it: only what is remembered is told.

import { existsSync, readFileSync } from "node:fs";
import { canonicalJson, projectPath, sha256Hex } from "../../process/mod.ts";
import type { MachineFacts } from "../../record/mod.ts";
import type { Finding } from "./finding.ts";

/** Measured mixes by a hash of machine and versions. */
const FILE = [".cache", "sweep-mix.json"] as const;

interface MeasuredMix {
  trials: number;
  threads: number;
  stepsPerSecond: number;
}

/** The line about mixes of trials and threads. */
export function mixFinding(machine: MachineFacts, path: string = projectPath(...FILE)): Finding {
  const mixes = existsSync(path) ? remembered(readFileSync(path, "utf8"), machine) : null;
  const advice = mixes ? null : "the first sweep of some trials measures it";
  const found = mixes ? described(mixes) : "not measured yet";
  return { subject: "sweeps", state: mixes ? "ok" : "absent", found, advice };
}

function described(mixes: readonly MeasuredMix[]): string {
  const best = mixes.reduce((a, b) => (b.stepsPerSecond > a.stepsPerSecond ? b : a));
  const one = mixes.find(({ trials }) => trials === 1);
  const gain = one && one !== best
    ? `, ${(best.stepsPerSecond / one.stepsPerSecond).toFixed(1)} times one trial's`
    : "";
  const count = (n: number, word: string) => `${n} ${word}${n === 1 ? "" : "s"}`;
  return `${count(best.trials, "trial")} at once with ${count(best.threads, "thread")} each${gain}`;
}

/** What the file has for this machine and these versions; null when nothing, or when it cannot be read: it is only a cache. */
function remembered(text: string, { id, versions }: MachineFacts): MeasuredMix[] | null {
  try {
    const { mixes } = JSON.parse(text)[sha256Hex(canonicalJson({ id, versions })).slice(0, 16)];
    const sound = ({ trials, threads, stepsPerSecond }: MeasuredMix) =>
      Number.isInteger(trials) && Number.isInteger(threads) && stepsPerSecond > 0;
    return Array.isArray(mixes) && mixes.length > 0 && mixes.every(sound) ? mixes : null;
  } catch {
    return null;
  }
}
