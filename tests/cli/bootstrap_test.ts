// bootstrap.mjs in a copy of the project with a made-up lockfile, a made-up npm and a made-up Deno: what it installs, when, and what it says.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { checkMachine, installFailure, refuseLink } from "../../lib/cli/bootstrap.mjs";
import { projectPath } from "../../lib/process/mod.ts";
import { withFolder } from "../notebook/notebooks.ts";

const DENO_PACKAGE = process.platform === "darwin" ? "darwin-arm64" : "linux-x64-glibc";

/** Notes its arguments in npm.log, then does what npm ci does, in small. */
const FAKE_NPM = `
const fs = require("fs");
fs.appendFileSync("npm.log", process.argv.slice(2).join(" ") + " skip=" + process.env.ONNXRUNTIME_NODE_INSTALL + "\\n");
if (fs.existsSync("npm-fails")) {
  console.error(fs.readFileSync("npm-fails", "utf8"));
  process.exit(1);
}
setTimeout(() => {
  fs.rmSync("node_modules", { recursive: true, force: true });
  fs.mkdirSync("node_modules/@deno/${DENO_PACKAGE}", { recursive: true });
  fs.copyFileSync("fake-deno", "node_modules/@deno/${DENO_PACKAGE}/deno");
}, 200);
`;
const FAKE_DENO = `#!/bin/sh
echo "deno $*"
if [ "$4" = wait ]; then trap 'echo interrupted; exit 130' INT; echo ready; while :; do sleep 0.05; done; fi
exit 7
`;

interface Result {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

function startBootstrap(
  folder: string,
  args: string[],
  onStdout?: (text: string, kill: () => void) => void,
): Promise<Result> {
  const child = spawn("node", [join(folder, "lib", "cli", "bootstrap.mjs"), ...args], {
    cwd: folder,
    env: { ...process.env, npm_execpath: join(folder, "npm-cli.js") },
  });
  const result: Result = { exitCode: null, stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    result.stdout += chunk;
    onStdout?.(String(chunk), () => process.kill(child.pid!, "SIGINT")); // not child.kill: Deno then reports the signal, whatever the child made of it
  });
  child.stderr.on("data", (chunk) => result.stderr += chunk);
  return new Promise((resolve) => child.on("close", (exitCode) => resolve({ ...result, exitCode })));
}

async function withProject(use: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    mkdirSync(join(folder, "lib", "cli"), { recursive: true });
    copyFileSync(projectPath("lib", "cli", "bootstrap.mjs"), join(folder, "lib", "cli", "bootstrap.mjs"));
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    writeFileSync(join(folder, "package-lock.json"), '{"packages":{}}');
    // CommonJS although the project is of type module: npm's own script is too.
    writeFileSync(
      join(folder, "npm-cli.js"),
      `import { createRequire } from "module";\nconst require = createRequire(import.meta.url);${FAKE_NPM}`,
    );
    writeFileSync(join(folder, "fake-deno"), FAKE_DENO, { mode: 0o644 });
    await use(folder);
  });
}

const npmCalls = (folder: string) =>
  existsSync(join(folder, "npm.log")) ? readFileSync(join(folder, "npm.log"), "utf8").trim().split("\n") : [];

Deno.test("bootstrap installs once without scripts, starts deno task and ends as it ends", async () => {
  await withProject(async (folder) => {
    const first = await startBootstrap(folder, ["report", "02", "--force"]);
    assert.equal(first.exitCode, 7, first.stderr);
    assert.equal(first.stdout, "deno task --quiet report 02 --force\n");
    assert.match(first.stderr, /Installing the npm packages/);
    assert.match(npmCalls(folder)[0], /^ci --ignore-scripts .*--include=dev .*skip=skip$/);
    const second = await startBootstrap(folder, ["test"]);
    assert.deepEqual([second.exitCode, second.stderr, npmCalls(folder).length], [7, "", 1]);
  });
});

Deno.test("bootstrap installs again when the lockfile changed", async () => {
  await withProject(async (folder) => {
    await startBootstrap(folder, ["test"]);
    writeFileSync(join(folder, "package-lock.json"), '{"packages":{"":{}}}');
    await startBootstrap(folder, ["test"]);
    await startBootstrap(folder, ["test"]);
    assert.equal(npmCalls(folder).length, 2);
  });
});

Deno.test("bootstrap takes an install made by hand when npm's list agrees with the lockfile", async () => {
  await withProject(async (folder) => {
    await startBootstrap(folder, ["test"]);
    const lock =
      '{"packages":{"":{},"node_modules/a":{"version":"1.0.0"},"node_modules/b":{"version":"2.0.0","optional":true}}}';
    writeFileSync(join(folder, "package-lock.json"), lock);
    rmSync(join(folder, "node_modules", ".latent-lab-install"));
    writeFileSync(
      join(folder, "node_modules", ".package-lock.json"),
      '{"packages":{"node_modules/a":{"version":"1.0.0"}}}',
    );
    await startBootstrap(folder, ["test"]);
    assert.equal(npmCalls(folder).length, 1);
    rmSync(join(folder, "node_modules", ".latent-lab-install"));
    writeFileSync(
      join(folder, "node_modules", ".package-lock.json"),
      '{"packages":{"node_modules/a":{"version":"0.9.0"}}}',
    );
    await startBootstrap(folder, ["test"]);
    assert.equal(npmCalls(folder).length, 2);
  });
});

