// Files out of a Debian package: an ar archive that holds a compressed tar archive, which the system's tar unpacks.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startChild } from "../../process/mod.ts";
import { CommandError } from "../command.ts";

const ARCHIVE_MAGIC = "!<arch>\n";
const HEADER_BYTES = 60;
const DEADLINE_MS = 60_000;

/** Whether these are the first bytes of a Debian package. */
export function isDebianPackage(bytes: Uint8Array): boolean {
  return latin1(bytes.subarray(0, ARCHIVE_MAGIC.length)) === ARCHIVE_MAGIC;
}

/**
 * Unpacks the files of a package below `folder`.
 *
 * @param folder is made; unpacked files lie in `folder/files`
 * @returns their paths relative to that
 * @throws {CommandError} when it is no package, or tar cannot read its files (for .xz it needs xz)
 */
export async function unpackDebianPackage(bytes: Uint8Array, folder: string): Promise<string[]> {
  const entry = archiveEntries(bytes).find(({ name }) => /^data\.tar(\.\w+)?$/.test(name));
  if (!entry) throw new CommandError("Cannot unpack the Debian package: expected an entry data.tar, got none");
  const target = join(folder, "files");
  mkdirSync(target, { recursive: true });
  writeFileSync(join(folder, entry.name), entry.content);
  const { exitCode, stderrTail } = await startChild({
    command: "tar",
    args: ["-xf", entry.name, "-C", "files"],
    cwd: folder,
    deadlineMs: DEADLINE_MS,
  }).result;
  if (exitCode !== 0) throw new CommandError(`Cannot unpack ${entry.name}: tar says ${stderrTail.trim()}`);
  return readdirSync(target, { recursive: true, encoding: "utf8" }).sort();
}

/**
 * Version of a package, from the name of its file: `NAME_VERSION_ARCH.deb`.
 *
 * @throws {CommandError} when the file is not named so
 */
export function packageVersion(fileName: string, packageName: string): string {
  const [, version] = new RegExp(`^${packageName}_([^_]+)_\\w+\\.deb$`).exec(fileName) ?? [];
  if (version !== undefined) return version;
  throw new CommandError(
    `Cannot read the Debian package: expected a file named ${packageName}_VERSION_all.deb, got ${fileName}`,
  );
}

/** Entries of an ar archive. */
function archiveEntries(bytes: Uint8Array): { name: string; content: Uint8Array }[] {
  if (!isDebianPackage(bytes)) {
    throw new CommandError("Cannot unpack the Debian package: expected an ar archive, got other bytes");
  }
  const entries: { name: string; content: Uint8Array }[] = [];
  for (let at = ARCHIVE_MAGIC.length; at + HEADER_BYTES <= bytes.length;) {
    const header = latin1(bytes.subarray(at, at + HEADER_BYTES));
    const size = Number(header.slice(48, 58).trim());
    const start = at + HEADER_BYTES;
    if (!header.endsWith("`\n") || !Number.isSafeInteger(size) || start + size > bytes.length) {
      throw new CommandError("Cannot unpack the Debian package: the archive is damaged or cut short");
    }
    entries.push({ name: header.slice(0, 16).trim().replace(/\/$/, ""), content: bytes.subarray(start, start + size) });
    at = start + size + size % 2;
  }
  return entries;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** The unpacked file whose path ends so. */
export function unpackedFile(folder: string, paths: readonly string[], ending: string): Uint8Array {
  const path = paths.find((path) => path.endsWith(ending));
  if (path === undefined) throw new CommandError(`Cannot read the Debian package: expected ${ending}, got none`);
  return readFileSync(join(folder, "files", path));
}
