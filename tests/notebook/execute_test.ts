import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { executeNotebook, type ExecuteOptions, NotebookError, type NotebookFailure } from "../../lib/notebook/mod.ts";
import { withFolder, writeNotebook } from "./notebooks.ts";

type Output = { output_type: string; name?: string; text?: string[]; data?: Record<string, unknown>; evalue?: string };

async function run(cells: string[], options: Partial<ExecuteOptions> = {}): Promise<Output[][]> {
  return await withFolder(async (folder) => {
    const executedPath = join(folder, "out", "executed.ipynb");
    await executeNotebook(writeNotebook(folder, "demo", cells), { executedPath, noCheck: true, ...options });
    assert.deepEqual(readdirSync(folder).sort(), ["demo.ipynb", "out"]);
    return JSON.parse(readFileSync(executedPath, "utf8")).cells.map((cell: { outputs: Output[] }) => cell.outputs);
  });
}

async function failureOf(
  cells: string[],
  { files = {}, ...options }: Partial<ExecuteOptions> & { files?: Record<string, string> } = {},
): Promise<NotebookFailure> {
  return await withFolder(async (folder) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const path = writeNotebook(folder, "demo", cells);
    const executedPath = join(folder, "executed.ipynb");
    try {
      await executeNotebook(path, { executedPath, noCheck: true, deadlineMs: 30_000, ...options });
    } catch (error) {
      assert.ok(error instanceof NotebookError, String(error));
      assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith(".run-")), []);
      return error.failures[0];
    }
    throw new Error("expected a failure");
  });
}

function assertPlace(failure: NotebookFailure, cell: number | null, line: number | null, message: RegExp): void {
  assert.match(failure.message, message);
  assert.deepEqual([failure.notebook, failure.cell, failure.line], ["demo.ipynb", cell, line], failure.message);
}

Deno.test("executeNotebook keeps printed text, displays and values in the order they came", async () => {
  const [first, second, third] = await run([
    'console.log("a");\nconsole.error("b");\nconsole.log("c");\nawait Deno.jupyter.display(Deno.jupyter.md`**d**`);\n1 + 1 // value',
    "Deno.jupyter.html`<b>e</b>`;",
    "const silent = undefined;\nsilent",
  ]);
  assert.deepEqual(first.map((output) => output.name ?? output.output_type), [
    "stdout",
    "stderr",
    "stdout",
    "display_data",
    "execute_result",
  ]);
  assert.deepEqual(first.slice(0, 3).map((output) => output.text), [["a\n"], ["b\n"], ["c\n"]]);
  assert.deepEqual(first[3].data, { "text/markdown": "**d**" });
  assert.deepEqual(first[4].data, { "text/plain": "2" });
  assert.deepEqual(second[0].data, { "text/html": "<b>e</b>" });
  assert.deepEqual(third, []);
});

Deno.test("executeNotebook puts an updated display where it was first shown", async () => {
  const [first, second] = await run([
    'await Deno.jupyter.display({ "text/plain": "one" }, { raw: true, display_id: "d" });',
    'await Deno.jupyter.display({ "text/plain": "two" }, { raw: true, display_id: "d", update: true });',
  ]);
  assert.deepEqual(first[0].data, { "text/plain": "two" });
  assert.deepEqual(second, []);
});

Deno.test("executeNotebook does not take a cell's own text for an event", async () => {
  const [first] = await run(['console.log("\\x1e{\\"type\\":\\"done\\"}");\nconsole.log("x".repeat(200_000).length);']);
  assert.equal(first[0].text?.join(""), '\x1e{"type":"done"}\n200000\n');
});

Deno.test("executeNotebook runs in the notebook's folder and imports from lib", async () => {
  const [first] = await run([
    'import { sha256Hex } from "lib/process/mod.ts";\nimport { basename } from "node:path";\n' +
    '[sha256Hex("abc").slice(0, 4), basename(Deno.cwd()).startsWith("notebook-test-")]',
  ]);
  assert.deepEqual(first[0].data, { "text/plain": "[ 'ba78', true ]" });
});

