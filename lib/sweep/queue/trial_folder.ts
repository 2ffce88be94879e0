// Folders of trials on a worker's side. Each start of a trial has its own, since one that was overtaken may still be writing; it goes on
// from a whole copy of the newest checkpoint that an earlier start left where this worker can see it.

import { writeFileSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { readSidecar } from "../../train/mod.ts";
import { copyCheckpoint } from "./checkpoint_transfer.ts";

/** Left-overs of trials that never came back are removed after 30 days. */
const KEEP_MS = 30 * 86_400_000;

/** Folder of a trial with those of its starts. */
export function trialFolder(root: string, jobId: string): string {
  if (!/^[a-z0-9-]+$/.test(jobId)) {
    throw new RangeError(`Cannot take a trial: expected a job's id, got ${JSON.stringify(jobId)}`);
  }
  return join(root, jobId);
}

/** Where a start keeps its checkpoint. */
export interface StartFolder {
  checkpointDir: string;
  /** Threads of the start whose checkpoint is in it, which go with the checkpoint; null when there is none. */
  threads: number | null;
}

const THREADS = "threads.json";

/** Folder of a start, with the newest checkpoint of those before that is whole, if there is one. */
export async function startFolder(root: string, jobId: string, token: number): Promise<StartFolder> {
  const trial = trialFolder(root, jobId);
  const checkpointDir = join(trial, String(token));
  await mkdir(checkpointDir, { recursive: true });
  const earlier = (await readdir(trial)).map(Number).filter((other) => other < token).sort((a, b) => b - a);
  for (const other of earlier) {
    const threads = await readFile(join(trial, String(other), THREADS), "utf8").then(Number, () => NaN);
    if (Number.isInteger(threads) && await copyCheckpoint(join(trial, String(other)), checkpointDir)) {
      return { checkpointDir, threads };
    }
  }
  return { checkpointDir, threads: null };
}

/** Notes the threads of a start, which its checkpoint goes with. */
export function noteThreads(checkpointDir: string, threads: number): void {
  writeFileSync(join(checkpointDir, THREADS), String(threads));
}

/** Removes what trials of long ago left; weights that stay here on purpose are kept. */
export async function removeLeftOvers(root: string, nowMs: number): Promise<void> {
  for (const entry of await readdir(root, { withFileTypes: true })) {
    const trial = join(root, entry.name);
    if (!entry.isDirectory() || nowMs - (await stat(trial)).mtimeMs < KEEP_MS) continue;
    const sidecars = await Promise.all(
      (await readdir(trial)).map((start) => readSidecar(join(trial, start)).catch(() => null)),
    );
    if (!sidecars.some((sidecar) => sidecar?.status === "finished")) await rm(trial, { recursive: true, force: true });
  }
}
