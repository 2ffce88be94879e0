// deno task new: starting points that already pass `deno task ok`, a notebook with its report or a model with its test.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { formatNotebook, notebookName } from "../notebook/mod.ts";
import { denoExecutable, projectPath, projectRoot, startChild, writeFileAtomic } from "../process/mod.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { modelNames, modelTestText, modelText } from "./new/model_template.ts";
import { notebookTemplate } from "./new/notebook_template.ts";
import { listNotebooks } from "./notebooks.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

const USAGE = `deno task new notebook NAME [--title TEXT]
deno task new model NAME

  notebook  notebooks/NN-NAME.ipynb with the next free number: a model, a sweep and a report to change
  model     lib/models/NAME.ts with its parameter count as a formula, and tests/models/NAME_test.ts
  --title   title of the notebook and its report`;
const MAX_NAME = 40;
const MAX_TITLE = 80;

/** What is made: paths from the project, and their texts. */
type NewFiles = Readonly<Record<string, string>>;

/**
 * Runs `deno task new` in the project at `root`.
 *
 * @throws {CommandError} for a name that a file cannot have, or that is taken
 */
export async function newMain(args: string[], terminal: Terminal, root: string = projectRoot()): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    title: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) {
    terminal.line(USAGE);
    return 0;
  }
  const [kind, name, ...more] = positionals;
  if ((kind !== "notebook" && kind !== "model") || name === undefined || more.length > 0) {
    const got = positionals.length === 0 ? "nothing" : positionals.join(" ");
    throw new CommandError(`Cannot make anything new: expected notebook NAME or model NAME, got ${got}:\n${USAGE}`);
  }
  if (kind === "model" && values.title !== undefined) throw new CommandError("--title goes with notebook");
  const made = kind === "notebook" ? newNotebook(name, { title: values.title, root }) : await newModel(name, root);
  for (const [path, text] of Object.entries(made)) await writeFileAtomic(join(root, path), text);
  const [first, second] = Object.keys(made);
  terminal.line(`Made ${[first, second].filter(Boolean).join(" and ")}`);
  terminal.line(
    kind === "notebook"
      ? `Make its report: deno task report ${notebookName(first)} --scale smoke`
      : `Test it: deno task test ${first}; use it: import from "${first}"`,
  );
  return 0;
}

function newNotebook(asked: string, { title, root }: { title?: string; root: string }): NewFiles {
  const [, number, subject] = /^(?:(\d\d)-)?([a-z][a-z0-9]*(?:-[a-z0-9]+)*)$/.exec(asked) ?? [];
  if (subject === undefined || asked.length > MAX_NAME) {
    throw badName("notebook", asked, "lower-case words joined by hyphens, such as how-deep or 07-how-deep");
  }
  if (title !== undefined && (title.trim() === "" || title.length > MAX_TITLE || /[\r\n]/.test(title))) {
    throw new CommandError(`Cannot make a notebook: expected a title of one line, up to ${MAX_TITLE} characters`);
  }
  const names = listNotebooks(join(root, "notebooks")).map((path) => notebookName(path));
  const taken = names.find((name) =>
    name === subject || name.replace(/^\d\d-/, "") === subject || (number && name.startsWith(`${number}-`))
  );
  if (taken !== undefined) {
    throw new CommandError(`Cannot make notebook "${asked}": notebooks/${taken}.ipynb is there; choose another name`);
  }
  const name = `${number ?? nextNumber(names)}-${subject}`;
  const words = subject.replaceAll("-", " ");
  const notebook = notebookTemplate({ name, title: title?.trim() ?? words[0].toUpperCase() + words.slice(1) });
  return { [`notebooks/${name}.ipynb`]: formatNotebook(notebook) };
}

function nextNumber(names: readonly string[]): string {
  const last = Math.max(0, ...names.map((name) => Number(/^(\d\d)-/.exec(name)?.[1] ?? 0)));
  if (last >= 99) {
    throw new CommandError("Cannot number the notebook: 99 is taken; give a free number, such as 42-NAME");
  }
  return String(last + 1).padStart(2, "0");
}

async function newModel(asked: string, root: string): Promise<NewFiles> {
  if (!/^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/.test(asked) || asked.length > MAX_NAME) {
    throw badName("model", asked, "lower-case words joined by underscores, such as wide_student");
  }
  const names = modelNames(asked);
  const path = `lib/models/${names.file}.ts`;
  const testPath = `tests/models/${names.file}_test.ts`;
  const folder = join(root, "lib", "models");
  const isFolder = existsSync(folder) && readdirSync(folder).includes(names.file);
  const taken = isFolder ? `lib/models/${names.file}/` : [path, testPath].find((file) => existsSync(join(root, file)));
  if (taken !== undefined) {
    throw new CommandError(`Cannot make model "${asked}": ${taken} is there; choose another name`);
  }
  return { [path]: await formatted(modelText(names)), [testPath]: await formatted(modelTestText(names)) };
}

function badName(kind: string, got: string, expected: string): CommandError {
  return new CommandError(
    `Cannot make a ${kind}: expected a name of ${expected} (up to ${MAX_NAME} characters), got "${got}"`,
  );
}

/** How a line breaks depends on the length of the name: the formatter decides. */
async function formatted(text: string): Promise<string> {
  const { exitCode, stdout, stderrTail } = await startChild({
    command: denoExecutable(),
    args: ["fmt", "--quiet", "--config", projectPath("deno.json"), "--ext", "ts", "-"],
    input: text,
    deadlineMs: 60_000,
  }).result;
  if (exitCode !== 0) throw new Error(`Cannot format the new model: ${stderrTail}`);
  return stdout;
}

if (import.meta.main) await runCommand((args) => newMain(args, ownTerminal()));
