// Trial processes whose run was killed end by themselves within seconds. Until then they may write to their checkpoint, so the
// next run waits for them.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import process from "node:process";
import { sleep } from "../process/mod.ts";

const WAIT_MS = 60_000;
const POLL_MS = 100;

/**
 * Waits until none of the processes runs the module any more. A process that has got the id of one of them meanwhile does not count.
 *
 * @throws {Error} when one is still there after a minute
 */
export async function waitForProcesses(pids: readonly number[], module: string): Promise<void> {
  const endMs = performance.now() + WAIT_MS;
  for (const pid of pids) {
    while ((await commandLine(pid)).includes(basename(module))) {
      if (performance.now() > endMs) {
        throw new Error(
          `Cannot go on: process ${pid} of an earlier run, which was killed, has not ended; end it by: kill -9 ${pid}`,
        );
      }
      await sleep(POLL_MS);
    }
  }
}

/** Empty when there is no such process. */
async function commandLine(pid: number): Promise<string> {
  if (process.platform === "linux") return await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return await new Promise((resolve) => {
    execFile("ps", ["-p", String(pid), "-o", "command="], (error, stdout) => resolve(error ? "" : stdout));
  });
}
