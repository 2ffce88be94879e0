import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { modelMain } from "lib/cli/model.ts";
import { readModelManifest } from "lib/models/fetched_models.ts";
import { sha256Hex } from "lib/process/mod.ts";
import { type HubOptions, type RunningHub, withHub } from "./hub_server.ts";

const encoder = new TextEncoder();
const CONTENTS = {
  "config.json": encoder.encode('{"model_type":"lfm2"}'),
  "tokenizer.json": encoder.encode("{}"),
  "chat_template.jinja": encoder.encode("{{ bos_token }}"),
  LICENSE: encoder.encode("LFM Open License v1.0\nYou may use this.\n"),
  "README.md": encoder.encode("not wanted"),
  "model.safetensors": Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251),
};
const WEIGHTS = "model.safetensors";
const WANTED = Object.keys(CONTENTS).filter((name) => name !== "README.md");
const SOURCE = {
  name: "lfm2-1.2b",
  repository: "LiquidAI/LFM2-1.2B",
  revision: "9".repeat(40),
  licence: { name: "LFM Open License v1.0", url: "https://example.org/licence" },
  sha256: { [WEIGHTS]: sha256Hex(CONTENTS[WEIGHTS]) },
};

interface Place {
  root: string;
  /** The model's folder. */
  folder: string;
  lines: string[];
  run(args: string[], options?: { endpoint?: string; signal?: AbortSignal; source?: typeof SOURCE }): Promise<number>;
}

async function withPlace(use: (place: Place) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "latent-lab-model-"));
  const lines: string[] = [];
  const terminal = { line: (text: string) => void lines.push(text), live: (text: string) => void lines.push(text) };
  const never = new AbortController().signal;
  const run: Place["run"] = (args, { endpoint = "http://127.0.0.1:1", signal = never, source = SOURCE } = {}) =>
    modelMain(args, { terminal, signal, root, sources: [source], environment: { HF_ENDPOINT: `${endpoint}/` } });
  try {
    await use({ root, folder: join(root, SOURCE.name), lines, run });
  } finally {
    rmSync(root, { recursive: true });
  }
}

function hub(use: (hub: RunningHub) => Promise<void>, options: Partial<HubOptions> = {}): Promise<void> {
  return withHub({ contents: CONTENTS, repository: SOURCE.repository, revision: SOURCE.revision, ...options }, use);
}

function assertComplete(folder: string): void {
  for (const name of WANTED) {
    assert.ok(readFileSync(join(folder, name)).equals(CONTENTS[name as keyof typeof CONTENTS]), name);
  }
  assert.deepEqual(readdirSync(folder).sort(), [...WANTED, "license-accepted.json", "model.json"].sort());
}

Deno.test("deno task model shows the licence and fetches nothing else before it is accepted", async () => {
  await withPlace(async ({ folder, lines, run }) => {
    await hub(async ({ endpoint, requests }) => {
      await assert.rejects(
        run(["lfm2-1.2b"], { endpoint }),
        /is under LFM Open License v1\.0, shown above .*--accept-license once/,
      );
      assert.ok(lines.includes("LFM Open License v1.0\nYou may use this."));
      assert.deepEqual(requests.map(({ name }) => name), ["LICENSE"]);
      assert.deepEqual(readdirSync(folder), ["LICENSE"]);
      assert.equal(readModelManifest(folder), null);
    });
  });
});

Deno.test("deno task model fetches the pinned revision's files, and says what is there", async () => {
  await withPlace(async ({ folder, lines, run }) => {
    await hub(async ({ endpoint, requests }) => {
      assert.equal(await run(["lfm2-1.2b", "--accept-license"], { endpoint }), 0);
      assertComplete(folder);
      assert.ok(lines.includes("Fetching LiquidAI/LFM2-1.2B: 0.3 MB of 0.3 MB"));
      assert.match(lines.join("\n"), /LiquidAI\/LFM2-1\.2B at 9{40} is in .*: 0\.3 MB, from http/);
      assert.match(lines.join("\n"), /derived from it stays under LFM Open License v1\.0 and carries its notice/);
      const manifest = readModelManifest(folder)!;
      assert.deepEqual([manifest.revision, Object.keys(manifest.files).sort()], [SOURCE.revision, WANTED.sort()]);
      assert.equal(manifest.files["config.json"].sha256, sha256Hex(CONTENTS["config.json"]));
      assert.equal(requests.length, WANTED.length);
    });
    // There already: nobody is asked, and the licence was accepted once.
    assert.equal(await run(["lfm2-1.2b"]), 0);
    assert.match(lines.at(-1)!, /--force fetches it again/);
    await hub(async ({ endpoint, requests }) => {
      writeFileSync(join(folder, "config.json"), "{}");
      assert.equal(await run(["lfm2-1.2b"], { endpoint }), 0);
      assertComplete(folder);
      assert.deepEqual(requests.map(({ name }) => name), ["config.json"]);
    });
  });
});

