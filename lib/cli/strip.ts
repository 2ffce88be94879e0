// deno task strip: takes outputs, execution counts and front ends' metadata out of notebooks, as they are committed.

import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { relative } from "node:path";
import process from "node:process";
import { formatNotebook, parseNotebook, stripNotebook } from "../notebook/mod.ts";
import { projectRoot, writeFileAtomic } from "../process/mod.ts";
import { parseCommand, runCommand } from "./command.ts";
import { listNotebooks, selectNotebooks } from "./notebooks.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

/** Runs `deno task strip [NAMES] [--check]`: all notebooks without names; with --check nothing is written. */
export async function stripMain(args: string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseCommand(args, { check: { type: "boolean", default: false } });
  const paths = positionals.length > 0 ? selectNotebooks(positionals) : listNotebooks();
  const changed: string[] = [];
  const unreadable: string[] = [];
  for (const path of paths) {
    try {
      if (await stripFile(path, { write: !values.check })) changed.push(relative(projectRoot(), path));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      unreadable.push(error.message);
    }
  }
  unreadable.forEach((message) => terminal.line(message));
  if (values.check && changed.length > 0) {
    terminal.line(`Not stripped: ${changed.join(", ")}; run \`deno task strip\``);
    return 1;
  }
  terminal.line(
    changed.length > 0 ? `Stripped ${changed.join(", ")}` : `Nothing to strip in ${paths.length} notebooks`,
  );
  return unreadable.length > 0 ? 1 : 0;
}

/**
 * Strips the notebook at `path` and returns whether there was something to strip.
 *
 * @throws {TypeError} when the file is no notebook
 */
export async function stripFile(path: string, { write }: { write: boolean }): Promise<boolean> {
  const notebook = parseNotebook(readFileSync(path, "utf8"), relative(projectRoot(), path));
  const stripped = stripNotebook(notebook);
  // Compared as content: how the JSON is indented is the formatter's business.
  if (isDeepStrictEqual(JSON.parse(JSON.stringify(notebook)), JSON.parse(JSON.stringify(stripped)))) return false;
  if (write) await writeFileAtomic(path, formatNotebook(stripped));
  return true;
}

if (import.meta.main) {
  process.chdir(process.env.INIT_CWD ?? process.cwd());
  await runCommand((args) => stripMain(args, ownTerminal()));
}
