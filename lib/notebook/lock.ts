// One run of a notebook at a time. The operating system holds the lock (flock), so it is gone with its process, however that ends;
// the file's text only tells the next one who it was.

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";

/** Another process runs the same notebook. */
export class NotebookBusyError extends Error {
  override name = "NotebookBusyError";
}

/**
 * Takes the lock at `path` or refuses.
 *
 * @returns the function that gives it back
 * @throws {NotebookBusyError} when another run holds it, naming its process
 */
export async function takeNotebookLock(path: string, notebook: string): Promise<() => void> {
  mkdirSync(dirname(path), { recursive: true });
  const file = await Deno.open(path, { read: true, write: true, create: true });
  if (!file.tryLockSync(true)) {
    const owner = await ownerOf(file);
    file.close();
    throw new NotebookBusyError(
      `Cannot run ${notebook}: it is running already${owner ? ` (process ${owner})` : ""}; ` +
        "wait until it ends, or stop it with Ctrl-C where it runs",
    );
  }
  // At once, so that whoever is refused does not read the name of the process before.
  file.truncateSync(0);
  file.writeSync(new TextEncoder().encode(String(process.pid)));
  return () => file.close();
}

async function ownerOf(file: Deno.FsFile): Promise<string> {
  const bytes = new Uint8Array(32);
  const length = await file.read(bytes);
  return new TextDecoder().decode(bytes.subarray(0, length ?? 0));
}