Deno.test("deno task model goes on after lost connections", async () => {
  await withPlace(async ({ folder, run }) => {
    await hub(async ({ endpoint, requests }) => {
      assert.equal(await run(["lfm2-1.2b", "--accept-license"], { endpoint }), 0);
      const ranges = requests.filter(({ name }) => name === WEIGHTS).map(({ range }) => range);
      assert.equal(ranges.length, 3);
      assert.ok(ranges.slice(1).every((range) => /^bytes=\d+-$/.test(range)), ranges.join());
      assertComplete(folder);
    }, { cutAfter: 120_000 });
  });
});

Deno.test("deno task model keeps no file of another hash: of small files the hub's, of the weights the pinned one", async () => {
  await withPlace(async ({ folder, run }) => {
    await hub(async ({ endpoint }) => {
      await assert.rejects(
        run(["lfm2-1.2b", "--accept-license"], { endpoint }),
        /config\.json: expected a file with git hash/,
      );
    }, { wrong: ["config.json"] });
    await hub(async ({ endpoint }) => {
      await assert.rejects(run(["lfm2-1.2b"], { endpoint }), /model\.safetensors: expected a file with SHA-256/);
    }, { wrong: [WEIGHTS] });
    const other = { ...CONTENTS, [WEIGHTS]: Uint8Array.of(1, 2, 3) };
    await hub(async ({ endpoint }) => {
      await assert.rejects(
        run(["lfm2-1.2b"], { endpoint }),
        /Cannot fetch model\.safetensors .*: expected SHA-256 .*, the hub lists/,
      );
    }, { contents: other });
    assert.ok(!existsSync(join(folder, WEIGHTS)) && !existsSync(join(folder, `${WEIGHTS}.part`)));
    assert.equal(readModelManifest(folder), null);
  });
});

Deno.test("Ctrl-C leaves no file that looks whole, and the next run goes on", async () => {
  await withPlace(async ({ folder, lines, run }) => {
    await hub(async ({ endpoint }) => {
      const controller = new AbortController();
      const running = run(["lfm2-1.2b", "--accept-license"], { endpoint, signal: controller.signal });
      const timer = setInterval(() => {
        const part = join(folder, `${WEIGHTS}.part`);
        if (existsSync(part) && readFileSync(part).length >= 200_000) controller.abort(new Error("Stopped by Ctrl-C"));
      }, 10);
      await assert.rejects(running, /Stopped by Ctrl-C/).finally(() => clearInterval(timer));
      assert.ok(!existsSync(join(folder, WEIGHTS)) && existsSync(join(folder, `${WEIGHTS}.part`)));
      assert.equal(readModelManifest(folder), null);
    }, { stallAfter: 200_000 });
    await hub(async ({ endpoint, requests }) => {
      assert.equal(await run(["lfm2-1.2b"], { endpoint }), 0);
      assert.deepEqual(requests, [{ name: WEIGHTS, range: "bytes=200000-" }]);
      assertComplete(folder);
      assert.equal(lines.filter((line) => line.startsWith("Accepted")).length, 1);
    });
  });
});

