import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { promisify } from "node:util";
import { projectPath, projectRoot } from "../../lib/process/mod.ts";

const { tasks } = JSON.parse(readFileSync(projectPath("deno.json"), "utf8")) as {
  tasks: Record<string, { command: string }>;
};
/** Those that take no options. */
const WITHOUT_OPTIONS = ["test", "ok"];

for (const [name, { command }] of Object.entries(tasks).filter(([name]) => !WITHOUT_OPTIONS.includes(name))) {
  Deno.test(`deno task ${name} --help says what the task does, and its options`, async () => {
    const module = command.split(" ").at(-1)!;
    const { stdout } = await promisify(execFile)(process.execPath, ["run", "-A", "--no-check", module, "--help"], {
      cwd: projectRoot(),
    });
    assert.match(stdout, new RegExp(`deno task ${name}\\b`));
    if (name !== "doctor") assert.match(stdout, /--\w/);
  });
}
