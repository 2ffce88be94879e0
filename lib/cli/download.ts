// Downloading a pinned file: resumed where it stopped, and kept only when its hash is the expected one.

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** What is expected of a download, and who watches it. */
export interface DownloadOptions {
  readonly bytes: number;
  readonly sha256: string;
  readonly onProgress?: (receivedBytes: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Downloads `url` to `path` by way of `path.part`, of which what is already there is not downloaded again.
 *
 * @throws {Error} when the server refuses, or the file is not the pinned one; a file of another hash is removed
 */
export async function download(url: string, path: string, options: DownloadOptions): Promise<void> {
  if (existsSync(path) && await sha256OfFile(path) === options.sha256) return;
  const part = `${path}.part`;
  mkdirSync(dirname(path), { recursive: true });
  await fetchRest(url, part, options);
  const hash = await sha256OfFile(part);
  if (hash !== options.sha256) {
    rmSync(part);
    throw new Error(`Cannot download ${url}: expected a file with SHA-256 ${options.sha256}, got ${hash}`);
  }
  renameSync(part, path);
}

async function fetchRest(url: string, part: string, { bytes, onProgress, signal }: DownloadOptions): Promise<void> {
  if (sizeOf(part) > bytes) rmSync(part);
  const start = sizeOf(part);
  if (start === bytes) return;
  const response = await fetch(url, { signal, headers: start > 0 ? { range: `bytes=${start}-` } : {} })
    .catch((cause) => {
      throw new Error(`Cannot download ${url}: ${(cause as Error).message}`, { cause });
    });
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw new Error(`Cannot download ${url}: the server answered ${response.status} ${response.statusText}`);
  }
  // A server that does not resume sends all of it again, with status 200.
  const resumed = response.status === 206;
  let received = resumed ? start : 0;
  const counted = async function* (source: AsyncIterable<Uint8Array>) {
    for await (const chunk of source) {
      onProgress?.(received += chunk.length);
      yield chunk;
    }
  };
  const source = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
  await pipeline(source, counted, createWriteStream(part, { flags: resumed ? "a" : "w" }), { signal });
}

const sizeOf = (path: string): number => existsSync(path) ? statSync(path).size : 0;

/** SHA-256 of a file that need not fit in memory. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}
