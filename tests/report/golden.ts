// Reference files under tests/golden/report. `UPDATE_GOLDEN=1 deno test -P tests/report` writes them anew.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { projectPath } from "lib/process/mod.ts";

/** Asserts that `text` equals the reference file `name`. */
export function assertGolden(name: string, text: string): void {
  const path = projectPath("tests", "golden", "report", name);
  if (process.env.UPDATE_GOLDEN === "1") {
    mkdirSync(projectPath("tests", "golden", "report"), { recursive: true });
    writeFileSync(path, text);
  }
  assert.ok(existsSync(path), `${path} is missing: run the tests once with UPDATE_GOLDEN=1`);
  assert.equal(text, readFileSync(path, "utf8"), `differs from ${name}; if that is meant, run with UPDATE_GOLDEN=1`);
}

/** A spec as JSON with numbers cut to three decimals: what a figure shows, without the noise of its last bits. */
export function normalizedSpec(spec: unknown): string {
  const cut = (_: string, value: unknown) => (typeof value === "number" ? Number(value.toFixed(3)) + 0 : value);
  return `${JSON.stringify(spec, cut, 1)}\n`;
}
