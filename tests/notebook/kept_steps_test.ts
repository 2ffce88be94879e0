// What a run has made outlives it: a notebook that fails, or is killed, half-way goes on after the steps that it had made.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { keptSteps, usableSteps } from "../../lib/notebook/kept_steps.ts";
import { NotebookError, reportNotebook, type ReportRunOptions } from "../../lib/notebook/mod.ts";
import type { RunIdentity } from "../../lib/record/mod.ts";
import { withFolder, writeNotebook } from "./notebooks.ts";

const HASH = "a".repeat(64);
const IDENTITY: RunIdentity = {
  notebook: HASH,
  modules: {},
  lockfile: HASH,
  parameters: HASH,
  data: {},
  scale: "full",
  machine: "m",
};

Deno.test("a step that was kept is not made again, and both ways give the same value", async () => {
  await withFolder(async (folder) => {
    const steps = join(folder, "steps");
    let made = 0;
    const make = () => ({ count: ++made, lost: undefined, infinite: Infinity });
    const first = await keptSteps(steps, IDENTITY)("a", make);
    const second = await keptSteps(steps, IDENTITY)("a", make);
    assert.deepEqual([first, second, made], [{ count: 1, infinite: null }, { count: 1, infinite: null }, 1]);
    assert.equal(usableSteps(steps, IDENTITY), 1);
    const [file] = readdirSync(steps).filter((name) => name !== "identity.json");
    writeFileSync(join(steps, file), '{"key":"a","val'); // cut off
    assert.deepEqual((await keptSteps(steps, IDENTITY)("a", make)).count, 2);
    await keptSteps(steps, IDENTITY)("b", () => "failed", (value) => value !== "failed");
    assert.equal(usableSteps(steps, IDENTITY), 1, "what failed is tried again");
    assert.equal(usableSteps(steps, { ...IDENTITY, machine: "another" }), 0);
    assert.ok(!existsSync(steps), "steps of other code, parameters or machines are of no use");
  });
});

Deno.test("steps are made anew in a kernel; a key twice in a run, and what JSON cannot hold, are refused", async () => {
  const step = keptSteps(null);
  let made = 0;
  for (const count of [1, 2]) assert.equal(await step("a", () => Promise.resolve(++made)), count);
  await assert.rejects(step("b", () => undefined), /expected a value that JSON can hold, got undefined/);
  await withFolder(async (folder) => {
    const kept = keptSteps(join(folder, "steps"), IDENTITY);
    await kept("a", () => 3);
    await assert.rejects(kept("a", () => 3), /expected a key for each, got "a" twice/);
  });
});

const CELLS = [
  `import { appendFileSync, existsSync } from "node:fs";
import process from "node:process";
import { notebookRun } from "lib/notebook/run.ts";
import { record } from "lib/record/mod.ts";
import { cell, Report } from "lib/report/mod.ts";
import { machineNamed } from "FOLDER/machine.ts";
const { name, scale, parameters, step } = notebookRun({
  name: "long",
  defaults: { steps: 3 },
  scales: { smoke: {}, quick: {}, full: {} },
});`,
  `let sum = 0;
for (let i = 1; i <= parameters.steps; i++) {
  sum += await step(\`step \${i}\`, () => {
    appendFileSync("FOLDER/log.txt", String(i));
    if (i === 3 && existsSync("FOLDER/fail")) throw new Error("it fails");
    if (i === 3 && existsSync("FOLDER/kill")) process.kill(process.pid, "SIGKILL");
    return i;
  });
}`,
  `const report = new Report(name, { title: "Long", scale, parameters, machine: machineNamed("m") });
report.text\`The sum is \${cell(record({ id: "sum", quantity: "sum", value: sum, unit: "count" }))}.\`;
await report.write();`,
];

Deno.test("a run that failed or was killed goes on after the steps that it had made; a finished one leaves none", async () => {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, "log.txt"), "");
    const machines = new URL("./notebooks.ts", import.meta.url).pathname;
    writeFileSync(join(folder, "machine.ts"), `export { machineNamed } from "${machines}";\n`);
    const notebook = writeNotebook(folder, "long", CELLS.map((source) => source.replaceAll("FOLDER", folder)));
    const told: string[] = [];
    const options: ReportRunOptions = {
      scale: "quick",
      machine: "m",
      noCheck: true,
      reportsDir: join(folder, "reports"),
      cacheDir: join(folder, "cache"),
      onStatus: (line) => told.push(line),
    };
    const log = () => readFileSync(join(folder, "log.txt"), "utf8");
    for (const how of ["kill", "fail"]) {
      writeFileSync(join(folder, how), "");
      await assert.rejects(reportNotebook(notebook, options), NotebookError);
      rmSync(join(folder, how));
    }
    assert.equal(log(), "1233", "the second run went on after two steps");
    assert.match(told[1], /, with 2 steps of an interrupted run$/);
    await reportNotebook(notebook, options);
    assert.equal(log(), "12333");
    assert.match(readFileSync(join(folder, "reports", "long", "report.md"), "utf8"), /The sum is 6/);
    assert.deepEqual(readdirSync(join(folder, "cache", "notebooks")).sort(), ["long.executed.ipynb", "long.lock"]);
    writeFileSync(join(folder, "fail"), "");
    await assert.rejects(reportNotebook(notebook, { ...options, force: true }), NotebookError);
    rmSync(join(folder, "fail"));
    await reportNotebook(notebook, { ...options, force: true, restart: true });
    assert.equal(log(), "12333123123", "nothing is left of a finished run, and restart leaves nothing of another");
  });
});
