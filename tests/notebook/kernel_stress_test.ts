// Holds the pin of the kernel: every output of many mixed cells must arrive, in its own cell, in order.

import assert from "node:assert/strict";
import { isProvenKernel, KERNEL_DENO_VERSION } from "../../lib/notebook/mod.ts";
import { kernelTools, runInKernel, type StoredOutput, textOf } from "./jupyter.ts";
import { withFolder } from "./notebooks.ts";

const CELLS = 120;

/** Lines that mixed cell `i` prints. */
function lineCount(i: number): number {
  return i % 7;
}

function mixedCell(i: number): string {
  return [
    `for (let k = 0; k < ${lineCount(i)}; k++) console.log("cell ${i} line", k);`,
    i % 2 === 0 ? `await Deno.jupyter.display(Deno.jupyter.md\`display ${i}\`);` : "",
    i % 3 === 0 ? `"value ${i}"` : "",
  ].filter((line) => line !== "").join("\n");
}

/** What is wrong with the outputs of mixed cell `i`; null when everything arrived. */
function defect(i: number, outputs: StoredOutput[]): string | null {
  const lines = Array.from({ length: lineCount(i) }, (_, k) => `cell ${i} line ${k}\n`).join("");
  if (textOf(outputs.filter(({ output_type }) => output_type === "stream")) !== lines) return "printed lines";
  const displays = outputs.filter(({ output_type }) => output_type === "display_data");
  if (displays.length !== (i % 2 === 0 ? 1 : 0)) return "displays";
  if (displays.length === 1 && [displays[0].data?.["text/markdown"]].flat().join("") !== `display ${i}`) {
    return "display";
  }
  const values = outputs.filter(({ output_type }) => output_type === "execute_result");
  return values.length === (i % 3 === 0 ? 1 : 0) ? null : "value";
}

Deno.test("the pinned kernel delivers every output of mixed cells", async () => {
  assert.ok(isProvenKernel(KERNEL_DENO_VERSION));
  const tools = await kernelTools();
  if (tools === null) return;
  await withFolder(async (folder) => {
    // The first cell proves that notebooks can import the library in this kernel: the guard lets it pass.
    const cells = [
      'import { notebookRun } from "lib/notebook/run.ts";',
      ...Array.from({ length: CELLS }, (_, i) => mixedCell(i)),
    ];
    const [first, ...mixed] = await runInKernel(cells, { python: tools.python, folder, deno: tools.pinnedDeno });
    assert.equal(textOf(first), "");
    const defects = mixed.map((outputs, i) => [i, defect(i, outputs)]).filter(([, problem]) => problem !== null);
    assert.deepEqual(defects, []);
  });
});

Deno.test("the first import of a notebook refuses the kernel of the project's own Deno", async () => {
  const tools = await kernelTools();
  if (tools === null) return;
  await withFolder(async (folder) => {
    const cells = [
      'import { notebookRun } from "lib/notebook/run.ts";',
      "await new Promise((r) => setTimeout(r, 500));",
    ];
    const outputs = await runInKernel(cells, { python: tools.python, folder });
    assert.match(
      textOf(outputs.flat()),
      /Cannot use this kernel: Deno 2\.9\.5 .*Select the kernel "Latent Lab \(Deno 2\.8\.1\)"/,
    );
  });
});

Deno.test("progress updates in place in the kernel, and parameters come from the environment", async () => {
  const tools = await kernelTools();
  if (tools === null) return;
  await withFolder(async (folder) => {
    const [, progressed, parameters] = await runInKernel([
      'import { notebookRun, progress } from "lib/notebook/run.ts";\nimport process from "node:process";',
      'const steps = progress("steps", 2);\nsteps.itemDone();\nsteps.itemDone();\nsteps.finish();',
      'process.env.LATENT_LAB_RUN = \'{"parameters":{"epochs":3}}\';\n' +
      'JSON.stringify(notebookRun({ name: "demo", defaults: { epochs: 25 }, scales: { smoke: {}, quick: {}, full: {} } }))',
    ], { python: tools.python, folder, deno: tools.pinnedDeno });
    assert.equal(progressed.length, 1);
    assert.match([progressed[0].data?.["text/plain"]].flat().join(""), /^steps 2\/2 in /);
    assert.match(JSON.stringify(parameters), /quick.*epochs.*3/);
  });
});
