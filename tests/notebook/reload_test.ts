// An edit of the library in a running process: what reload gives, and what keeps its identity.

import assert from "node:assert/strict";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type FreshCopy, withFreshCopy } from "./fresh_copy.ts";
import { kernelTools, runInKernel, textOf } from "./jupyter.ts";
import { withFolder } from "./notebooks.ts";

/** A small chain in the copy's library: top imports middle and bottom, middle imports bottom. Written as if before the process began. */
function writeChain(folder: string): void {
  mkdirSync(join(folder, "lib", "chain"));
  const files = {
    "bottom.ts": "export const bottom = { value: 1 };\n",
    "middle.ts": 'import { bottom } from "./bottom.ts";\nimport { other } from "lib/chain/other.ts";\n' +
      "export const middle = () => bottom.value * 10;\nexport { other };\n",
    "other.ts": "export const other = {};\n",
    "top.ts":
      'import { middle } from "./middle.ts";\nexport { bottom } from "./bottom.ts";\nexport { other } from "./middle.ts";\n' +
      "// import is only a word here\nexport const top = () => `top ${middle()}`;\n",
  };
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, "lib", "chain", name);
    writeFileSync(path, text);
    utimesSync(path, 1, 1);
  }
}

/** Runs `script` in the copy, with `fresh(path)` for an import of the newest code since the process began. */
async function lastLine({ deno }: FreshCopy, script: string): Promise<string> {
  const head = 'import { writeFileSync } from "node:fs";\nimport { resolve } from "node:path";\n' +
    'import { freshModule } from "./lib/notebook/reload.ts";\nconst sinceMs = performance.timeOrigin;\n' +
    "const fresh = async (path) => await import(await freshModule(resolve(path), { sinceMs }));\n";
  const { exitCode, stdout, stderrTail } = await deno(["run", "-A", "--ext=ts", "--no-check", "-"], {
    input: head + script,
  });
  assert.equal(exitCode, 0, stderrTail);
  return stdout.trim().split("\n").at(-1)!;
}

Deno.test("freshModule takes up an edit in the midst of the graph, and leaves the identity of all else", () =>
  withFreshCopy(async (copy) => {
    writeChain(copy.folder);
    const found = await lastLine(
      copy,
      `const before = await import("./lib/chain/top.ts");
const same = await fresh("lib/chain/top.ts");
writeFileSync("lib/chain/middle.ts", 'import { bottom } from "./bottom.ts";\\nexport { other } from "./other.ts";\\nexport const middle = () => bottom.value * 20;\\n');
const after = await fresh("lib/chain/top.ts");
const again = await fresh("lib/chain/top.ts");
writeFileSync("lib/chain/middle.ts", 'export { other } from "./other.ts";\\nexport const middle = () => "third";\\n');
const third = await fresh("lib/chain/top.ts");
console.log(JSON.stringify([before.top(), same === before, after.top(), after.bottom === before.bottom, after.other === before.other,
  again === after, third.top(), before.top(), (await fresh("lib/chain/bottom.ts")).bottom === before.bottom]));`,
    );
    assert.deepEqual(JSON.parse(found), ["top 10", true, "top 20", true, true, true, "top third", "top 10", true]);
  }, { parts: ["lib/notebook", "lib/process"] }));

Deno.test("freshModule refuses files that are missing, outside, or broken, and names the line", () =>
  withFreshCopy(async (copy) => {
    writeChain(copy.folder);
    const messages = await lastLine(
      copy,
      `const messages = [];
for (const path of ["lib/chain/none.ts", "/etc/hostname"]) await fresh(path).catch((error) => messages.push(error.name + ": " + error.message));
writeFileSync("lib/chain/bottom.ts", "export const a = 1;\\nexport const = 2;\\n");
await fresh("lib/chain/top.ts").catch((error) => messages.push(error.name + ": " + error.message));
console.log(JSON.stringify(messages));`,
    );
    const [missing, outside, broken] = JSON.parse(messages);
    assert.match(missing, /^RangeError: Cannot reload .*: there is no file lib\/chain\/none\.ts$/);
    assert.match(outside, /^RangeError: Cannot reload \/etc\/hostname: expected a file of the project/);
    assert.match(broken, /^SyntaxError: Cannot reload lib\/chain\/bottom\.ts:2: /);
  }, { parts: ["lib/notebook", "lib/process"] }));

Deno.test("an edit of a model and of a layer below it are seen in a running kernel without a restart", async () => {
  const tools = await kernelTools();
  if (tools === null) return;
  await withFolder((jupyter) =>
    withFreshCopy(async ({ folder }) => {
      mkdirSync(join(folder, "notebooks"));
      const edit = (path: string, from: string, to: string) =>
        `writeFileSync("../${path}", readFileSync("../${path}", "utf8").replace(${JSON.stringify(from)}, ${
          JSON.stringify(to)
        }));\n`;
      const reloadCell = 'const { linearAutoencoder } = await reload("lib/models/linear_autoencoder.ts");\n';
      const shown =
        "console.log(linearAutoencoder({ latentDim: 4 }).trace().name, linearAutoencoder({ latentDim: 4 }).trace().parameters.length);";
      const outputs = await runInKernel([
        'import { readFileSync, writeFileSync } from "node:fs";\nimport { reload } from "lib/notebook/run.ts";\n' +
        'import { linearAutoencoder } from "lib/models/linear_autoencoder.ts";\nimport { traceProgram } from "lib/train/mod.ts";\n' +
        'import { meanSquaredError } from "lib/nn/mod.ts";',
        shown,
        edit("lib/models/linear_autoencoder.ts", '"linear-autoencoder"', '"edited"') + reloadCell + shown,
        // Without its bias each layer has one tensor: an edit two rooms further up.
        edit("lib/nn/layers.ts", "bias = true", "bias = false") + reloadCell + shown,
        // What was reloaded works with what was not.
        "const { forward } = traceProgram({ model: linearAutoencoder({ latentDim: 4 }), loss: ({ output }, { x }) => meanSquaredError(output, x) });\n" +
        "console.log(forward.parameters.length);",
      ], { ...tools, deno: tools.pinnedDeno, folder: jupyter, cwd: join(folder, "notebooks") });
      assert.deepEqual(outputs.map((cell) => textOf(cell).trim()), [
        "",
        "linear-autoencoder 4",
        "edited 4",
        "edited 2",
        "2",
      ]);
    }, { parts: ["lib"] })
  );
});