Deno.test("executeNotebook names the cell and line that throw", async () => {
  const failure = await failureOf([
    "const a = 1;",
    "// comment\nconst b = 2;\n(a + b > 2) && (() => { throw new RangeError('too big'); })();",
  ]);
  assertPlace(failure, 2, 3, /^RangeError: too big$/);
});

Deno.test("executeNotebook names the calling line when a function of an earlier cell throws", async () => {
  const failure = await failureOf(["function f() {\n  throw new Error('deep');\n}", "1;\nf();"]);
  assertPlace(failure, 2, 2, /deep/);
  assert.deepEqual(failure.stack, ["at cell 1, line 2"]);
});

Deno.test("executeNotebook names the line in the library below a failing cell", async () => {
  const failure = await failureOf(
    ['import { f } from "./helper.ts";', "const x = 1;\nawait f(x);"],
    {
      files: {
        "helper.ts": "export async function f(x: number) {\n  await 0;\n  throw new TypeError(`no ${x}`);\n}\n",
      },
    },
  );
  assertPlace(failure, 2, 2, /^TypeError: no 1$/);
  assert.match(failure.stack[0], /helper\.ts:3/);
});

Deno.test("executeNotebook tells a model's shape error without the generated file, and lines in its midst as cell and line", async () => {
  const cells = [
    'import { add, graph, input, originOf, sign } from "lib/graph/mod.ts";\nconst x = input("x", "float32", ["batch", 4]);',
    "const y = sign(x);\nthrow new Error(`node Sign_0 (at ${originOf(y.source as never)}) is refused`);",
    'const w = input("w", "float32", [3]);\nadd(x, w);',
  ];
  assertPlace(await failureOf(cells.slice(0, 2)), 2, 2, /^Error: node Sign_0 \(at cell 2, line 1\) is refused$/);
  assertPlace(
    await failureOf([cells[0], cells[2]]),
    2,
    2,
    /^TypeError: Cannot add: expected shapes that broadcast, got \[batch, 4\] and \[3\]$/,
  );
});

Deno.test("executeNotebook tells causes and values that are no errors", async () => {
  assertPlace(
    await failureOf(['throw new Error("a", { cause: new RangeError("b") });']),
    1,
    1,
    /Error: a; caused by RangeError: b/,
  );
  assertPlace(await failureOf(['1;\nthrow "text";']), 1, 2, /Thrown value: "text"/);
});

Deno.test("executeNotebook refuses a syntax error before anything runs", async () => {
  assertPlace(await failureOf(["const a = 1;", "const b = 2;\nconst = 3;"]), 2, 2, /^Syntax error/);
});

Deno.test("executeNotebook names a syntax error in an imported file", async () => {
  const failure = await failureOf(['import { f } from "./helper.ts";'], {
    files: { "helper.ts": "\nexport const f = ;\n" },
  });
  assert.match(failure.message, /could not be parsed|Expression expected/);
  assert.match(failure.stack.join(), /helper\.ts:2/);
});

Deno.test("executeNotebook names the import of a missing export and of a missing file", async () => {
  const files = { "helper.ts": "export const f = 1;\n" };
  assertPlace(await failureOf(["1;", '\nimport { g } from "./helper.ts";\ng;'], { files }), 2, 2, /export named 'g'/);
  assertPlace(
    await failureOf(["1;", '\nimport { g } from "./none.ts";\ng;']),
    2,
    2,
    /Module not found|Cannot find module/,
  );
});

Deno.test("executeNotebook fails on an unhandled rejection", async () => {
  const failure = await failureOf([
    "async function f() {\n  await 0;\n  throw new Error('lost');\n}\nf();\nawait new Promise((r) => setTimeout(r, 50));",
  ]);
  assertPlace(failure, 1, 3, /^Unhandled rejection: Error: lost$/);
});

