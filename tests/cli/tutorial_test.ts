// docs/tutorial.md, walked in a fresh copy of the project: every command is run and every file is written, in the order of the page. The
// copy's packages are linked: the install that the first command begins with is walked by .ci/run, on its own clone.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { projectPath, startChild } from "../../lib/process/mod.ts";
import { type FreshCopy, withFreshCopy } from "../notebook/fresh_copy.ts";

/** A fenced block of a page: commands, a file with its text, or a cell. */
type Step = { kind: "commands"; script: string } | { kind: "file"; path: string; text: string } | {
  kind: "cell";
  source: string;
};

/** The blocks of a Markdown page. A block of code says in its first line which file it is: `// path`, or that it is a cell. */
function stepsOf(page: string): Step[] {
  return [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => {
    if (language === "sh") return { kind: "commands", script: text };
    const [first, ...rest] = text.split("\n");
    if (/^(ts|js)$/.test(language) && first === "// in a cell") return { kind: "cell", source: rest.join("\n") };
    const [, path] = /^\/\/ ([\w./-]+\.\w+)$/.exec(first) ?? [];
    assert.ok(path && /^(ts|js)$/.test(language), `a block is neither commands nor a file: ${first}`);
    return { kind: "file", path, text: rest.join("\n") };
  });
}

async function walk(step: Step, { folder, shell, deno }: FreshCopy): Promise<void> {
  if (step.kind === "file") {
    mkdirSync(dirname(join(folder, step.path)), { recursive: true });
    return writeFileSync(join(folder, step.path), step.text);
  }
  const { exitCode, stdout, stderrTail } = step.kind === "commands"
    ? await shell(step.script)
    : await deno(["run", "-A", "--check", "-"], { input: step.source });
  const what = step.kind === "commands" ? step.script : step.source;
  assert.equal(exitCode, 0, `${what}\n${stdout}\n${stderrTail}`);
}

Deno.test("stepsOf takes commands, files and cells out of a page, and refuses a block of unknown use", () => {
  const fence = "```";
  const page =
    `${fence}sh\na\nb\n${fence}\ntext\n${fence}ts\n// x/y.ts\n1;\n${fence}\n${fence}ts\n// in a cell\n2;\n${fence}\n`;
  assert.deepEqual(stepsOf(page), [
    { kind: "commands", script: "a\nb\n" },
    { kind: "file", path: "x/y.ts", text: "1;\n" },
    { kind: "cell", source: "2;\n" },
  ]);
  assert.throws(() => stepsOf(`${fence}ts\nconst a = 1;\n${fence}\n`), /neither commands nor a file: const a/);
});

Deno.test("CI installs its clone's packages by the tutorial's first command, before anything else needs them", async () => {
  const run = readFileSync(projectPath(".ci", "run"), "utf8");
  const [, found] = /^first_command=\$\((.*)\)$/m.exec(run)!;
  const { stdout } = await startChild({ command: "bash", args: ["-c", found], cwd: projectPath(), deadlineMs: 30_000 })
    .result;
  const [first] = stepsOf(readFileSync(projectPath("docs", "tutorial.md"), "utf8"));
  assert.deepEqual(first, { kind: "commands", script: stdout });
  const uses = run.split("\n").filter((line) => /^stage .*(bootstrap\.mjs|npm|run_tests|\$first_command)/.test(line));
  assert.match(uses[0], /bash -c "\$first_command"$/);
});

Deno.test("the tutorial works in a fresh copy, and what it makes passes the checks of a commit", async (t) => {
  const steps = stepsOf(readFileSync(projectPath("docs", "tutorial.md"), "utf8"));
  assert.ok(steps.filter(({ kind }) => kind === "commands").length >= 8, "the page was not read");
  await withFreshCopy(async (copy) => {
    const { folder, deno } = copy;
    for (const step of steps) {
      const title = step.kind === "commands" ? step.script.trim() : step.kind === "file" ? step.path : "a cell";
      if (!await t.step(title, () => walk(step, copy))) return;
    }
    await t.step("it left a report, rows of every trial, and a model", () => {
      const report = readFileSync(
        join(folder, ".cache/reports/20-my-letters", reportVariant(folder), "report.md"),
        "utf8",
      );
      assert.match(report, /^# How few values hold the letters\?/);
      assert.match(report, /vectors of `letters`/);
      const [header, ...rows] = readFileSync(join(folder, "rows.csv"), "utf8").trimEnd().split("\n");
      assert.match(header, /^hiddenDim,learningRate,seed,validation\./);
      assert.equal(rows.length, 8);
      assert.ok(existsSync(join(folder, "letters.onnx")));
    });
    await t.step("its model and notebook are formatted, linted and type-checked", async () => {
      const files = ["lib/models/residual_student.ts", "tests/models/residual_student_test.ts", "my_study.ts"];
      for (const args of [["fmt", "--check"], ["lint"], ["check"]]) {
        const { exitCode, stdout, stderrTail } = await deno([...args, ...files]);
        assert.equal(exitCode, 0, `${args}: ${stdout}${stderrTail}`);
      }
      const tests = ["tests/structure/notebooks_test.ts", "tests/structure/documentation_test.ts"];
      const filter = "--filter=/20-my-letters|every model|everything that a room/";
      const { exitCode, stdout, stderrTail } = await deno(["test", "-A", "--no-check", filter, ...tests]);
      assert.equal(exitCode, 0, `${stdout}${stderrTail}`);
      // The types of its cells were checked when its report was made.
      assert.match(stdout, /notebook 20-my-letters\.ipynb has no outputs.* \.\.\. .*ok/);
    });
  });
});

/** The folder of the one report that was made aside. */
function reportVariant(folder: string): string {
  const [variant] = [...Deno.readDirSync(join(folder, ".cache/reports/20-my-letters"))].map(({ name }) => name);
  return variant;
}