Deno.test("deno task model takes a folder, and refuses weights of another hash in it", async () => {
  await withPlace(async ({ root, folder, lines, run }) => {
    const from = join(root, "snapshot");
    mkdirSync(from);
    for (const [name, content] of Object.entries(CONTENTS)) writeFileSync(join(from, name), content);
    await assert.rejects(run(["lfm2-1.2b", "--from", from]), /--accept-license once/);
    assert.equal(await run(["lfm2-1.2b", "--from", from, "--accept-license"]), 0);
    assertComplete(folder);
    assert.equal(readModelManifest(folder)!.revision, null);
    assert.ok(lines.some((line) => line.endsWith(`from ${from}`)));
    writeFileSync(join(from, WEIGHTS), Uint8Array.of(1));
    await assert.rejects(
      run(["lfm2-1.2b", "--force", "--from", from]),
      /Cannot take .*model\.safetensors: expected a file with SHA-256/,
    );
    assert.ok(!existsSync(join(folder, `${WEIGHTS}.tmp`)));
    rmSync(join(from, WEIGHTS));
    await assert.rejects(run(["lfm2-1.2b", "--from", from]), /expected model\.safetensors, got none/);
    await assert.rejects(run(["lfm2-1.2b", "--from", join(root, "none")]), /expected a folder, got none/);
  });
});

Deno.test("a folder with a manifest is checked against it, and Ctrl-C while copying leaves nothing half", async () => {
  await withPlace(async ({ root, folder, run }) => {
    await hub(async ({ endpoint }) => void await run(["lfm2-1.2b", "--accept-license"], { endpoint }));
    await withPlace(async (second) => {
      assert.equal(await second.run(["lfm2-1.2b", "--from", folder, "--accept-license"]), 0);
      assert.equal(readModelManifest(second.folder)!.revision, SOURCE.revision);
    });
    await withPlace(async (third) => {
      const signal = AbortSignal.abort(new Error("Stopped by Ctrl-C"));
      await assert.rejects(
        third.run(["lfm2-1.2b", "--from", folder, "--accept-license"], { signal }),
        /Stopped by Ctrl-C/,
      );
      assert.deepEqual(existsSync(third.folder) ? readdirSync(third.folder) : [], []);
    });
    writeFileSync(join(folder, "tokenizer.json"), "{ }");
    await withPlace(async ({ run }) => {
      const asked = run(["lfm2-1.2b", "--from", folder, "--accept-license"]);
      await assert.rejects(asked, /Cannot take .*tokenizer\.json: expected a file with SHA-256/);
    });
    assert.ok(existsSync(root) && run !== undefined);
  });
});

Deno.test("deno task model says what is wrong with a name, a revision, and a hub that is not there", async () => {
  await withPlace(async ({ run }) => {
    await assert.rejects(run([]), /expected the name of one of lfm2-1\.2b: deno task model/);
    await assert.rejects(run(["gpt"]), /expected lfm2-1\.2b, got "gpt"/);
    await assert.rejects(
      run(["lfm2-1.2b", "--revision", "main"]),
      /expected --revision to be a commit of 40 hexadecimal digits, got "main"/,
    );
    await assert.rejects(
      run(["lfm2-1.2b"]),
      /Cannot reach the hub at http:\/\/127\.0\.0\.1:1: .*HF_ENDPOINT.*--from FOLDER/,
    );
    await hub(async ({ endpoint }) => {
      const unknown = run(["lfm2-1.2b", "--revision", "8".repeat(40)], { endpoint });
      await assert.rejects(unknown, /Cannot list LiquidAI\/LFM2-1\.2B at 8{40}: the hub answered 404/);
    });
    const { LICENSE: _, ...unlicensed } = CONTENTS;
    await hub(async ({ endpoint }) => {
      await assert.rejects(run(["lfm2-1.2b"], { endpoint }), /expected LICENSE, got none/);
    }, { contents: unlicensed });
  });
});

Deno.test("sharded weights are fetched with their index", async () => {
  const index = encoder.encode('{"weight_map":{}}');
  const [first, second] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  const { [WEIGHTS]: _, ...small } = CONTENTS;
  const contents: Record<string, Uint8Array> = {
    ...small,
    [first]: Uint8Array.of(1),
    [second]: Uint8Array.of(2, 3),
    "model.safetensors.index.json": index,
  };
  await withPlace(async ({ folder, run }) => {
    await hub(async ({ endpoint }) => {
      const source = { ...SOURCE, sha256: { [first]: sha256Hex(contents[first]) } as typeof SOURCE.sha256 };
      assert.equal(await run(["lfm2-1.2b", "--accept-license"], { endpoint, source }), 0);
      for (const name of [first, second, "model.safetensors.index.json"]) {
        assert.ok(existsSync(join(folder, name)), name);
      }
    }, { contents });
  });
});