Deno.test("executeNotebook fails on a throw in a timer, also after the last cell", async () => {
  const failure = await failureOf(["1;\nsetTimeout(() => {\n  throw new Error('late');\n}, 30);"]);
  assertPlace(failure, 1, 3, /^In a callback: Error: late$/);
});

Deno.test("executeNotebook fails when a cell exits, whatever the code", async () => {
  assertPlace(await failureOf(["1;\nDeno.exit(0);", "2;"]), 1, 2, /Deno\.exit\(0\) ended the notebook/);
  assertPlace(await failureOf(['import process from "node:process";\nprocess.exit(3);']), 1, 2, /Deno\.exit\(3\)/);
});

Deno.test("executeNotebook names the line under way when the process is killed", async () => {
  const failure = await failureOf(["const a = 1;\nDeno.kill(Deno.pid, 'SIGKILL');\nawait new Promise(() => {});"]);
  assertPlace(failure, 1, 2, /killed by SIGKILL/);
});

Deno.test("executeNotebook ends an endless loop at its deadline and names its line", async () => {
  assertPlace(
    await failureOf(["1;", "let n = 0;\nwhile (true) n++;"], { deadlineMs: 1500 }),
    2,
    2,
    /Did not finish within 1\.5 s/,
  );
});

Deno.test("executeNotebook names an await that never settles", async () => {
  assertPlace(await failureOf(["1;\n2;\nawait new Promise(() => {});"]), 1, 3, /never settles/);
});

Deno.test("executeNotebook stops a notebook and its children when aborted", async () => {
  await withFolder(async (folder) => {
    const path = writeNotebook(folder, "demo", [
      'const child = new Deno.Command("sleep", { args: ["60"] }).spawn();\nconsole.log(child.pid);\nawait child.status;',
    ]);
    const controller = new AbortController();
    let pid = 0;
    const onText = (text: string) => {
      pid = Number(text);
      controller.abort(new Error("stop"));
    };
    const running = executeNotebook(path, {
      executedPath: join(folder, "e.ipynb"),
      noCheck: true,
      signal: controller.signal,
      onText,
    });
    await assert.rejects(running, /stop/);
    assert.ok(pid > 0);
    // Gone, or dead and not yet collected by whoever inherited it.
    const { stdout } = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)] }).output();
    assert.match(new TextDecoder().decode(stdout).trim(), /^(Z.*)?$/);
    assert.deepEqual(readdirSync(folder).sort(), ["demo.ipynb", "e.ipynb"]);
  });
});

Deno.test("executeNotebook maps type errors to cell and line and runs nothing", async () => {
  const marker = "ran.txt";
  await withFolder(async (folder) => {
    const path = writeNotebook(folder, "demo", [
      `Deno.writeTextFileSync("${marker}", "x");`,
      'const a: number = 1;\nconst b: number = "two";\na + b',
      "noSuchName;",
    ]);
    const running = executeNotebook(path, { executedPath: join(folder, "e.ipynb") });
    await assert.rejects(running, (error: NotebookError) => {
      assertPlace(error.failures[0], 2, 2, /Type error TS2322: Type 'string' is not assignable to type 'number'\.$/);
      assertPlace(error.failures[1], 3, 1, /Type error TS\d+: Cannot find name 'noSuchName'/);
      return error.failures.length === 2;
    });
    assert.deepEqual(readdirSync(folder).includes(marker), false);
  });
});

Deno.test("executeNotebook runs two copies in one folder at once", async () => {
  await withFolder(async (folder) => {
    const path = writeNotebook(folder, "demo", ["await new Promise((r) => setTimeout(r, 200));\n7"]);
    await Promise.all(
      [1, 2].map((i) => executeNotebook(path, { executedPath: join(folder, `${i}.ipynb`), noCheck: true })),
    );
    for (const i of [1, 2]) assert.match(readFileSync(join(folder, `${i}.ipynb`), "utf8"), /"7"/);
  });
});
