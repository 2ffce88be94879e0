// deno task setup:tfjs-node: installs TensorFlow's library and builds tfjs-node's binding to it, so that the engine "tfjs" runs on
// native kernels. Stopped at any point, it goes on from there; the binding, put in place last, says that all is installed.

import { existsSync, mkdirSync, renameSync, rmSync, statfsSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { projectPath, startChild } from "../process/mod.ts";
import { TFJS_NODE_FOLDER } from "../runtime/mod.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";
import { buildBinding, requireCompiler } from "./tfjs_node/binding.ts";
import { download } from "./download.ts";
import { mavenUrl, type TensorflowLibrary, tensorflowLibrary } from "./tfjs_node/library.ts";
import { extract } from "./unzip.ts";

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;

/** Runs `deno task setup:tfjs-node [--force]`. */
export async function setupMain(
  args: string[],
  { terminal, signal }: { terminal: Terminal; signal: AbortSignal },
): Promise<number> {
  const { values } = parseCommand(args, { force: { type: "boolean", default: false } });
  const folder = projectPath(TFJS_NODE_FOLDER);
  const binding = join(folder, "tfjs_binding.node");
  if (values.force) rmSync(folder, { recursive: true, force: true });
  if (existsSync(binding)) {
    terminal.line(`tfjs-node is installed in ${TFJS_NODE_FOLDER}; --force installs it again`);
    return 0;
  }
  const library = tensorflowLibrary();
  if (!library) {
    throw new CommandError(
      `Cannot install tfjs-node on ${process.platform} ${process.arch}: there is a library for linux x64 and darwin arm64 only; pure tfjs serves here`,
    );
  }
  await requireCompiler();
  await installLibrary(library, { folder, terminal, signal });
  terminal.live("Building the binding", true);
  const built = await buildBinding(folder, library.entries, signal);
  await tryBinding(built);
  renameSync(built, binding);
  terminal.line(`tfjs-node is installed: TensorFlow ${library.tensorflowVersion} in ${TFJS_NODE_FOLDER}`);
  return 0;
}

/** Downloads and unpacks what is not there yet. */
async function installLibrary(
  library: TensorflowLibrary,
  { folder, terminal, signal }: { folder: string; terminal: Terminal; signal: AbortSignal },
): Promise<void> {
  const { archive, bytes, sha256, entries, unpackedBytes } = library;
  const targets = entries.map((entry) => join(folder, "lib", basename(entry)));
  if (targets.every((path) => existsSync(path))) return;
  mkdirSync(join(folder, "lib"), { recursive: true });
  requireDisk(folder, bytes + unpackedBytes);
  const jar = join(folder, basename(archive));
  const onProgress = (received: number) =>
    terminal.live(`Downloading TensorFlow: ${megabytes(received)} of ${megabytes(bytes)}`, received === bytes);
  await download(`${mavenUrl()}/${archive}`, jar, { bytes, sha256, onProgress, signal });
  for (const [i, entry] of entries.entries()) {
    signal.throwIfAborted();
    terminal.live(`Unpacking ${basename(entry)}`, true);
    await extract(jar, entry, targets[i]);
  }
  rmSync(jar);
}

function requireDisk(folder: string, neededBytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= neededBytes) return;
  throw new CommandError(
    `Cannot install tfjs-node: expected ${megabytes(neededBytes)} of free disk, got ${megabytes(bavail * bsize)}`,
  );
}

/** Loads the binding in a process of its own: a library that does not fit the machine ends the process. */
async function tryBinding(path: string): Promise<void> {
  const file = JSON.stringify(path);
  const code = `import { createRequire } from "node:module"; console.log(createRequire(${file})(${file}).TF_Version);`;
  const { exitCode, signal, stderrTail } = await startChild({
    command: process.execPath,
    args: ["eval", code],
    deadlineMs: 120_000,
  }).result;
  if (exitCode === 0) return;
  throw new Error(`Cannot load tfjs-node's binding (exit code ${exitCode}, signal ${signal}):\n${stderrTail.trim()}`);
}

if (import.meta.main) {
  await runCommand((args, signal) => setupMain(args, { terminal: ownTerminal(), signal }));
}
