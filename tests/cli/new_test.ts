import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newMain } from "../../lib/cli/mod.ts";
import { codeCells, KERNELS, parseNotebook, stripNotebook } from "../../lib/notebook/mod.ts";
import { withFreshCopy } from "../notebook/fresh_copy.ts";
import { withFolder, writeNotebook } from "../notebook/notebooks.ts";

/** An empty project with some notebooks and models. */
async function withProject(
  use: (run: (...args: string[]) => Promise<string>, folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    for (const path of ["notebooks", "lib/models/lfm2", "tests/models"]) {
      mkdirSync(join(folder, path), { recursive: true });
    }
    for (const name of ["01-first", "06-explore-sweep"]) writeNotebook(join(folder, "notebooks"), name, ["1"]);
    writeFileSync(join(folder, "lib/models/lnsp.ts"), "");
    await use(async (...args) => {
      const lines: string[] = [];
      await newMain(args, { line: (text) => lines.push(text), live: () => {} }, folder);
      return lines.join("\n");
    }, folder);
  });
}

Deno.test("new notebook takes the next free number, and its notebook is stripped and of this kernel", () =>
  withProject(async (run, folder) => {
    const told = await run("notebook", "how-deep", "--title", 'Is "deep" better?');
    assert.match(
      told,
      /^Made notebooks\/07-how-deep\.ipynb\nMake its report: deno task report 07-how-deep --scale smoke$/,
    );
    const notebook = parseNotebook(readFileSync(join(folder, "notebooks/07-how-deep.ipynb"), "utf8"));
    assert.deepEqual(stripNotebook(notebook), notebook);
    assert.deepEqual(notebook.metadata.kernelspec, { ...KERNELS.deno });
    assert.match([notebook.cells[0].source].flat().join(""), /^# Is "deep" better\?\n\n\S/);
    const sources = codeCells(notebook).map(({ source }) => source).join("\n");
    assert.match(sources, /name: "07-how-deep"/);
    assert.match(sources, /title: "Is \\"deep\\" better\?"/);
    assert.match(await run("notebook", "42-other"), /notebooks\/42-other\.ipynb/);
    assert.match(await run("notebook", "third"), /notebooks\/43-third\.ipynb/);
  }));

Deno.test("new refuses names that files cannot have or that are taken, and says what it expected", () =>
  withProject(async (run, folder) => {
    const listed = () => readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
    const before = listed();
    const refusals: [string[], RegExp][] = [
      [[], /Cannot make anything new: expected notebook NAME or model NAME, got nothing/],
      [["sweep", "x"], /expected notebook NAME or model NAME, got sweep x/],
      [["model", "a", "b"], /got model a b/],
      [
        ["notebook", "How Deep"],
        /Cannot make a notebook: expected a name of lower-case words joined by hyphens.*got "How Deep"/,
      ],
      [["notebook", "../out"], /got "\.\.\/out"/],
      [["notebook", "7-x"], /got "7-x"/],
      [["notebook", "x".repeat(41)], /up to 40 characters/],
      [["notebook", "explore-sweep"], /notebooks\/06-explore-sweep\.ipynb is there; choose another name/],
      [["notebook", "06-other"], /notebooks\/06-explore-sweep\.ipynb is there/],
      [["notebook", "x", "--title", "a\nb"], /expected a title of one line/],
      [["notebook", "x", "--titel", "a"], /Unknown option '--titel'/],
      [["model", "Wide"], /Cannot make a model: expected a name of lower-case words joined by underscores.*got "Wide"/],
      [["model", "1st"], /got "1st"/],
      [["model", "lnsp"], /Cannot make model "lnsp": lib\/models\/lnsp\.ts is there/],
      [["model", "lfm2"], /lib\/models\/lfm2\/ is there/],
      [["model", "x", "--title", "a"], /--title goes with notebook/],
    ];
    for (const [args, message] of refusals) {
      await assert.rejects(
        run(...args),
        (error: Error) => error.name === "CommandError" && message.test(error.message),
        args.join(" "),
      );
    }
    writeNotebook(join(folder, "notebooks"), "99-last", ["1"]);
    await assert.rejects(run("notebook", "more"), /99 is taken; give a free number/);
    assert.deepEqual(listed(), [...before, "notebooks/99-last.ipynb"].sort());
  }));

Deno.test("a new model passes format, lint, types, its own test and doc example, whatever its name", async () => {
  await withFreshCopy(async ({ folder, deno }) => {
    const files: string[] = [];
    for (const name of ["class", "a-rather-long-name-for-a-student-2-of-3"]) {
      const lines: string[] = [];
      await newMain(["model", name], { line: (text) => lines.push(text), live: () => {} }, folder);
      const file = name.replaceAll("-", "_");
      assert.equal(lines[0], `Made lib/models/${file}.ts and tests/models/${file}_test.ts`);
      files.push(`lib/models/${file}.ts`, `tests/models/${file}_test.ts`);
    }
    assert.ok(files.every((path) => existsSync(join(folder, path))));
    for (const args of [["fmt", "--check"], ["lint"], ["test", "-A", "--doc"]]) {
      const { exitCode, stdout, stderrTail } = await deno([...args, ...files]);
      assert.equal(exitCode, 0, `${args}: ${stdout}${stderrTail}`);
    }
  }, { parts: ["lib"] });
});
