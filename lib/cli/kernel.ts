// deno task kernel: installs the Deno whose Jupyter kernel delivers every output, and registers it as the kernel "latent-lab"; beside it
// tslab, for which the library is bundled.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { KERNEL_DENO_VERSION, KERNEL_DISPLAY_NAME, KERNELS } from "../notebook/mod.ts";
import { projectPath, startChild, writeFileAtomic } from "../process/mod.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";
import { buildTslabLibrary, registerTslab, tslabLibraryFolder, tslabSpec } from "./tslab/tslab.ts";

/** Name of the kernel in Jupyter. */
export const KERNEL_NAME = KERNELS.deno.name;
const KERNEL_USAGE = `deno task kernel [--remove]

  Installs Deno ${KERNEL_DENO_VERSION} under .jupyter/ and registers it as the Jupyter kernel "${KERNEL_DISPLAY_NAME}",
  in the project and in your Jupyter folder, where VS Code and JupyterLab find it. Registers "${KERNELS.tslab.display_name}" likewise, and
  bundles the library for it: run it again after a change of lib/ that tslab should see.
  --remove  undoes all of it`;

/** The platform package of npm that holds the Deno binary. */
export function denoPackage(platform: string = process.platform, arch: string = process.arch): string {
  const packages: Record<string, string> = { "linux-x64": "linux-x64-glibc", "darwin-arm64": "darwin-arm64" };
  const name = packages[`${platform}-${arch}`];
  if (!name) {
    throw new CommandError(`There is no kernel for ${platform} ${arch}: Linux x64 and macOS arm64 are supported`);
  }
  return `@deno/${name}`;
}

/** Where the kernel's Deno is installed. */
export function kernelDenoPath(root: string = projectPath()): string {
  return join(root, ".jupyter", "deno", "node_modules", denoPackage(), "deno");
}

/** The content of a kernel.json that starts `denoPath`. */
export function kernelSpec(denoPath: string): Record<string, unknown> {
  return {
    argv: [denoPath, "jupyter", "--kernel", "--conn", "{connection_file}"],
    display_name: KERNEL_DISPLAY_NAME,
    language: "typescript",
    // With "signal" an interrupt would kill the kernel; with colours, printed values carry escape codes.
    interrupt_mode: "message",
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ONNXRUNTIME_NODE_INSTALL: "skip" },
  };
}

/** The folder of the user's Jupyter data. */
export function userJupyterFolder(
  env: Record<string, string | undefined> = process.env,
  { platform = process.platform, home = homedir() }: { platform?: string; home?: string } = {},
): string {
  if (env.JUPYTER_DATA_DIR) return env.JUPYTER_DATA_DIR;
  if (platform === "darwin") return join(home, "Library", "Jupyter");
  return join(env.XDG_DATA_HOME || join(home, ".local", "share"), "jupyter");
}

/** Folders in which the kernel is registered: the project's, and the user's. */
export function kernelFolders(root: string, userFolder: string): string[] {
  return [join(root, ".jupyter", "kernels", KERNEL_NAME), join(userFolder, "kernels", KERNEL_NAME)];
}

/** Writes kernel.json into each folder. */
export async function registerKernel(folders: string[], denoPath: string): Promise<void> {
  const text = JSON.stringify(kernelSpec(denoPath), null, 2) + "\n";
  for (const folder of folders) await writeFileAtomic(join(folder, "kernel.json"), text);
}

/** Removes the kernel that starts `program` from `folders`, not that of another copy of the project. Returns what was removed. */
export function unregisterKernel(folders: string[], program: string): string[] {
  const ours = folders.filter((folder) => registeredProgram(folder).includes(program));
  for (const folder of ours) rmSync(folder, { recursive: true });
  return ours;
}

/** The Deno that the kernel registered in `folder` starts; null when there is none. */
export function registeredDeno(folder: string): string | null {
  return registeredProgram(folder)[0] ?? null;
}

