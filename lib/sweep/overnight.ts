// Sweeps that run while nobody looks: on macOS the machine is kept from falling asleep while a run is under way.

import { spawn } from "node:child_process";
import process from "node:process";
import type { MachineFacts } from "../record/mod.ts";

/** What keeps a machine awake. */
export interface Wakefulness {
  /** What the user should know, in sentences. */
  notices: string[];
  /** Lets the machine sleep again. */
  release(): void;
}

/** Where it runs; tests give others. */
export interface OvernightOptions {
  machine: Pick<MachineFacts, "power">;
  platform?: string;
  pid?: number;
  /** Starts a program that goes on beside this one; gives null when it cannot be started. */
  start?: (program: string, args: readonly string[]) => { kill(): void } | null;
}

/** The program and its arguments that hold off idle sleep while a process lives; null where nothing is needed or known. */
export function wakefulProgram(platform: string, pid: number): { program: string; args: string[] } | null {
  // Linux servers do not fall asleep, and on its desktops that is the desktop's business.
  return platform === "darwin" ? { program: "/usr/bin/caffeinate", args: ["-i", "-w", String(pid)] } : null;
}

/** What a user should know before leaving a run alone. */
export function overnightNotices({ platform, power, held }: {
  platform: string;
  power: MachineFacts["power"];
  /** Whether idle sleep is held off. */
  held: boolean;
}): string[] {
  const notices: string[] = [];
  if (platform === "darwin") {
    notices.push(
      held
        ? "This Mac will not fall asleep by itself while the sweep runs; closing its lid still puts it to sleep"
        : "This Mac may fall asleep while the sweep runs, which then waits: caffeinate could not be started",
    );
  }
  if (power === "battery") notices.push("This machine runs on its battery: connect it to the mains before leaving it");
  return notices;
}

/** Holds off idle sleep until it is released, or this process ends in any way. */
export function stayAwake(options: OvernightOptions): Wakefulness {
  const { machine: { power }, platform = process.platform, pid = process.pid, start = startBeside } = options;
  const wanted = wakefulProgram(platform, pid);
  const started = wanted && start(wanted.program, wanted.args);
  return {
    notices: overnightNotices({ platform, power, held: started !== null }),
    release: () => started?.kill(),
  };
}

function startBeside(program: string, args: readonly string[]): { kill(): void } | null {
  try {
    const child = spawn(program, args, { stdio: "ignore" });
    child.on("error", () => {}); // without it the sweep runs all the same
    child.unref();
    return child.pid === undefined ? null : { kill: () => child.kill() };
  } catch {
    return null;
  }
}
