// CoreML compiles each model into the folder for temporary files when a session is made, and leaves much of it there: gigabytes
// after a day of benchmarks. Each session gets a folder of its own, deleted with it.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { isAlive } from "../../process/mod.ts";

const PREFIX = "latent-lab-coreml-";

/** The environment is the process's: one session is made at a time. */
let last: Promise<unknown> = Promise.resolve();

/** What a session needs to be deleted with. */
export interface InPrivateFolder<T> {
  readonly made: T;
  /** Deletes the folder; to be called once what was made is released. */
  delete(): void;
}

/**
 * Makes something while `TMPDIR` is a folder of its own; the folder goes at once when that fails.
 *
 * @param parent where the folder is made; what processes that were killed left there is deleted
 */
export function inPrivateFolder<T>(make: () => Promise<T>, parent: string = tmpdir()): Promise<InPrivateFolder<T>> {
  const next = last.then(async () => {
    deleteAbandoned(parent);
    const folder = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
    const remove = () => rmSync(folder, { recursive: true, force: true });
    const before = process.env.TMPDIR;
    process.env.TMPDIR = folder;
    try {
      return { made: await make(), delete: remove };
    } catch (error) {
      remove();
      throw error;
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  });
  last = next.catch(() => {});
  return next;
}

function deleteAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split("-")[0]) : NaN;
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    // Another user's folder stays: it cannot be deleted, and is not ours to.
    try {
      rmSync(join(parent, name), { recursive: true, force: true });
    } catch { /* see above */ }
  }
}
