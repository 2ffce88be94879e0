// Pages for newcomers: the tasks that they name exist, and an issue asks for what `deno task doctor` prints.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { projectPath } from "lib/process/mod.ts";

const { tasks } = JSON.parse(readFileSync(projectPath("deno.json"), "utf8")) as { tasks: Record<string, unknown> };
const templates = readdirSync(projectPath(".github", "ISSUE_TEMPLATE")).map((name) => `.github/ISSUE_TEMPLATE/${name}`);
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "docs/tutorial.md",
  "docs/benchmarks.md",
  "docs/language-models.md",
  ".github/pull_request_template.md",
  "notebooks/README.md",
  "notebooks/tslab-quickstart.ipynb",
  ...templates,
];

/** Tasks that `text` names and that there are not. */
function unknownTasks(text: string): string[] {
  const named = [...text.matchAll(/\bdeno task ([a-z][\w:-]*)/g)].map(([, name]) => name);
  return [...new Set(named)].filter((name) => !Object.hasOwn(tasks, name));
}

Deno.test("unknownTasks finds tasks that do not exist", () => {
  assert.deepEqual(unknownTasks("run `deno task ok`, npx deno task bench:train or deno task repot 02"), ["repot"]);
});

for (const page of pages) {
  Deno.test(`${page} names tasks that exist`, () => {
    assert.deepEqual(unknownTasks(readFileSync(projectPath(page), "utf8")), []);
  });
}

Deno.test("issues about problems and numbers ask for the doctor's block, under the words that the doctor prints", () => {
  const doctor = readFileSync(projectPath("lib", "cli", "doctor.ts"), "utf8");
  assert.match(doctor, /For a bug report/);
  const asking = templates.filter((path) =>
    /deno task doctor[\s\S]*"For a bug report"/.test(readFileSync(projectPath(path), "utf8"))
  );
  assert.deepEqual(asking.sort(), [".github/ISSUE_TEMPLATE/number.yml", ".github/ISSUE_TEMPLATE/problem.yml"]);
});

Deno.test("there is a page for everyone who comes: changelog, contributing, tutorial", () => {
  for (const page of ["CHANGELOG.md", "CONTRIBUTING.md", "docs/tutorial.md"]) {
    assert.ok(existsSync(projectPath(page)), page);
  }
});
