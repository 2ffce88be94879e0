// Type-checking a notebook: `deno check` on the generated module, its errors mapped back to cell and line.

import { basename } from "node:path";
import { denoExecutable, projectPath, startChild } from "../process/mod.ts";
import { type CodeCell, codeCells, readNotebook } from "./document.ts";
import { type GeneratedModule, generateModule } from "./extract.ts";
import { NotebookError, type NotebookFailure } from "./failure.ts";
import { withGeneratedFile } from "./generated_file.ts";
import { kernelOf } from "./kernels.ts";
import { Locator } from "./locate.ts";
import { preludeUrl } from "./prelude.ts";

/**
 * Type-checks the notebook at `path` without running it.
 *
 * @throws {NotebookError} with one failure for each error
 */
export async function checkNotebook(path: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
  const notebook = readNotebook(path);
  const cells = codeCells(notebook);
  const checked = kernelOf(notebook.metadata) === "tslab" ? cells.map(asDenoImports) : cells;
  const generated = generateModule(basename(path), checked, { preludeUrl: preludeUrl() });
  await withGeneratedFile(path, generated.code, (file) => checkGenerated(path, file, generated, { signal }));
}

/** tslab knows the library's modules without their ending. */
function asDenoImports(cell: CodeCell): CodeCell {
  const source = cell.source.replace(/(\b(?:from|import)\s*\(?\s*)"(lib\/[\w./-]+)"/g, '$1"$2.ts"');
  return { ...cell, source };
}

/** Type-checks a generated module that is on disk already; see {@link checkNotebook}. */
export async function checkGenerated(
  notebookPath: string,
  generatedPath: string,
  generated: GeneratedModule,
  { signal }: { signal?: AbortSignal } = {},
): Promise<void> {
  const child = startChild({
    command: denoExecutable(),
    args: ["check", "--config", projectPath("deno.json"), generatedPath],
    signal,
    deadlineMs: 300_000,
  });
  const { exitCode, reason, stdout, stderrTail } = await child.result;
  if (reason === "aborted") throw signal?.reason ?? new Error("aborted");
  // What the configuration excludes is skipped with a warning, as if it were right.
  const isChecked = !/No matching files/i.test(stderrTail);
  if (exitCode === 0 && isChecked) return;
  const locator = new Locator(generatedPath, generated.positions);
  throw new NotebookError(checkFailures(basename(notebookPath), stderrTail || stdout, locator));
}

/** The failures that the output of `deno check` names. */
export function checkFailures(notebook: string, output: string, locator: Locator): NotebookFailure[] {
  const blocks = output.split(/\n(?=(?:TS\d+ \[ERROR\]|error): )/).map((block) => block.trim());
  const failures = blocks.filter((block) =>
    /^(TS\d+ \[ERROR\]|error): /.test(block) && !/^error: Type checking failed/.test(block)
  )
    .map((block) => failureOf(notebook, block, locator));
  if (failures.length > 0) return failures;
  return [{
    notebook,
    cell: null,
    line: null,
    message: `Type check failed: ${locator.clean(output.trim())}`,
    stack: [],
  }];
}

function failureOf(notebook: string, block: string, locator: Locator): NotebookFailure {
  const [place] = locator.frames(block);
  const position = place?.position ?? null;
  const [, code] = block.match(/^(TS\d+) /) ?? [];
  const text = messageLines(block).join(" ").replace(/^(TS\d+ \[ERROR\]|error): /, "");
  const message = locator.clean(text).replace(/\s+at (the notebook|[\w./-]+\.[a-z]+):\d+:\d+.*/, "");
  return {
    notebook,
    cell: position?.cell ?? null,
    line: position?.line ?? null,
    message: `${code ? `Type error ${code}` : "Error"}: ${message}`,
    stack: place && !position ? [place.text] : [],
  };
}

/** The lines before the code frame, which ends in a line of `~` or `^`, and before the place. */
function messageLines(block: string): string[] {
  const lines = block.split("\n");
  const place = lines.findIndex((line) => /^\s+at (file|ext|npm):/.test(line));
  const underline = lines.findIndex((line) => /^\s*[~^]+\s*$/.test(line));
  const ends = [
    place,
    underline === -1 ? -1 : underline - 1,
    lines.findIndex((line, i) => i > 0 && line.trim() === ""),
  ];
  const end = Math.min(...ends.map((index) => index > 0 ? index : Infinity), lines.length);
  return lines.slice(0, end).map((line) => line.trim());
}
