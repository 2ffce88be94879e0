// Checkpoints of finished trials come home: through the queue while they are small, through a folder that both sides see when they are
// larger. Every file is checked by its SHA-256 before it takes its name.

import { copyFile, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { sha256Hex, sha256OfFile, writeFileAtomic } from "../../process/mod.ts";
import { readSidecar } from "../../train/mod.ts";
import { KEEP_SECONDS, keys, type SentCheckpoint, type SentFile } from "./protocol.ts";

/** Which attempt a checkpoint is of, and the ways there are. */
export interface TransferRoute {
  redis: Redis;
  jobId: string;
  token: number;
  /** The shared folder as this machine sees it. */
  sharedFolder: string | null;
}

const SIDECAR = "checkpoint.json";

/** A file on its way home was missing or is not what was sent. */
export class TransferError extends Error {
  override name = "TransferError";
}

/**
 * Sends the checkpoint of a finished trial.
 *
 * @param mostQueuedBytes up to this size it goes through the queue
 * @param place where it stays when there is no way, as the row then says
 * @returns null when the folder has none
 */
export async function sendCheckpoint(
  folder: string,
  { mostQueuedBytes, place, ...route }: TransferRoute & { mostQueuedBytes: number; place: string },
): Promise<SentCheckpoint | null> {
  const sidecar = await readSidecar(folder);
  if (sidecar === null) return null;
  const files: SentFile[] = [];
  for (const file of [sidecar.weights, sidecar.program]) {
    if (file !== null) files.push({ ...file, bytes: (await stat(join(folder, file.name))).size });
  }
  const text = await readFile(join(folder, SIDECAR));
  files.push({ name: SIDECAR, bytes: text.byteLength, sha256: sha256Hex(text) }); // last: it names the others
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes <= mostQueuedBytes) return await throughQueue(folder, files, route);
  if (route.sharedFolder !== null) {
    return await throughFolder(folder, files, { ...route, sharedFolder: route.sharedFolder });
  }
  return { by: "none", place };
}

async function throughQueue(
  folder: string,
  files: SentFile[],
  { redis, jobId, token }: TransferRoute,
): Promise<SentCheckpoint> {
  for (const { name } of files) {
    await redis.set(keys.file(jobId, token, name), await readFile(join(folder, name)), "EX", KEEP_SECONDS);
  }
  return { by: "queue", files };
}

async function throughFolder(
  folder: string,
  files: SentFile[],
  { jobId, token, sharedFolder }: TransferRoute & { sharedFolder: string },
): Promise<SentCheckpoint> {
  const target = join(sharedFolder, jobId, String(token));
  if (target !== folder) {
    await mkdir(target, { recursive: true });
    for (const { name } of files) await copyFile(join(folder, name), join(target, name));
  }
  return { by: "shared", folder: `${jobId}/${token}`, files };
}

/** Copies a checkpoint if it is whole, its sidecar last; false when it is not, or there is none. */
export async function copyCheckpoint(source: string, target: string): Promise<boolean> {
  const sidecar = await readSidecar(source).catch(() => null);
  if (sidecar === null) return false;
  try {
    for (const file of [sidecar.state, sidecar.weights, sidecar.program]) {
      if (file !== null) await takeFile({ ...file, bytes: 0 }, target, source);
    }
    await writeFileAtomic(join(target, SIDECAR), `${JSON.stringify(sidecar, null, 2)}\n`);
    return true;
  } catch {
    return false; // its writer has gone on meanwhile, or ended within a file
  }
}

/**
 * Takes a checkpoint into a folder, from which files of earlier ones then go.
 *
 * @returns null when it is there, else a sentence that says where it is
 * @throws {TransferError} when a file is missing or not what was sent
 */
export async function receiveCheckpoint(
  sent: SentCheckpoint,
  folder: string,
  route: TransferRoute,
): Promise<string | null> {
  if (sent.by === "none") return `its weights are ${sent.place}`;
  if (sent.by === "shared" && route.sharedFolder === null) {
    return `its weights are in the shared folder of the workers, in ${sent.folder}`;
  }
  await mkdir(folder, { recursive: true });
  for (const file of sent.files) {
    if (!/^[\w-][\w.-]*$/.test(file.name)) {
      throw new TransferError(`expected a file's name, got ${JSON.stringify(file.name)}`);
    }
    if (sent.by === "queue") await takeQueued(file, folder, route);
    else await takeFile(file, folder, join(route.sharedFolder!, route.jobId, String(route.token)));
  }
  const names = sent.files.map(({ name }) => name);
  for (const name of await readdir(folder)) {
    if (name.endsWith(".safetensors") && !names.includes(name)) await rm(join(folder, name));
  }
  return null;
}

async function takeQueued(
  { name, bytes, sha256 }: SentFile,
  folder: string,
  { redis, jobId, token }: TransferRoute,
): Promise<void> {
  const content = await redis.getBuffer(keys.file(jobId, token, name));
  if (content === null) throw new TransferError(`the file ${name} is no longer in the queue`);
  const got = sha256Hex(content);
  if (got !== sha256) throw damaged(name, { bytes, sha256 }, { bytes: content.byteLength, sha256: got });
  await writeFileAtomic(join(folder, name), content);
}

async function takeFile({ name, bytes, sha256 }: SentFile, folder: string, source: string): Promise<void> {
  const temporary = join(folder, `.${name}.tmp`);
  try {
    await copyFile(join(source, name), temporary).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "ENOENT" ? new TransferError(`the file ${name} is not in the folder of the workers`) : error;
    });
    const got = await sha256OfFile(temporary);
    if (got !== sha256) throw damaged(name, { bytes, sha256 }, { bytes: (await stat(temporary)).size, sha256: got });
    await rename(temporary, join(folder, name));
  } finally {
    await rm(temporary, { force: true });
  }
}

type Content = Pick<SentFile, "bytes" | "sha256">;

function damaged(name: string, expected: Content, got: Content): TransferError {
  const told = ({ bytes, sha256 }: Content) => `${bytes} bytes with SHA-256 ${sha256.slice(0, 16)}`;
  return new TransferError(`expected the file ${name} to be ${told(expected)}, got ${told(got)}`);
}

/** Forgets what was sent, once it is home. */
export async function dropSent(
  sent: SentCheckpoint,
  { redis, jobId, token, sharedFolder }: TransferRoute,
): Promise<void> {
  if (sent.by === "queue" && sent.files.length > 0) {
    await redis.del(...sent.files.map(({ name }) => keys.file(jobId, token, name)));
  }
  if (sent.by === "shared" && sharedFolder !== null) {
    await rm(join(sharedFolder, jobId), { recursive: true, force: true });
  }
}
