// How many trials of a sweep run best at once here, when a sweep has measured it: only what is remembered is told.

import type { MachineFacts } from "../../record/mod.ts";
import { type MeasuredMix, rememberedMixes } from "../../sweep/mod.ts";
import type { Finding } from "./finding.ts";

/** The line about mixes of trials and threads. */
export function mixFinding(machine: MachineFacts, cacheFile?: string): Finding {
  const known = rememberedMixes(machine, cacheFile);
  if (known === null) {
    const advice = "the first sweep of some trials measures it";
    return { subject: "sweeps", state: "absent", found: "not measured yet", advice };
  }
  const { mixes, busyShare, busy } = known;
  const advice = busy ? "a sweep that starts while the machine does less else measures it again" : null;
  const circumstances = busy ? ` (measured while ${Math.round(100 * busyShare)}% of the cores were busy)` : "";
  return { subject: "sweeps", state: "ok", found: described(mixes) + circumstances, advice };
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