Deno.test("bootstrap lets two at once install once, and takes over the lock of a dead process", async () => {
  await withProject(async (folder) => {
    mkdirSync(join(folder, ".cache"));
    writeFileSync(join(folder, ".cache", "install.lock"), "999999");
    const results = await Promise.all([1, 2, 3].map(() => startBootstrap(folder, ["test"])));
    assert.deepEqual(results.map(({ exitCode }) => exitCode), [7, 7, 7], results.map(({ stderr }) => stderr).join());
    assert.equal(npmCalls(folder).length, 1);
    assert.equal(existsSync(join(folder, ".cache", "install.lock")), false);
  });
});

Deno.test("bootstrap tells a failed install in one sentence and tries again the next time", async () => {
  await withProject(async (folder) => {
    writeFileSync(
      join(folder, "npm-fails"),
      "npm error code ENOTFOUND\nnpm error network request to x failed\nnpm error A complete log of this run",
    );
    const failed = await startBootstrap(folder, ["test"]);
    assert.equal(failed.exitCode, 1);
    assert.match(
      failed.stderr.trim().split("\n").at(-1)!,
      /^Cannot install the npm packages \(npm ci ended with code 1, ENOTFOUND: network request to x failed\): check the network/,
    );
    rmSync(join(folder, "npm-fails"));
    assert.equal((await startBootstrap(folder, ["test"])).exitCode, 7);
  });
});

Deno.test("bootstrap hands a signal on and ends with the task's exit code", async () => {
  await withProject(async (folder) => {
    const result = await startBootstrap(folder, ["report", "wait"], (text, kill) => text.includes("ready") && kill());
    assert.match(result.stdout, /interrupted/);
    assert.equal(result.exitCode, 130);
  });
});

Deno.test("bootstrap stops when deno.json lacks the task, instead of starting itself for ever", async () => {
  await withProject(async (folder) => {
    writeFileSync(join(folder, "fake-deno"), `#!/bin/sh\nexec node "$PWD/lib/cli/bootstrap.mjs" report\n`);
    const result = await startBootstrap(folder, ["report"]);
    assert.deepEqual([result.exitCode, result.stderr.trim().split("\n").at(-1)], [
      1,
      'Cannot start: deno.json has no task "report"; restore it with `git checkout deno.json`.',
    ]);
  });
});

Deno.test("checkMachine says in one sentence what is missing", () => {
  const good = { nodeVersion: "22.1.0", platform: "linux", arch: "x64", glibc: true };
  checkMachine(good);
  checkMachine({ nodeVersion: "20.0.0", platform: "darwin", arch: "arm64", glibc: false });
  assert.throws(
    () => checkMachine({ ...good, nodeVersion: "18.19.0" }),
    /needs Node\.js 20, 22 or 24, and this is Node\.js 18\.19\.0/,
  );
  assert.throws(() => checkMachine({ ...good, platform: "win32" }), /and this is win32 x64/);
  assert.throws(() => checkMachine({ ...good, platform: "darwin" }), /and this is darwin x64/);
  assert.throws(() => checkMachine({ ...good, glibc: false }), /needs a Linux with glibc/);
});

Deno.test("bootstrap does not install through a link", () =>
  withFolder((folder) => {
    refuseLink(folder);
    mkdirSync(join(folder, "node_modules"));
    refuseLink(folder);
    const other = join(folder, "other checkout");
    mkdirSync(other);
    symlinkSync(join(folder, "node_modules"), join(other, "node_modules"));
    assert.throws(() => refuseLink(other), /Cannot install: .*node_modules is a link/);
    return Promise.resolve();
  }));

Deno.test("installFailure gives the usual reasons their advice", () => {
  assert.match(installFailure("npm error code ENOSPC\nnpm error nospc", "code 1"), /ENOSPC: nospc\): free about 1 GB/);
  assert.match(
    installFailure("npm ERR! code E404\nnpm ERR! 404 Not Found", "code 1"),
    /E404: 404 Not Found\): check `npm config/,
  );
  assert.match(installFailure("npm error code EUSAGE", "code 1"), /restore package\.json/);
  assert.match(
    installFailure("", "SIGTERM"),
    /^Cannot install the npm packages \(npm ci ended with SIGTERM\): see the message of npm/,
  );
});

Deno.test("bootstrap stays readable for an old Node: no syntax or import that it lacks", () => {
  const source = readFileSync(projectPath("lib", "cli", "bootstrap.mjs"), "utf8").replace(/^\s*\/\/.*$/gm, "");
  assert.doesNotMatch(source, /\?\.[a-z[(]|\?\?|"node:|#[a-z]+\s*[=(;]|^await /m);
});
