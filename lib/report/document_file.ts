// document.json: what a report consists of beside its records, which are in results.json. Together they are the document, which can so be
// rendered again wherever the report is, without running its notebook or reading its Markdown.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sha256Hex } from "../process/mod.ts";
import { parseResults } from "../record/mod.ts";
import type { Block, ReportDocument } from "./document.ts";

interface DocumentFile {
  /** SHA-256 of the results.json that belongs to it. */
  results: string;
  rerun: string;
  blocks: Block[];
  recordCells?: (number | null)[];
}

/** The text of a document's document.json, one block a line; `results`: the text of its results.json. */
export function documentJson({ rerun, blocks, recordCells }: ReportDocument, results: string): string {
  const lines = blocks.map((block) => `    ${JSON.stringify(block)}`).join(",\n");
  const head = `{\n  "results": "${sha256Hex(results)}",\n  "rerun": ${JSON.stringify(rerun)},\n`;
  const cells = recordCells === undefined ? "" : `,\n  "recordCells": ${JSON.stringify(recordCells)}`;
  return `${head}  "blocks": [${lines === "" ? "" : `\n${lines}\n  `}]${cells}\n}\n`;
}

/**
 * Reads the document that `writeReport` left in a report's folder, for rendering it again without running its notebook.
 *
 * @throws {Error} when there is none, it is not one of this version, or its results.json is another one's
 * @throws {TypeError | RangeError} naming the field of results.json that the record schema refuses
 */
export function readDocument(folder: string): ReportDocument {
  const path = join(folder, "document.json");
  const again = "run the report's notebook again";
  if (!existsSync(path)) throw new Error(`Cannot read document.json: expected one in ${folder}, got none; ${again}`);
  const { results, rerun, blocks, recordCells } = JSON.parse(readFileSync(path, "utf8")) as Partial<DocumentFile>;
  if (!Array.isArray(blocks) || typeof rerun !== "string" || typeof results !== "string") {
    throw new Error(`Cannot read ${path}: expected a report document with blocks; ${again}`);
  }
  const text = readFileSync(join(folder, "results.json"), "utf8");
  const { report: name, schemaVersion: _, ...rest } = parseResults(text);
  if (sha256Hex(text) !== results) {
    throw new Error(
      `Cannot read ${path}: expected results.json to be the one it was written with, got another; ${again}`,
    );
  }
  return { name, ...rest, rerun, blocks, ...(Array.isArray(recordCells) && { recordCells }) };
}
