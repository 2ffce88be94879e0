// Real Jupyter kernels for the tests: a Python with nbclient, and kernels registered in a folder of the test's own.

import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { kernelDenoPath, registerKernel } from "../../lib/cli/mod.ts";
import { denoExecutable, projectPath, startChild } from "../../lib/process/mod.ts";
import { formatNotebook } from "../../lib/notebook/mod.ts";
import { notebookOf } from "./notebooks.ts";

/** An output as nbclient stored it. */
export interface StoredOutput {
  output_type: string;
  name?: string;
  text?: string | string[];
  data?: Record<string, unknown>;
  ename?: string;
  evalue?: string;
}

/** A Python that has nbclient, null when there is none: then a test is skipped, unless REQUIRE_JUPYTER is set. */
export async function jupyterPython(): Promise<string | null> {
  const candidates = [process.env.JUPYTER_PYTHON, "python3"].filter((path) => path !== undefined);
  for (const python of candidates) {
    if (python.startsWith("/") && !existsSync(python)) continue;
    try {
      const child = startChild({ command: python, args: ["-c", "import nbclient, nbformat"], deadlineMs: 30_000 });
      if ((await child.result).exitCode === 0) return python;
    } catch {
      // not on PATH
    }
  }
  return null;
}

/** What a kernel test needs; null (with the reason printed) when it has to be skipped. */
export async function kernelTools(): Promise<{ python: string; pinnedDeno: string } | null> {
  const python = await jupyterPython();
  const missing = python === null
    ? "no Python with nbclient (set JUPYTER_PYTHON)"
    : existsSync(kernelDenoPath())
    ? null
    : "the kernel's Deno is not installed (deno task kernel)";
  if (missing === null) return { python: python!, pinnedDeno: kernelDenoPath() };
  if (process.env.REQUIRE_JUPYTER) throw new Error(`REQUIRE_JUPYTER is set, but ${missing}`);
  console.log(`skipped: ${missing}`);
  return null;
}

/** Runs cells in the kernel of `deno` (by default the project's own Deno, which the guard refuses) inside the project. */
export async function runInKernel(
  cells: string[],
  { python, folder, deno = denoExecutable(), cwd = projectPath("tests", "golden", "notebook"), run }: {
    python: string;
    folder: string;
    deno?: string;
    /** Folder in which the notebook runs. */
    cwd?: string;
    /** Scale, parameters and output folder, as LATENT_LAB_RUN gives them. */
    run?: Record<string, unknown>;
  },
): Promise<StoredOutput[][]> {
  await registerKernel([join(folder, "kernels", "under-test")], deno);
  const child = startChild({
    command: python,
    args: [projectPath("tests", "notebook", "run_cells.py"), "under-test", cwd],
    env: { JUPYTER_PATH: folder, PYTHONWARNINGS: "ignore", LATENT_LAB_RUN: run && JSON.stringify(run) },
    input: formatNotebook(notebookOf(cells)),
    deadlineMs: 240_000,
  });
  const { exitCode, stdout, stderrTail } = await child.result;
  if (exitCode !== 0) throw new Error(`nbclient failed: ${stderrTail}`);
  return JSON.parse(stdout);
}

/** All text of a cell's outputs. */
export function textOf(outputs: StoredOutput[]): string {
  return outputs.map(({ text = "", evalue = "" }) => [text].flat().join("") + evalue).join("");
}
