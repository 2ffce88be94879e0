// JupyterLab in a virtual environment of the project's own: no other Python on the machine is changed.

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { startChild } from "../../process/mod.ts";
import { takeLock } from "../bootstrap.mjs";
import { CommandError } from "../command.ts";
import type { Terminal } from "../terminal.ts";

/** The version that the figures' extension and the test of the notebooks in a browser are written for. */
export const JUPYTERLAB_VERSION = "4.6.6";
const LEAST_PYTHON = [3, 10];
const PIP_DEADLINE_MS = 15 * 60_000;
const STAMP = "latent-lab-installed";

/** A Python that can make virtual environments. */
export interface FoundPython {
  command: string;
  version: string;
}

/** The first of `candidates` that is Python 3.10 or newer with venv and pip; null when none is. */
export async function findPython(candidates: readonly string[]): Promise<FoundPython | null> {
  for (const command of candidates) {
    const args = ["-c", "import ensurepip, sys, venv; print('%d.%d.%d' % sys.version_info[:3])"];
    const result = await startChild({ command, args, deadlineMs: 30_000 }).result.catch(() => null);
    if (result?.exitCode !== 0) continue;
    const version = result.stdout.trim();
    const [major, minor] = version.split(".").map(Number);
    if (major > LEAST_PYTHON[0] || (major === LEAST_PYTHON[0] && minor >= LEAST_PYTHON[1])) return { command, version };
  }
  return null;
}

/** The Python of an environment. */
export function environmentPython(folder: string): string {
  return join(folder, "bin", "python");
}

/** Whether JupyterLab was installed into `folder`, to the end and in this version. */
export function hasJupyterLab(folder: string): boolean {
  const stamp = join(folder, STAMP);
  return existsSync(stamp) && readFileSync(stamp, "utf8") === JUPYTERLAB_VERSION &&
    existsSync(environmentPython(folder));
}

/**
 * Makes the environment in `folder` and installs JupyterLab into it, unless it is there; what an interrupted install left is removed first.
 *
 * @throws {CommandError} when Python or pip cannot, with pip's reason
 */
export async function ensureJupyterLab(
  folder: string,
  { python, terminal, signal }: { python: string; terminal: Terminal; signal?: AbortSignal },
): Promise<void> {
  if (hasJupyterLab(folder)) return;
  const release = await takeLock(join(dirname(folder), "jupyterlab.lock"));
  try {
    if (hasJupyterLab(folder)) return; // the process that we waited for did it
    rmSync(folder, { recursive: true, force: true });
    terminal.line(`Installing JupyterLab ${JUPYTERLAB_VERSION} into ${folder} (once, about 300 MB on disk) ...`);
    await run(python, ["-m", "venv", folder], signal);
    const wanted = `jupyterlab==${JUPYTERLAB_VERSION}`;
    const quiet = ["--quiet", "--no-compile", "--disable-pip-version-check", "--no-input", "--no-warn-script-location"];
    await run(environmentPython(folder), ["-m", "pip", "install", ...quiet, wanted], signal);
    // Its scripts for Node.js are CommonJS, and the project around them is not.
    writeFileSync(join(folder, "package.json"), '{ "type": "commonjs" }\n');
    writeFileSync(join(folder, STAMP), JUPYTERLAB_VERSION);
  } finally {
    release();
  }
}

async function run(command: string, args: string[], signal?: AbortSignal): Promise<void> {
  const { exitCode, stdout, stderrTail } = await startChild({ command, args, deadlineMs: PIP_DEADLINE_MS, signal })
    .result;
  signal?.throwIfAborted();
  if (exitCode === 0) return;
  const lines = `${stdout}\n${stderrTail}`.trim().split("\n");
  const reason = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? "";
  throw new CommandError(
    `Cannot install JupyterLab: ${reason.trim() || `${command} ended with code ${exitCode}`}; check the network and ` +
      "`pip config list`, or open the notebooks in VS Code",
  );
}
