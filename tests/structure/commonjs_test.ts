// The library as tslab loads it: one CommonJS bundle, required by Node.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, stop } from "esbuild";
import { projectPath, projectRoot, startChild } from "lib/process/mod.ts";
import { trainOneStep } from "./commonjs/train_one_step.ts";

const BUNDLE_DEADLINE_MS = 120_000;

async function bundle(outfile: string): Promise<void> {
  try {
    await build({
      entryPoints: [projectPath("tests", "structure", "commonjs", "train_one_step.ts")],
      outfile,
      bundle: true,
      platform: "node",
      target: "node20",
      format: "cjs",
      alias: { lib: projectPath("lib") },
      external: ["onnxruntime-node"],
      define: { "import.meta.url": JSON.stringify(pathToFileURL(projectPath("package.json")).href) },
      logLevel: "error",
    });
  } finally {
    await stop();
  }
}

Deno.test("a CommonJS bundle of the library trains a step under Node, with the loss that Deno gets", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-commonjs-"));
  try {
    await bundle(join(folder, "library.cjs"));
    symlinkSync(projectPath("node_modules"), join(folder, "node_modules"));
    writeFileSync(
      join(folder, "main.cjs"),
      'require("./library.cjs").trainOneStep().then((result) => console.log(JSON.stringify(result)));',
    );
    const { exitCode, stdout, stderrTail } = await startChild({
      command: "node",
      args: [join(folder, "main.cjs")],
      cwd: folder, // not below the project: only the defined import.meta.url leads there
      deadlineMs: BUNDLE_DEADLINE_MS,
    }).result;
    assert.equal(exitCode, 0, stderrTail);
    const { loss, steps, root } = JSON.parse(stdout.trim().split("\n").at(-1)!);
    assert.deepEqual([steps, root], [1, projectRoot()]);
    const expected = (await trainOneStep()).loss;
    assert.ok(Number.isFinite(loss) && loss > 0, `the loss is ${loss}`);
    assert.ok(Math.abs(loss - expected) <= 1e-6 * expected, `expected ${expected}, got ${loss}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
