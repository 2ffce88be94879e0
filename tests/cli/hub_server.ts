// A hub on this machine: lists the files of a revision with their sizes and hashes, and sends them, resumed where a request asks for it.

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { sha256Hex } from "lib/process/mod.ts";

/** How the hub behaves. */
export interface HubOptions {
  contents: Readonly<Record<string, Uint8Array>>;
  repository: string;
  revision: string;
  /** Ends each answer with the large files' content after so many bytes. */
  cutAfter?: number;
  /** Sends other bytes than it lists. */
  wrong?: readonly string[];
  /** Never ends an answer of more than these bytes. */
  stallAfter?: number;
}

/** A hub that runs. */
export interface RunningHub {
  readonly endpoint: string;
  /** Path and range of each request for a file. */
  readonly requests: { name: string; range: string }[];
}

/** The hash that git gives a file. */
export function gitSha1(content: Uint8Array): string {
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

/** Large files are kept beside git, as on the hub. */
function listing(contents: HubOptions["contents"]) {
  const files = Object.entries(contents).map(([path, content]) =>
    path.endsWith(".safetensors")
      ? {
        type: "file",
        path,
        size: content.length,
        oid: "0".repeat(40),
        lfs: { oid: sha256Hex(content), size: content.length },
      }
      : { type: "file", path, size: content.length, oid: gitSha1(content) }
  );
  return JSON.stringify([{ type: "directory", path: "runs", oid: "1".repeat(40), size: 0 }, ...files]);
}

/** Runs a hub while `use` runs. */
export async function withHub(options: HubOptions, use: (hub: RunningHub) => Promise<void>): Promise<void> {
  const { contents, repository, revision, cutAfter = Infinity, wrong = [], stallAfter = Infinity } = options;
  const requests: RunningHub["requests"] = [];
  const server = createServer((request, response) => {
    const url = request.url!;
    if (url === `/api/models/${repository}/tree/${revision}`) {
      return void response.writeHead(200, { "content-type": "application/json" }).end(listing(contents));
    }
    const name = url.split("/").at(-1)!;
    if (url !== `/${repository}/resolve/${revision}/${name}` || !(name in contents)) {
      return void response.writeHead(404).end("no such file");
    }
    const range = request.headers.range ?? "";
    requests.push({ name, range });
    const start = range ? Number(/bytes=(\d+)-/.exec(range)![1]) : 0;
    const body = wrong.includes(name) ? contents[name].map((byte) => byte ^ 1) : contents[name];
    response.writeHead(start > 0 ? 206 : 200, { "content-length": body.length - start });
    const end = Math.min(body.length, start + cutAfter, stallAfter);
    if (end === body.length) response.end(body.subarray(start));
    else if (end === stallAfter) response.write(body.subarray(start, end));
    else response.write(body.subarray(start, end), () => setTimeout(() => response.destroy(), 50));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests });
  } finally {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }
}
