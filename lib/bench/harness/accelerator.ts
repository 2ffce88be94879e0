// How busy an accelerator is, where the system tells it: nvidia-smi, or macOS's powermetrics where this user may already run it
// without a password. Elsewhere it is not available, and nothing is guessed.

import { type Child, startChild } from "../../process/mod.ts";
import process from "node:process";

/** What a source has said since it was last asked. */
export interface AcceleratorWatch {
  /** "nvidia-smi", "powermetrics" or "not available". */
  readonly source: string;
  /** Use from 0 to 1 as last told; null until then, and where nothing tells. */
  latest(): number | null;
  stop(): Promise<void>;
}

/** A program that prints use again and again, and how to read a piece of its output. */
interface Source {
  name: string;
  command: string;
  args: string[];
  parse(text: string): number | null;
}

const NVIDIA: Source = {
  name: "nvidia-smi",
  command: "nvidia-smi",
  args: ["--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--loop-ms=500"],
  parse: parseNvidiaUse,
};
const POWERMETRICS: Source = {
  name: "powermetrics",
  command: "sudo",
  args: ["-n", "powermetrics", "--samplers", "gpu_power", "-i", "500"],
  parse: parsePowermetricsUse,
};

/** Use of the first GPU in a line of `nvidia-smi --query-gpu=utilization.gpu --format=csv,noheader,nounits`: "37". */
export function parseNvidiaUse(text: string): number | null {
  const lines = text.trim().split("\n");
  const last = lines.findLast((line) => /^\s*\d+(\s*%)?\s*$/.test(line));
  return last === undefined ? null : Math.min(100, Number.parseInt(last)) / 100;
}

/** Use of the GPU in what `powermetrics --samplers gpu_power` prints: "GPU HW active residency:  12.34% (338 MHz: ...". */
export function parsePowermetricsUse(text: string): number | null {
  const all = [...text.matchAll(/^GPU (?:HW )?active residency:\s*([\d.]+)%/gm)];
  return all.length === 0 ? null : Math.min(100, Number(all.at(-1)![1])) / 100;
}

/** Whether a program can be run and says what is understood; at most a few seconds. */
async function answers({ command, args, parse }: Source): Promise<boolean> {
  let known = false;
  try {
    const child: Child = startChild({
      command,
      args,
      deadlineMs: 3000,
      onOutput(text) {
        known ||= parse(text) !== null;
        if (known) child.kill();
      },
    });
    await child.result;
  } catch {
    return false; // not installed
  }
  return known;
}

/** Watches the accelerator from now on. */
export async function watchAccelerator(platform: string = process.platform): Promise<AcceleratorWatch> {
  const source = platform === "darwin" ? POWERMETRICS : NVIDIA;
  const none = { source: "not available", latest: () => null, stop: () => Promise.resolve() };
  if (!await answers(source)) return none;
  let use: number | null = null;
  const child = startChild({
    command: source.command,
    args: source.args,
    onOutput(text) {
      use = source.parse(text) ?? use;
    },
  });
  child.result.catch(() => {});
  return {
    source: source.name,
    latest: () => use,
    async stop() {
      child.kill();
      await child.result;
    },
  };
}
