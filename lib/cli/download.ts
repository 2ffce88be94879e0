// Downloading a pinned file: resumed where it stopped, and kept only when its hash is the expected one.

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { sha256OfFile } from "../process/mod.ts";

/** What is expected of a download, and who watches it. */
export interface DownloadOptions {
  readonly bytes: number;
  /** SHA-256 of the file; the git hash is used when it is not known. */
  readonly sha256?: string;
  /** The hash that git gives the file, which the hub lists for small files. */
  readonly gitSha1?: string;
  readonly onProgress?: (receivedBytes: number) => void;
  readonly signal?: AbortSignal;
}

/** The server gave another file than the expected one. */
export class WrongFileError extends Error {
  override name = "WrongFileError";
}

/**
 * Downloads `url` to `path` by way of `path.part`, of which what is already there is not downloaded again.
 *
 * @throws {Error} when the server refuses, or the file is not the pinned one; a file of another hash is removed
 */
export async function download(url: string, path: string, options: DownloadOptions): Promise<void> {
  const expected = expectedHash(options);
  if (existsSync(path) && await hashOf(path, expected.kind) === expected.hex) return;
  const part = `${path}.part`;
  mkdirSync(dirname(path), { recursive: true });
  await fetchRest(url, part, options);
  const hash = await hashOf(part, expected.kind);
  if (hash !== expected.hex) {
    rmSync(part);
    throw new WrongFileError(
      `Cannot download ${url}: expected a file with ${expected.kind} ${expected.hex}, got ${hash}`,
    );
  }
  renameSync(part, path);
}

/** How often a download is taken up again after a lost connection that brought something. */
const RESUMPTIONS = 5;

/**
 * Downloads as `download` does, and goes on where the connection was lost as long as each try brings something.
 *
 * @throws {Error} as `download`
 */
export async function downloadPersistently(url: string, path: string, options: DownloadOptions): Promise<void> {
  for (let resumption = 0;; resumption++) {
    let received = false;
    const onProgress = (bytes: number) => {
      received = true;
      options.onProgress?.(bytes);
    };
    try {
      return await download(url, path, { ...options, onProgress });
    } catch (error) {
      const isFinal = error instanceof WrongFileError || options.signal?.aborted;
      if (!received || isFinal || resumption === RESUMPTIONS) throw error;
    }
  }
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

type HashKind = "SHA-256" | "git hash";

function expectedHash({ sha256, gitSha1 }: DownloadOptions): { kind: HashKind; hex: string } {
  if (sha256 !== undefined) return { kind: "SHA-256", hex: sha256 };
  if (gitSha1 !== undefined) return { kind: "git hash", hex: gitSha1 };
  throw new TypeError("Cannot download: expected a hash of the file, got none");
}

function hashOf(path: string, kind: HashKind): Promise<string> {
  return kind === "SHA-256" ? sha256OfFile(path) : gitSha1OfFile(path);
}

/** The hash of a file in git: SHA-1 of `blob SIZE`, a zero byte and the content. */
export async function gitSha1OfFile(path: string): Promise<string> {
  const hash = createHash("sha1").update(`blob ${sizeOf(path)}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}
