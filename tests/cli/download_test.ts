import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { download } from "lib/cli/download.ts";
import { sha256Hex } from "lib/process/mod.ts";

const CONTENT = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251);
const pinned = { bytes: CONTENT.length, sha256: sha256Hex(CONTENT) };

interface Server {
  url: string;
  /** Range header of each request, "" when it had none. */
  ranges: string[];
}

/** A server of CONTENT on this machine; `resumes: false` ignores ranges, `status` refuses, `cutAt` ends the first answer early. */
async function withServer(
  { resumes = true, status = 200, cutAt = Infinity }: { resumes?: boolean; status?: number; cutAt?: number },
  use: (server: Server, path: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-download-"));
  const ranges: string[] = [];
  const server = createServer((request, response) => {
    const range = request.headers.range ?? "";
    ranges.push(range);
    const start = resumes && range ? Number(/bytes=(\d+)-/.exec(range)![1]) : 0;
    if (status !== 200) return void response.writeHead(status).end("no");
    response.writeHead(start > 0 ? 206 : 200, { "content-length": CONTENT.length - start });
    if (ranges.length > 1 || cutAt === Infinity) return void response.end(CONTENT.subarray(start));
    response.write(CONTENT.subarray(start, cutAt), () => setTimeout(() => response.destroy(), 50));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
    await use({ url, ranges }, join(folder, "sub", "file"));
  } finally {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    rmSync(folder, { recursive: true });
  }
}

const read = (path: string) => new Uint8Array(readFileSync(path));

Deno.test("download gives the pinned file, tells its progress, and does not fetch it twice", async () => {
  await withServer({}, async ({ url, ranges }, path) => {
    const received: number[] = [];
    await download(url, path, { ...pinned, onProgress: (bytes) => received.push(bytes) });
    assert.deepEqual(read(path), CONTENT);
    assert.equal(received.at(-1), CONTENT.length);
    assert.ok(!existsSync(`${path}.part`));
    await download(url, path, pinned);
    assert.equal(ranges.length, 1);
  });
});

Deno.test("download goes on where a lost connection stopped it", async () => {
  await withServer({ cutAt: 100_000 }, async ({ url, ranges }, path) => {
    await assert.rejects(download(url, path, pinned));
    assert.ok(!existsSync(path));
    const there = read(`${path}.part`).length;
    assert.ok(there > 0 && there <= 100_000, `${there} bytes there`);
    await download(url, path, pinned);
    assert.deepEqual(ranges, ["", `bytes=${there}-`]);
    assert.deepEqual(read(path), CONTENT);
  });
});

Deno.test("download starts again where the server cannot resume", async () => {
  await withServer({ resumes: false, cutAt: 100_000 }, async ({ url, ranges }, path) => {
    await assert.rejects(download(url, path, pinned));
    await download(url, path, pinned);
    assert.equal(ranges.length, 2);
    assert.deepEqual(read(path), CONTENT);
  });
});

Deno.test("download keeps nothing of a file with another hash", async () => {
  await withServer({}, async ({ url }, path) => {
    const other = { bytes: CONTENT.length, sha256: "0".repeat(64) };
    await assert.rejects(download(url, path, other), /expected a file with SHA-256 0{64}, got [0-9a-f]{64}/);
    assert.ok(!existsSync(path) && !existsSync(`${path}.part`));
    // What is there under the file's name is not trusted either.
    await download(url, path, pinned);
    writeFileSync(path, "something else");
    await download(url, path, pinned);
    assert.deepEqual(read(path), CONTENT);
  });
});

Deno.test("download says what the server answered, and that nobody did", async () => {
  await withServer({ status: 404 }, async ({ url }, path) => {
    await assert.rejects(download(url, path, pinned), /Cannot download http:.*: the server answered 404 Not Found/);
  });
  await assert.rejects(
    download("http://127.0.0.1:1/file", join(tmpdir(), "none"), pinned),
    /Cannot download http:\/\/127/,
  );
});
