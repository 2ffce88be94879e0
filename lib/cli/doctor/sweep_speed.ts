// How a sweep trains fastest here: how many trials at once, with how many threads each, and by which engine.

import { projectPath, startChild } from "../../process/mod.ts";
import type { MachineFacts } from "../../record/mod.ts";
import { machineFacts, tfjsBackendName } from "../../runtime/mod.ts";
import { coresOf, currentMixes, type MeasuredMix, rememberedMixes } from "../../sweep/mod.ts";
import { availableEngines, type Engine } from "../../train/mod.ts";
import type { Finding } from "./finding.ts";

const ENGINE_DEADLINE_MS = 90_000;

/** Measures mixes of trials and threads on the CPU where they are not remembered, and one trial with each other engine. */
export async function probeSweeps(): Promise<Finding[]> {
  const machine = machineFacts();
  await currentMixes({ machine, trialModule: projectPath("lib", "sweep", "trial_process.ts") });
  // Plain tfjs is many times slower than the CPU's engine everywhere: that is no news.
  const engines = (await availableEngines()).filter((engine) =>
    engine === "webgpu" || (engine === "tfjs" && tfjsBackendName() === "tfjs-node")
  );
  const findings = [mixFinding(machine)];
  for (const engine of engines) findings.push(await probeEngine(engine, machine));
  return findings;
}

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

const fastestOf = (mixes: readonly MeasuredMix[]) =>
  mixes.reduce((a, b) => (b.stepsPerSecond > a.stepsPerSecond ? b : a));

function described(mixes: readonly MeasuredMix[]): string {
  const best = fastestOf(mixes);
  const one = mixes.find(({ trials }) => trials === 1);
  const gain = one && one !== best
    ? `, ${(best.stepsPerSecond / one.stepsPerSecond).toFixed(1)} times one trial's`
    : "";
  const count = (n: number, word: string) => `${n} ${word}${n === 1 ? "" : "s"}`;
  return `${count(best.trials, "trial")} at once with ${count(best.threads, "thread")} each${gain}`;
}

/** One trial with another engine beside what the CPU does at its best; a failure switches the engine off, and nothing else. */
async function probeEngine(engine: Engine, machine: MachineFacts): Promise<Finding> {
  let stepsPerSecond: number | null = null;
  const { reason, stderrTail } = await startChild({
    module: projectPath("lib", "cli", "doctor", "engine_process.ts"),
    args: [engine, String(coresOf(machine))],
    deadlineMs: ENGINE_DEADLINE_MS,
    onMessage: (message) => stepsPerSecond = message as number,
  }).result;
  if (stepsPerSecond !== null) return engineFinding(engine, stepsPerSecond, rememberedMixes(machine)?.mixes ?? []);
  const end = reason === "deadline"
    ? `no answer in ${ENGINE_DEADLINE_MS / 1000} s`
    : stderrTail.trim().split("\n").at(-1) || reason;
  return { subject: `engine ${engine}`, state: "absent", found: end, advice: "train with another engine" };
}

/** The line about an engine that trains. */
export function engineFinding(engine: Engine, stepsPerSecond: number, onCpu: readonly MeasuredMix[]): Finding {
  const beside = onCpu.length === 0
    ? ""
    : `, ${(stepsPerSecond / fastestOf(onCpu).stepsPerSecond).toFixed(2)} times the CPU's best`;
  return {
    subject: `engine ${engine}`,
    state: "ok",
    found: `one trial, ${stepsPerSecond.toFixed(0)} steps/s${beside}`,
    advice: null,
  };
}
