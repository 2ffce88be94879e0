// The processes of a soak: a sweep, workers, Redis. Whatever ends is started again, until the soak is over.

import { spawnSync } from "node:child_process";
import process from "node:process";
import { type LooseProcess, startLoose } from "../queue/loose_process.ts";
import type { RedisServer } from "../queue/redis_server.ts";
import type { SoakOrder } from "./soak_study.ts";

const RESTART_MS = 200;

/** A process that is started again whenever it ends, until `isDone` says that its end was the last. */
export class Restarted {
  readonly done: Promise<void>;
  starts = 0;
  #module: string;
  #order: SoakOrder;
  #child: LooseProcess | null = null;
  #over = false;

  constructor(module: string, order: SoakOrder, { endsWith }: { endsWith: number | null }) {
    this.#module = `soak/${module}`;
    this.#order = order;
    this.done = this.#keep(endsWith);
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  signal(name: NodeJS.Signals): boolean {
    if (this.#child === null) return false;
    try {
      process.kill(this.#child.pid, name);
      return true;
    } catch {
      return false; // it has just ended
    }
  }

  async end(): Promise<void> {
    this.#over = true;
    this.signal("SIGKILL");
    await this.done;
  }

  async #keep(endsWith: number | null): Promise<void> {
    while (!this.#over) {
      this.starts++;
      this.#child = startLoose(this.#module, [JSON.stringify(this.#order)]);
      const exitCode = await this.#child.ended;
      this.#child = null;
      if (endsWith !== null && exitCode === endsWith) return;
      await new Promise((resolve) => setTimeout(resolve, RESTART_MS));
    }
  }
}

/** Processes of trials that the given processes have started. */
export function trialPids(parents: readonly (number | null)[]): number[] {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid=,command="], { encoding: "utf8" });
  return stdout.split("\n").flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return command?.includes("trial_process.ts") && parents.includes(Number(parent)) ? [Number(pid)] : [];
  });
}

/** Kills Redis, and starts it again after a while. */
export async function killRedis(server: RedisServer, awayMs: number): Promise<void> {
  await server.kill();
  await new Promise((resolve) => setTimeout(resolve, awayMs));
  await server.start();
}
