// The files of a language model: which of a repository or a folder are wanted, and copying or downloading them so that none is ever
// there half.

import { createHash } from "node:crypto";
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { FetchedFile, ModelManifest } from "../models/fetched_models.ts";
import { sha256OfFile } from "../process/mod.ts";
import { CommandError } from "./command.ts";
import { downloadPersistently } from "./download.ts";
import { type HubFile, hubFileUrl, hubListing, type HubRevision } from "./hub.ts";
import type { Terminal } from "./terminal.ts";

/** Needed for the weights, the tokenizer and the licence. */
const REQUIRED = ["config.json", "tokenizer.json", "LICENSE"];
/** Taken where they are. */
const OPTIONAL = [
  "generation_config.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
  "NOTICE",
  "model.safetensors.index.json",
];
const WEIGHTS = /^model(-\d{5}-of-\d{5})?\.safetensors$/;
/** Room that must be left on the disk. */
const SPARE_BYTES = 256e6;

/** Where files come from. */
export interface FileSource {
  /** For the last line: an address or a folder. */
  readonly label: string;
  readonly revision: string | null;
  /** Sizes by name. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  /** Brings one file to `folder` under its name and gives its SHA-256; nothing is there under that name before the file is whole and right. */
  bring(name: string, folder: string, onProgress: (bytes: number) => void): Promise<string>;
}

/**
 * The wanted files among those that are there, small ones first.
 *
 * @throws {CommandError} when a needed one is missing
 */
export function wantedFiles<T extends { name: string; bytes: number }>(there: readonly T[], where: string): T[] {
  const wanted = there.filter(({ name }) => REQUIRED.includes(name) || OPTIONAL.includes(name) || WEIGHTS.test(name));
  const missing = REQUIRED.filter((name) => !wanted.some((file) => file.name === name));
  if (!wanted.some(({ name }) => WEIGHTS.test(name))) missing.push("model.safetensors");
  if (missing.length > 0) {
    throw new CommandError(`Cannot fetch from ${where}: expected ${missing.join(", ")}, got none`);
  }
  return wanted.sort((a, b) => a.bytes - b.bytes);
}

/**
 * A revision on the hub. A file whose hash is pinned must have it; the others must have the hash that the hub lists.
 *
 * @throws {CommandError} when the hub cannot be reached or lists another hash than a pinned one
 */
export async function hubSource(
  at: HubRevision,
  pinned: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<FileSource> {
  const files = wantedFiles(await hubListing(at, signal), at.repository);
  for (const { name, sha256 } of files) {
    if (pinned[name] === undefined || sha256 === pinned[name]) continue;
    throw new CommandError(
      `Cannot fetch ${name} of ${at.repository}: expected SHA-256 ${pinned[name]}, the hub lists ${sha256 ?? "none"}`,
    );
  }
  return {
    label: `${at.endpoint}/${at.repository}`,
    revision: at.revision,
    files,
    async bring(name, folder, onProgress) {
      const file = files.find((listed) => listed.name === name) as HubFile;
      const path = join(folder, name);
      await downloadPersistently(hubFileUrl(at, name), path, { ...file, onProgress, signal }).catch((error) => {
        if (signal.aborted) throw signal.reason;
        throw new CommandError(`${(error as Error).message}\nWhat came is kept, and the next run goes on from there.`);
      });
      return file.sha256 ?? await sha256OfFile(path);
    },
  };
}

/**
 * A folder on this machine, such as a snapshot of Hugging Face's cache or another machine's fetched folder. Its files must have the pinned
 * hashes, or those of the manifest that it has.
 *
 * @throws {CommandError} when a needed file is missing
 */
export function folderSource(
  folder: string,
  { pinned, manifest, signal }: {
    pinned: Readonly<Record<string, string>>;
    manifest: ModelManifest | null;
    signal: AbortSignal;
  },
): FileSource {
  if (!existsSync(folder)) throw new CommandError(`Cannot take a model from ${folder}: expected a folder, got none`);
  const there = readdirSync(folder).map((name) => ({ name, stats: statSync(join(folder, name)) }));
  const files = wantedFiles(
    there.filter(({ stats }) => stats.isFile()).map(({ name, stats }) => ({ name, bytes: stats.size })),
    folder,
  );
  return {
    label: folder,
    revision: manifest?.revision ?? null,
    files,
    bring: (name, target, onProgress) =>
      copied(join(folder, name), join(target, name), {
        sha256: pinned[name] ?? manifest?.files[name]?.sha256,
        onProgress,
        signal,
      }),
  };
}

/** Copies under a temporary name, and keeps the copy when its hash is the expected one. Gives the SHA-256. */
async function copied(
  from: string,
  to: string,
  { sha256, onProgress, signal }: { sha256?: string; onProgress: (bytes: number) => void; signal: AbortSignal },
): Promise<string> {
  const temporary = `${to}.tmp`;
  const hash = createHash("sha256");
  let copiedBytes = 0;
  const counted = async function* (source: AsyncIterable<Uint8Array>) {
    for await (const chunk of source) {
      hash.update(chunk);
      onProgress(copiedBytes += chunk.length);
      yield chunk;
    }
  };
  try {
    signal.throwIfAborted();
    await pipeline(createReadStream(from, { highWaterMark: 2 ** 20 }), counted, createWriteStream(temporary), {
      signal,
    });
    const hex = hash.digest("hex");
    if (sha256 !== undefined && hex !== sha256) {
      throw new CommandError(`Cannot take ${from}: expected a file with SHA-256 ${sha256}, got ${hex}`);
    }
    renameSync(temporary, to);
    return hex;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/**
 * Brings files, telling the progress.
 *
 * @throws {CommandError} when the disk has no room for them
 */
export async function bringFiles(
  source: FileSource,
  names: readonly string[],
  { folder, terminal, title }: { folder: string; terminal: Terminal; title: string },
): Promise<Record<string, FetchedFile>> {
  mkdirSync(folder, { recursive: true });
  const files = source.files.filter(({ name }) => names.includes(name));
  checkRoom(folder, files);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const brought: Record<string, FetchedFile> = {};
  let before = 0;
  for (const { name, bytes } of files) {
    const sha256 = await source.bring(name, folder, (received) => {
      terminal.live(`Fetching ${title}: ${megabytes(before + received)} of ${megabytes(total)}`, false);
    });
    brought[name] = { bytes, sha256 };
    before += bytes;
  }
  return brought;
}

function checkRoom(folder: string, files: readonly { name: string; bytes: number }[]): void {
  const { bavail, bsize } = statfsSync(folder);
  const missing = files.filter(({ name }) => !existsSync(join(folder, name))).reduce(
    (sum, { bytes }) => sum + bytes,
    0,
  );
  if (missing === 0 || missing + SPARE_BYTES <= bavail * bsize) return;
  throw new CommandError(
    `Cannot fetch into ${folder}: expected ${megabytes(missing + SPARE_BYTES)} of free disk space, got ${
      megabytes(bavail * bsize)
    }`,
  );
}

/** Bytes as text: "2,340.7 MB". */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} MB`;
}

/** Whether each file of a manifest is there with its size and hash. */
export async function isComplete(folder: string, { files }: ModelManifest): Promise<boolean> {
  for (const [name, { bytes, sha256 }] of Object.entries(files)) {
    const path = join(folder, name);
    if (!existsSync(path) || statSync(path).size !== bytes || await sha256OfFile(path) !== sha256) return false;
  }
  return true;
}
