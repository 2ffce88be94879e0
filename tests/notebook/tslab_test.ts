// tslab-quickstart.ipynb in the real kernel of tslab, in a fresh copy: the library is bundled, and every cell runs under Node.js.

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildTslabLibrary, nodePath, tslabLibraryFolder, tslabModules, tslabSpec } from "../../lib/cli/mod.ts";
import { codeCells, readNotebook } from "../../lib/notebook/mod.ts";
import { projectPath, startChild } from "../../lib/process/mod.ts";
import { withFreshCopy } from "./fresh_copy.ts";

interface CellResult {
  status: string;
  outputs: { type: string; text?: string; data?: Record<string, unknown> }[];
}

/** Runs cells in the kernel, in the copy's folder of notebooks. */
async function runCells(root: string, cells: string[]): Promise<CellResult[]> {
  const { exitCode, stdout, stderrTail } = await startChild({
    command: "node",
    args: [projectPath("tests", "notebook", "kernel_client.mjs")],
    input: JSON.stringify({ kernel: tslabSpec(await nodePath(), root), cwd: join(root, "notebooks"), cells }),
    deadlineMs: 240_000,
  }).result;
  assert.equal(exitCode, 0, `${stdout}\n${stderrTail}`);
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

const textOf = ({ outputs }: CellResult): string => outputs.map(({ text = "" }) => text).join("");

Deno.test("the tslab notebook runs in the real kernel: a student, a figure, a study in a DataFrame", async () => {
  await withFreshCopy(async ({ folder }) => {
    // What `deno task kernel` built here, if it did, saves most of the time.
    assert.equal(await buildTslabLibrary({ root: folder, earlier: tslabLibraryFolder() }), true);
    assert.equal(await buildTslabLibrary({ root: folder }), false); // nothing changed
    const library = tslabLibraryFolder(folder);
    for (const path of tslabModules(folder)) {
      const file = join(library, path.slice("lib/".length).replace(/\.ts$/, ""));
      assert.ok(existsSync(`${file}.js`) && existsSync(`${file}.d.ts`), path);
    }
    const cells = codeCells(readNotebook(join(folder, "notebooks", "tslab-quickstart.ipynb"))).map(({ source }) =>
      source
    );
    // The last cell is ours: declarations are more than `any`.
    const wrong = "const wrong: number = train;";
    const results = await runCells(folder, [...cells, wrong]);
    const expected = [...cells.map(() => "ok"), "error"];
    assert.deepEqual(results.map(({ status }) => status), expected, results.map(textOf).join("\n"));
    // Results are read from files: of tslab's outputs some get lost on their way.
    const made = join(folder, ".cache", "tslab-quickstart");
    assert.deepEqual([...readFileSync(join(made, "learning-curve.png")).subarray(1, 4)], [80, 78, 71]);
    const summary = JSON.parse(readFileSync(join(made, "summary.json"), "utf8"));
    assert.equal(summary.trials, 4);
    assert.deepEqual(summary.widths, [32, 64]);
    assert.ok(summary.cosine > 0.3 && summary.cosine < 1, `the cosine is ${summary.cosine}`);
    assert.match(summary.node, /^v\d/);
  });
});

Deno.test("a library that cannot be bundled is told with the compiler's reason, and the one before stays", async () => {
  await withFreshCopy(async ({ folder }) => {
    const library = tslabLibraryFolder(folder);
    writeFileSync(join(folder, "lib", "models", "broken.ts"), "export const = 1;\n");
    await assert.rejects(buildTslabLibrary({ root: folder }), /Cannot bundle the library for tslab: .*broken\.ts:1/s);
    assert.equal(existsSync(library), false);
  }, { parts: ["lib"] });
});
