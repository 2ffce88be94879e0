// Under tslab the parent is Node, and the library a CommonJS bundle: it starts the same children.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectPath, projectRoot, startChild } from "lib/process/mod.ts";

const SCRIPT = `
  const { projectRoot, startChild } = require("./process.cjs");
  const received = [];
  const child = startChild({ module: process.argv[2], deadlineMs: 60000, onMessage: (message) => received.push(message) });
  child.send({ loss: NaN, weights: new Float32Array([1, 2]) });
  child.endMessages();
  child.result.then(({ reason, exitCode, stdout }) => {
    const { loss, weights } = received[0].echo;
    console.log(JSON.stringify({ root: projectRoot(), reason, exitCode, stdout, loss: String(loss), weights: [...weights] }));
  });
`;

Deno.test("startChild works in a CommonJS bundle under Node, which also finds the project", async () => {
  const folder = mkdtempSync(join(tmpdir(), "node-parent-test-"));
  try {
    const esbuild = projectPath("node_modules", "esbuild", "bin", "esbuild");
    const flags = [
      "--bundle",
      "--platform=node",
      "--format=cjs",
      "--log-level=error",
      `--outfile=${folder}/process.cjs`,
    ];
    const bundle = await startChild({
      command: "node",
      args: [esbuild, projectPath("lib", "process", "mod.ts"), ...flags],
      deadlineMs: 60_000,
    }).result;
    assert.equal(bundle.exitCode, 0, bundle.stderrTail);
    writeFileSync(join(folder, "main.cjs"), SCRIPT);
    const { stdout, exitCode, stderrTail } = await startChild({
      command: "node",
      args: [join(folder, "main.cjs"), projectPath("tests", "process", "children", "echo.ts")],
      cwd: projectPath("notebooks"), // the bundle's import.meta.url is empty: the root is found from the working folder
      deadlineMs: 60_000,
    }).result;
    assert.equal(exitCode, 0, stderrTail);
    assert.deepEqual(JSON.parse(stdout), {
      root: projectRoot(),
      reason: "exit",
      exitCode: 0,
      stdout: "before\nafter\n",
      loss: "NaN",
      weights: [1, 2],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
