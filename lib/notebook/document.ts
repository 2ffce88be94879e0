// A notebook file: reading, checking and serializing nbformat 4.

import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { z } from "zod";
import { kernelOf } from "./kernels.ts";

const multilineSchema = z.union([z.string(), z.array(z.string())]);

const cellSchema = z.looseObject({
  cell_type: z.enum(["code", "markdown", "raw"]),
  id: z.string().optional(),
  metadata: z.record(z.string(), z.unknown()).default({}),
  source: multilineSchema,
  outputs: z.array(z.unknown()).optional(),
  execution_count: z.number().nullable().optional(),
});

const notebookSchema = z.looseObject({
  nbformat: z.literal(4),
  nbformat_minor: z.number().int(),
  metadata: z.record(z.string(), z.unknown()),
  cells: z.array(cellSchema),
});

/** A notebook of nbformat 4 as it stands in its file. */
export type NotebookDocument = z.infer<typeof notebookSchema>;
/** One cell of a {@link NotebookDocument}. */
export type NotebookCell = z.infer<typeof cellSchema>;

/** A code cell's source and its place: `number` counts code cells from 1, as "Run All" numbers them. */
export interface CodeCell {
  number: number;
  /** Position among all cells of the file, from 0. */
  index: number;
  source: string;
}

/**
 * Parses the text of an `.ipynb` file.
 *
 * @throws {TypeError} when the text is not JSON or not nbformat 4, naming the offending field, or for a kernel that is not of this project
 */
export function parseNotebook(text: string, path = "notebook"): NotebookDocument {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new TypeError(`Cannot read ${path}: it is not JSON (${(error as Error).message})`);
  }
  const version = (json as { nbformat?: unknown } | null)?.nbformat;
  if (version !== 4) {
    throw new TypeError(`Cannot read ${path}: expected nbformat 4, got ${JSON.stringify(version) ?? "none"}`);
  }
  const parsed = notebookSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new TypeError(`Cannot read ${path}: ${issue.path.join(".")}: ${issue.message}`);
  }
  kernelOf(parsed.data.metadata, path);
  return parsed.data;
}

/** Reads and checks the notebook at `path`; see {@link parseNotebook}. */
export function readNotebook(path: string): NotebookDocument {
  return parseNotebook(readFileSync(path, "utf8"), basename(path));
}

/** The file name of a notebook without folder and ending: also the name of its report. */
export function notebookName(path: string): string {
  return basename(path, extname(path));
}

/** A cell's source as one string with `\n` line ends. */
export function cellSource(cell: { source: string | string[] }): string {
  const text = typeof cell.source === "string" ? cell.source : cell.source.join("");
  return text.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
}

/** The notebook's code cells in order, numbered as a kernel numbers them: blank ones are not run and get no number. */
export function codeCells(notebook: NotebookDocument): CodeCell[] {
  const cells: CodeCell[] = [];
  let number = 0;
  notebook.cells.forEach((cell, index) => {
    if (cell.cell_type !== "code") return;
    const source = cellSource(cell);
    if (source.trim() === "") return;
    number++;
    cells.push({ number, index, source });
  });
  return cells;
}

/** nbformat's usual way to store text: an array with one entry per line, each but the last ending in `\n`. */
export function toLines(text: string): string[] {
  return text === "" ? [] : text.split(/(?<=\n)/);
}

/** The text of an `.ipynb` file as Jupyter writes it: one space of indentation and a final newline. */
export function formatNotebook(notebook: NotebookDocument): string {
  return JSON.stringify(notebook, null, 1) + "\n";
}
