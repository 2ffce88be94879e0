// The Hugging Face hub as far as fetching a model needs it: the files of a revision with their sizes and hashes, and their addresses.

import process from "node:process";
import { CommandError } from "./command.ts";

/** A file that the hub lists. */
export interface HubFile {
  readonly name: string;
  readonly bytes: number;
  /** Known for large files, which the hub keeps beside git. */
  readonly sha256?: string;
  /** Known for the others. */
  readonly gitSha1?: string;
}

/** A repository at one commit. */
export interface HubRevision {
  readonly endpoint: string;
  readonly repository: string;
  readonly revision: string;
}

/** The hub's address, or that of the mirror which HF_ENDPOINT names, as in Hugging Face's own tools. */
export function hubEndpoint(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  return (environment.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");
}

/** Address of a file. */
export function hubFileUrl({ endpoint, repository, revision }: HubRevision, name: string): string {
  return `${endpoint}/${repository}/resolve/${revision}/${name.split("/").map(encodeURIComponent).join("/")}`;
}

/**
 * The files at the top of a repository.
 *
 * @throws {CommandError} when the hub cannot be reached, does not know the revision, or answers something else than a listing
 */
export async function hubListing(at: HubRevision, signal?: AbortSignal): Promise<HubFile[]> {
  const url = `${at.endpoint}/api/models/${at.repository}/tree/${at.revision}`;
  const response = await fetch(url, { signal }).catch((error) => {
    if (signal?.aborted) throw signal.reason;
    throw new CommandError(
      `Cannot reach the hub at ${at.endpoint}: ${
        (error as Error).message
      }; set HF_ENDPOINT to a mirror, or copy the files here and use --from FOLDER`,
    );
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new CommandError(`Cannot list ${at.repository} at ${at.revision}: the hub answered ${response.status}`);
  }
  const entries: unknown = await response.json().catch(() => null);
  if (!Array.isArray(entries)) {
    throw new CommandError(`Cannot list ${at.repository}: expected a list of files from ${url}, got something else`);
  }
  return entries.flatMap((entry) => listedFile(entry) ?? []);
}

/** Fields of the hub's answer. */
interface Entry {
  type?: unknown;
  path?: unknown;
  size?: unknown;
  oid?: unknown;
  lfs?: { oid?: unknown; size?: unknown };
}

function listedFile(entry: Entry): HubFile | null {
  const { type, path: name, size: bytes, oid, lfs } = entry ?? {};
  if (type !== "file" || typeof name !== "string" || typeof bytes !== "number") return null;
  if (lfs !== undefined && lfs !== null) {
    const sha256 = String(lfs.oid).replace(/^sha256:/, "");
    return { name, bytes: typeof lfs.size === "number" ? lfs.size : bytes, sha256 };
  }
  return { name, bytes, gitSha1: String(oid) };
}
