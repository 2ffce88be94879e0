import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { countLines, testArguments, testCounts } from "../../lib/cli/test.ts";
import { denoExecutable, projectPath, startChild } from "../../lib/process/mod.ts";
import { withFolder } from "../notebook/notebooks.ts";

Deno.test("testArguments takes a part of the library for its tests and doc examples", () => {
  const exists = (path: string) => ["tests/graph", "tests/notebook/strip_test.ts"].includes(path);
  const head = ["test", "-P", "--no-check", "--doc", "--ignore=tests/golden"];
  assert.deepEqual(testArguments([], exists), [...head, "tests", "lib", "README.md"]);
  assert.deepEqual(testArguments(["lib/graph", "--filter=x"], exists), [
    ...head,
    "--filter=x",
    "lib/graph",
    "tests/graph",
  ]);
  assert.deepEqual(testArguments(["lib/notebook/strip.ts"], exists), [
    ...head,
    "lib/notebook/strip.ts",
    "tests/notebook/strip_test.ts",
  ]);
  assert.deepEqual(testArguments(["tests/graph"], exists), [...head, "tests/graph"]);
  assert.deepEqual(testArguments(["lib/none"], exists), [...head, "lib/none"]);
});

Deno.test("testCounts reads the last summary, whatever the tests print, steps, filters and colours included", () => {
  const counts = (passed: number, failed: number, ignored: number) => ({ passed, failed, ignored });
  assert.deepEqual(testCounts("x ... ok\n\nok | 3 passed | 0 failed (11ms)\n\n"), counts(3, 0, 0));
  assert.deepEqual(
    testCounts("ok | 9 passed | 0 failed (1ms)\nFAILED | 914 passed (7 steps) | 4 failed (1 step) | 2 ignored (2m53s)"),
    counts(914, 4, 2),
  );
  assert.deepEqual(testCounts("ok | 0 passed | 0 failed | 3 filtered out (14ms)\n"), counts(0, 0, 0));
  assert.deepEqual(
    testCounts("\n\x1b[0m\x1b[32mok\x1b[0m | 1 passed | 0 failed \x1b[0m(7ms)\x1b[0m\n"),
    counts(1, 0, 0),
  );
  assert.equal(testCounts("error: Module not found\nwe said: ok | 1 passed | 0 failed (1ms)"), null);
});

Deno.test("countLines ends with the counts alone, and counts a runner without a summary as a failure", () => {
  assert.deepEqual(countLines({ passed: 3, failed: 1, ignored: 2 }, 1), ["2 ignored", "3 passed, 1 failed"]);
  assert.deepEqual(countLines(null, 1), ["The tests could not be run", "0 passed, 1 failed"]);
  assert.deepEqual(countLines(null, 0), []);
});

async function runTask(path: string): Promise<{ exitCode: number | null; lastLines: string[] }> {
  const child = startChild({
    command: denoExecutable(),
    args: ["run", "-A", projectPath("lib", "cli", "test.ts"), path],
  });
  const { exitCode, stdout } = await child.result;
  return { exitCode, lastLines: stdout.trimEnd().split("\n").slice(-2) };
}

Deno.test("deno task test ends with the runner's counts and its exit code", async () => {
  await withFolder(async (folder) => {
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const good = write("good_test.ts", 'Deno.test("a", () => {});\nDeno.test("b", { ignore: true }, () => {});');
    assert.deepEqual(await runTask(good), { exitCode: 0, lastLines: ["1 ignored", "1 passed, 0 failed"] });
    const bad = write("bad_test.ts", 'Deno.test("a", () => {});\nDeno.test("b", () => { throw new Error("b"); });');
    assert.deepEqual(await runTask(bad), { exitCode: 1, lastLines: ["0 ignored", "1 passed, 1 failed"] });
    const broken = write("broken_test.ts", 'import "./missing.ts";');
    assert.deepEqual(await runTask(broken), {
      exitCode: 1,
      lastLines: ["The tests could not be run", "0 passed, 1 failed"],
    });
  });
});
