import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunIdentity } from "lib/record/mod.ts";
import { identityChanges } from "lib/notebook/mod.ts";
import { mayReference, referencesOf } from "lib/notebook/references.ts";

Deno.test("a pattern in a notebook's code stands for all files that it means, its own report's aside", () => {
  const root = mkdtempSync(join(tmpdir(), "references-"));
  const files = ["reports/01-a/results.json", "reports/machines/m4/01-a/results.json"];
  const others = ["reports/00-b/results.json", "reports/machines/m4/00-b/results.json", "reports/01-a/document.json"];
  try {
    for (const file of [...files, ...others, "reports/.hidden/results.json"]) {
      mkdirSync(join(root, file, ".."), { recursive: true });
      writeFileSync(join(root, file), "{}");
    }
    const context = { root, datasets: [], notebook: "00-b" };
    const source = 'const sources = readAllResults("reports/**/results.json");';
    assert.ok(mayReference(source, context));
    assert.deepEqual(referencesOf(join(root, "cells.ts"), source, context).data, files);
    const dropped = 'f("reports/machines/**/*.json")';
    assert.deepEqual(referencesOf(join(root, "cells.ts"), dropped, context).data, [files[1]]);
    const comment = "// reads reports/**/results.json\nconst x = `reports/**/results.json`;";
    assert.deepEqual(referencesOf(join(root, "cells.ts"), comment, context).data, []);
    assert.deepEqual(referencesOf(join(root, "cells.ts"), 'f("gone/**/results.json")', context).data, []);
  } finally {
    rmSync(root, { recursive: true });
  }
});

Deno.test("results of other reports make a report stale when they change, come or go; data sets that are only there do not", () => {
  const identity = (data: Record<string, string>): RunIdentity => ({
    notebook: "a",
    modules: {},
    lockfile: "b",
    parameters: "c",
    data,
    scale: "quick",
    machine: "m",
  });
  const changes = (stored: Record<string, string>, current: Record<string, string>) =>
    identityChanges(identity(stored), identity(current));
  const [one, two] = ["reports/01-a/results.json", "reports/02-b/results.json"];
  assert.deepEqual(changes({ [one]: "1", [two]: "2" }, { [one]: "1", [two]: "2" }), []);
  assert.deepEqual(changes({ [one]: "1" }, { [one]: "9" }), [`${one} changed`]);
  assert.deepEqual(changes({ [one]: "1" }, { [one]: "1", [two]: "2" }), [`${two} is new`]);
  assert.deepEqual(changes({ [one]: "1", [two]: "2" }, { [one]: "1" }), [`${two} is no longer used`]);
  assert.deepEqual(changes({ wordnet: "1" }, { kjv: "2" }), []);
  assert.deepEqual(changes({ wordnet: "1" }, { wordnet: "2" }), ["data wordnet changed"]);
});