/** The command of the kernel registered in `folder`; empty when there is none. */
function registeredProgram(folder: string): string[] {
  try {
    return JSON.parse(readFileSync(join(folder, "kernel.json"), "utf8")).argv;
  } catch {
    return [];
  }
}

/** Installs the kernel's Deno below `.jupyter/deno`, unless it is there. @throws {CommandError} when npm cannot */
export async function installDeno(terminal: Terminal, signal: AbortSignal): Promise<void> {
  if (await versionOf(kernelDenoPath()) === KERNEL_DENO_VERSION) return;
  const folder = projectPath(".jupyter", "deno");
  terminal.line(`Installing Deno ${KERNEL_DENO_VERSION} into .jupyter/deno ...`);
  mkdirSync(folder, { recursive: true });
  // A package.json of its own keeps npm from taking the project's.
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const wanted = `${denoPackage()}@${KERNEL_DENO_VERSION}`;
  const flags = ["--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const child = startChild({
    command: "npm",
    args: ["install", "--prefix", folder, ...flags, wanted],
    cwd: folder,
    signal,
  });
  const { exitCode, stderrTail } = await child.result.catch((error: Error) => {
    throw new CommandError(`Cannot install ${wanted}: ${error.message}; npm comes with Node.js (https://nodejs.org)`);
  });
  signal.throwIfAborted();
  const version = await versionOf(kernelDenoPath());
  if (exitCode === 0 && version === KERNEL_DENO_VERSION) return;
  const reason = stderrTail.trim().split("\n").slice(0, 3).join(" ") || `it reports version ${version ?? "none"}`;
  throw new CommandError(`Cannot install ${wanted}: ${reason}; check the network and \`npm config get registry\``);
}

/** Version of a Deno binary; null when it does not run. */
export async function versionOf(denoPath: string): Promise<string | null> {
  if (!existsSync(denoPath)) return null;
  const { exitCode, stdout } = await startChild({ command: denoPath, args: ["--version"], deadlineMs: 20_000 }).result;
  return exitCode === 0 ? stdout.match(/^deno (\d+\.\d+\.\d+)/)?.[1] ?? null : null;
}

/** Runs `deno task kernel`. */
export async function kernelMain(args: string[], signal: AbortSignal, terminal: Terminal): Promise<number> {
  const { values, positionals } = parseCommand(args, {
    remove: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help || positionals.length > 0) {
    terminal.line(KERNEL_USAGE);
    return values.help ? 0 : 1;
  }
  const folders = kernelFolders(projectPath(), userJupyterFolder());
  const tslabFolders = folders.map((folder) => join(dirname(folder), KERNELS.tslab.name));
  if (values.remove) {
    const tslab = (tslabSpec("").argv as string[])[1];
    const removed = [...unregisterKernel(folders, kernelDenoPath()), ...unregisterKernel(tslabFolders, tslab)];
    rmSync(tslabLibraryFolder(), { recursive: true, force: true });
    rmSync(projectPath(".jupyter", "deno"), { recursive: true, force: true });
    terminal.line(removed.length > 0 ? `Removed ${removed.join(" and ")}` : "No kernel was registered");
    return 0;
  }
  await installDeno(terminal, signal);
  await registerKernel(folders, kernelDenoPath());
  terminal.line(`Registered the kernel "${KERNEL_DISPLAY_NAME}" in ${folders.join(" and ")}`);
  terminal.live("Bundling the library for tslab ...", false);
  await buildTslabLibrary({ signal });
  await registerTslab(folders.map((folder) => dirname(folder)));
  terminal.line(`Registered the kernel "${KERNELS.tslab.display_name}" beside it`);
  terminal.line(
    "Select one in VS Code (Select Kernel > Jupyter Kernel) or JupyterLab (Kernel > Change Kernel); reload the window if it is missing.",
  );
  return 0;
}

if (import.meta.main) await runCommand((args, signal) => kernelMain(args, signal, ownTerminal()));
