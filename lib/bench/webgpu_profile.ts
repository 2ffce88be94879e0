// Where the time of a step goes: ONNX Runtime's profile, summed by operator. The device's times are those of its own clock; the
// CPU's are what preparing and sending a node's work takes.

import { readdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** An operator's share of a step, in means over the profiled steps. */
export interface OperatorTime {
  /** ONNX's name; for a program that an operator needs beside its own, both: `ReduceSum: Transpose`. */
  operator: string;
  /** Programs a step. */
  count: number;
  deviceMs: number;
}

/** A profile of steps. */
export interface StepProfile {
  steps: number;
  /** Of a whole run, as ONNX Runtime sees it. */
  runMs: number;
  /** Sending all nodes' work to the device. */
  sendMs: number;
  /** Nodes a step, and programs that they start on the device. */
  nodes: number;
  programs: number;
  /** Sum over the operators; null when the device has no clock. */
  deviceMs: number | null;
  operators: OperatorTime[];
}

interface ProfileEvent {
  cat: string;
  name: string;
  dur: number;
  ts: number;
}

/** Reads and removes the profile that a session wrote. */
export async function profileOf(prefix: string, steps: number): Promise<StepProfile> {
  const folder = dirname(prefix);
  const names = (await readdir(folder)).filter((name) => name.startsWith(basename(prefix)));
  if (names.length !== 1) throw new Error(`Cannot profile: expected one file ${prefix}*, got ${names.length}`);
  const path = join(folder, names[0]);
  const events = JSON.parse(await readFile(path, "utf8")) as ProfileEvent[];
  await rm(path);
  return summarizeProfile(events, steps);
}

/**
 * Sums a profile's events; the first step, in which programs are compiled, is left out.
 *
 * @param steps taken while profiling, at least 2
 */
export function summarizeProfile(events: readonly ProfileEvent[], steps: number): StepProfile {
  const counted = steps - 1;
  const later = (category: string, pattern: RegExp) => {
    const found = events.filter(({ cat, name }) => cat === category && pattern.test(name)).sort((a, b) => a.ts - b.ts);
    return found.slice(found.length / steps);
  };
  const meanMs = (found: readonly ProfileEvent[]) => found.reduce((sum, { dur }) => sum + dur, 0) / 1000 / counted;
  const programs = later("Api", /./);
  const groups = new Map<string, ProfileEvent[]>();
  for (const event of programs) {
    const operator = operatorName(event.name);
    groups.set(operator, [...groups.get(operator) ?? [], event]);
  }
  const operators = [...groups].map(([operator, found]) => ({
    operator,
    count: found.length / counted,
    deviceMs: meanMs(found),
  })).sort((a, b) => b.deviceMs - a.deviceMs);
  return {
    steps: counted,
    runMs: meanMs(later("Session", /^model_run$/)),
    sendMs: meanMs(later("Session", /^SequentialExecutor::Execute$/)),
    nodes: later("Node", /_kernel_time$/).length / counted,
    programs: programs.length / counted,
    deviceMs: programs.length > 0 ? meanMs(programs) : null,
    operators,
  };
}

/** `NODE&OPERATOR&PROGRAM` names a program on the device. */
function operatorName(name: string): string {
  const [, operator = name, program = operator] = name.split("&");
  return program === operator ? operator : `${operator}: ${program}`;
}
