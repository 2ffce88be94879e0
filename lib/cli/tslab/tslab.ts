// The kernel "tslab" (TypeScript on Node.js): its registration, and the library in the form that it can load.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectPath, projectRoot, sha256Hex, startChild, writeFileAtomic } from "../../process/mod.ts";
import { KERNELS } from "../../notebook/mod.ts";
import { CommandError } from "../command.ts";

/** Rooms whose modules the bundle holds: those that run under Node and that a notebook writes with. */
const ROOMS = [
  "statistics",
  "process",
  "record",
  "graph",
  "runtime",
  "nn",
  "data",
  "train",
  "evaluate",
  "sweep",
  "report",
];
const BUILD_DEADLINE_MS = 300_000;
const STAMP = "built-from";

/** Where a notebook's `import "lib/ROOM/mod"` finds the library: Node and tslab look into the notebook's own folder first. */
export function tslabLibraryFolder(root: string = projectRoot()): string {
  return join(root, "notebooks", "node_modules", "lib");
}

/** The content of a kernel.json that starts tslab with `node`. */
export function tslabSpec(node: string, root: string = projectRoot()): Record<string, unknown> {
  return {
    argv: [node, join(root, "node_modules", "tslab", "bin", "tslab"), "kernel", "--config-path", "{connection_file}"],
    display_name: KERNELS.tslab.display_name,
    language: KERNELS.tslab.language,
    env: { ONNXRUNTIME_NODE_INSTALL: "skip" },
  };
}

/**
 * The Node.js on the path, absolute: a front end that is started from a dock or a menu has another path.
 *
 * @throws {CommandError} when there is none
 */
export async function nodePath(): Promise<string> {
  const child = startChild({ command: "node", args: ["-p", "process.execPath"], deadlineMs: 20_000 });
  const result = await child.result.catch(() => null);
  if (result?.exitCode === 0) return result.stdout.trim();
  throw new CommandError("Cannot register tslab: there is no Node.js on the path (https://nodejs.org)");
}

/** Registers tslab in each folder of kernels, such as `.jupyter/kernels`. */
export async function registerTslab(kernelsFolders: readonly string[], root: string = projectRoot()): Promise<void> {
  const text = JSON.stringify(tslabSpec(await nodePath(), root), null, 2) + "\n";
  for (const folder of kernelsFolders) await writeFileAtomic(join(folder, KERNELS.tslab.name, "kernel.json"), text);
}

/** Modules that the bundle holds, from the root: `lib/train/mod.ts`, and every model by its file. */
export function tslabModules(root: string = projectRoot()): string[] {
  const models = readdirSync(join(root, "lib", "models"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !/_(process|child)\.ts$/.test(name)).sort();
  return [...ROOMS.map((room) => `lib/${room}/mod.ts`), ...models.map((name) => `lib/models/${name}`)];
}

/** What is built, and where. */
export interface BuildOptions {
  root?: string;
  folder?: string;
  /** Folder of another build, whose declarations are taken when it was made from the same sources. */
  earlier?: string;
  signal?: AbortSignal;
}

/**
 * Builds the library for tslab, unless what is in `folder` was built from the same files.
 *
 * @returns whether it was built
 * @throws {CommandError} when it cannot be built
 */
export async function buildTslabLibrary(
  { root = projectRoot(), folder = tslabLibraryFolder(root), earlier, signal }: BuildOptions = {},
): Promise<boolean> {
  const sources = sourcesHash(root);
  const stamp = `${sources} ${root}`; // the bundle knows where the project lies
  if (stampOf(folder) === stamp) return false;
  const declarations = earlier !== undefined && stampOf(earlier).startsWith(`${sources} `) ? earlier : "";
  const child = startChild({
    command: "node",
    args: [projectPath("lib", "cli", "tslab", "build.mjs"), root, folder, declarations, ...tslabModules(root)],
    cwd: root,
    deadlineMs: BUILD_DEADLINE_MS,
    signal,
  });
  const { exitCode, stdout, stderrTail } = await child.result;
  signal?.throwIfAborted();
  if (exitCode !== 0) throw new CommandError(`Cannot bundle the library for tslab: ${(stderrTail || stdout).trim()}`);
  await writeFileAtomic(join(folder, STAMP), stamp);
  return true;
}

function stampOf(folder: string): string {
  const path = join(folder, STAMP);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** Hash of what the bundle is made from: the rooms above lib/notebook, the packages, and what bundles them. */
function sourcesHash(root: string): string {
  const files = readdirSync(join(root, "lib"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|mjs)$/.test(name) && !/^(notebook|studio|cli(?!\/tslab))\//.test(name)).sort();
  const texts = files.map((name) => `${name} ${sha256Hex(readFileSync(join(root, "lib", name)))}`);
  return sha256Hex([sha256Hex(readFileSync(join(root, "package-lock.json"))), ...texts].join("\n"));
}
