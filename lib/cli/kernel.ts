// deno task kernel: installs the Deno whose Jupyter kernel delivers every output, and registers it as the kernel "latent-lab".

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { KERNEL_DENO_VERSION, KERNEL_DISPLAY_NAME } from "../notebook/mod.ts";
import { projectPath, startChild, writeFileAtomic } from "../process/mod.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

/** Name of the kernel in Jupyter. */
export const KERNEL_NAME = "latent-lab";
const KERNEL_USAGE = `deno task kernel [--remove]

  Installs Deno ${KERNEL_DENO_VERSION} under .jupyter/ and registers it as the Jupyter kernel "${KERNEL_DISPLAY_NAME}",
  in the project and in your Jupyter folder, where VS Code and JupyterLab find it.
  --remove  undoes both`;

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

/** Removes the kernel from `folders`, except where it belongs to another copy of the project. Returns what was removed. */
export function unregisterKernel(folders: string[], denoPath: string): string[] {
  const ours = folders.filter((folder) => registeredDeno(folder) === denoPath);
  for (const folder of ours) rmSync(folder, { recursive: true });
  return ours;
}

/** The Deno that the kernel registered in `folder` starts; null when there is none. */
export function registeredDeno(folder: string): string | null {
  try {
    return JSON.parse(readFileSync(join(folder, "kernel.json"), "utf8")).argv[0];
  } catch {
    return null;
  }
}

async function installDeno(terminal: Terminal, signal: AbortSignal): Promise<void> {
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
  if (values.remove) {
    const removed = unregisterKernel(folders, kernelDenoPath());
    rmSync(projectPath(".jupyter", "deno"), { recursive: true, force: true });
    terminal.line(removed.length > 0 ? `Removed ${removed.join(" and ")}` : "The kernel was not registered");
    return 0;
  }
  await installDeno(terminal, signal);
  await registerKernel(folders, kernelDenoPath());
  terminal.line(`Registered the kernel "${KERNEL_DISPLAY_NAME}" in ${folders.join(" and ")}`);
  terminal.line(
    "Select it in VS Code (Select Kernel > Jupyter Kernel) or JupyterLab (Kernel > Change Kernel); reload the window if it is missing.",
  );
  return 0;
}

if (import.meta.main) await runCommand((args, signal) => kernelMain(args, signal, ownTerminal()));
