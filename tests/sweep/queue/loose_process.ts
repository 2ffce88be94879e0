// A process that may be killed alone: what it started is left as an orphan, as after any kill -9. (`startChild` would end the whole tree.)
// It ends with the tests, whose end closes its standard input.

import { spawn } from "node:child_process";
import process from "node:process";
import { denoExecutable, projectPath } from "lib/process/mod.ts";

/** A process that was started. */
export interface LooseProcess {
  pid: number;
  /** What it has printed. */
  said(): string;
  /** Its exit code; null when a signal ended it. */
  ended: Promise<number | null>;
}

/** Starts a module below tests/sweep, which calls `endWithParent`. */
export function startLoose(module: string, args: readonly string[]): LooseProcess {
  let said = "";
  const flags = ["run", "--quiet", "--allow-all", "--config", projectPath("deno.json")];
  const child = spawn(denoExecutable(), [...flags, projectPath("tests", "sweep", module), ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
  });
  const keep = (chunk: unknown) => said = (said + chunk).slice(-20_000);
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  child.stdin.on("error", () => {});
  const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  return { pid: child.pid!, said: () => said, ended };
}

/** Ends this process when the one that started it has ended. */
export async function endWithParent(): Promise<void> {
  for await (const _ of Deno.stdin.readable);
  Deno.exit(1);
}
