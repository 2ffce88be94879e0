// Throwaway notebooks for the tests of this folder.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatNotebook, type NotebookDocument } from "../../lib/notebook/mod.ts";
import type { MachineFacts } from "../../lib/record/mod.ts";

/** A notebook document with these code cells. */
export function notebookOf(cells: string[]): NotebookDocument {
  return {
    cells: cells.map((source, i) => ({
      cell_type: "code" as const,
      id: `cell-${i}`,
      metadata: {},
      source,
      outputs: [],
      execution_count: null,
    })),
    metadata: {},
    nbformat: 4,
    nbformat_minor: 5,
  };
}

/** Writes a notebook of these code cells into `folder` and returns its path. */
export function writeNotebook(folder: string, name: string, cells: string[]): string {
  const path = join(folder, `${name}.ipynb`);
  writeFileSync(path, formatNotebook(notebookOf(cells)));
  return path;
}

/** Calls `use` with a new folder that is removed afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "notebook-test-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A made-up machine. */
export function machineNamed(id: string): MachineFacts {
  return {
    id,
    name: `Test machine ${id}`,
    chip: "test",
    arch: "x64",
    physicalCores: 2,
    performanceCores: null,
    efficiencyCores: null,
    logicalCores: 2,
    memoryBytes: 2 ** 30,
    os: "linux",
    osBuild: "test",
    versions: {},
    power: "unknown",
  };
}
