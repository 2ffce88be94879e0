// deno task lab: JupyterLab with the project's kernels and interactive figures, in one command.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { KERNEL_DISPLAY_NAME, KERNELS } from "../notebook/mod.ts";
import { projectPath, projectRoot, writeFileAtomic } from "../process/mod.ts";
import { CommandError, INTERRUPTED_EXIT_CODE, parseCommand, runCommand } from "./command.ts";
import { installDeno, kernelDenoPath, registerKernel } from "./kernel.ts";
import { installFigures } from "./lab/figures.ts";
import { ensureJupyterLab, environmentPython, findPython } from "./lab/python.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";
import { buildTslabLibrary, registerTslab } from "./tslab/tslab.ts";

const USAGE = `deno task lab [--port N] [--no-browser] [--python PYTHON]

  Starts JupyterLab on 127.0.0.1 with the kernels of this project and interactive figures. The first time, it makes a Python
  environment below .cache/jupyterlab and installs JupyterLab into it; no other Python is changed.
  --port N          the port; by default the first free one from 8888
  --no-browser      only print the address
  --python PYTHON   the Python that makes the environment; by default python3`;

/** What `deno task lab` was asked for. */
export interface LabOptions {
  port: number;
  browser: boolean;
  pythons: string[];
  help: boolean;
}

/** Reads the arguments. @throws {CommandError} when the port is none */
export function labOptions(args: string[]): LabOptions {
  const { values, positionals } = parseCommand(args, {
    port: { type: "string", default: "8888" },
    "no-browser": { type: "boolean", default: false },
    python: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  });
  if (positionals.length > 0) throw new CommandError(`Expected no names, got ${positionals.join(" ")}:\n${USAGE}`);
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port < 1 || port > 65_535) {
    throw new CommandError(`Expected --port to be a number from 1 to 65535, got ${values.port}`);
  }
  const pythons = values.python === undefined ? ["python3", "python"] : [values.python];
  return { port, browser: !values["no-browser"], pythons, help: values.help };
}

/** A program to start, with its arguments and what it needs in its environment. */
export interface LabServer {
  command: string;
  args: string[];
  env: Record<string, string>;
}

/** Where JupyterLab is, what it shows, and where its extension and kernels are. */
export interface LabPlaces {
  /** The Python environment. */
  environment: string;
  /** Kernels and extensions: a folder of JUPYTER_PATH. */
  jupyter: string;
  /** Folder that JupyterLab shows. */
  root: string;
  /** Settings and workspaces of this JupyterLab alone: those of another version may not fit. */
  state: string;
}

/** The server's command line. */
export function labServer(
  { environment, jupyter, root, state }: LabPlaces,
  { port, browser }: Pick<LabOptions, "port" | "browser">,
): LabServer {
  const kernels = Object.values(KERNELS).map(({ name }) => `--KernelSpecManager.allowed_kernelspecs=${name}`);
  return {
    command: environmentPython(environment),
    args: [
      "-m",
      "jupyterlab",
      "--ServerApp.ip=127.0.0.1",
      `--ServerApp.port=${port}`,
      `--ServerApp.root_dir=${root}`,
      // Only this project's: the environment's own Python runs no notebook here.
      "--KernelSpecManager.ensure_native_kernel=False",
      ...kernels,
      "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
      ...(browser ? [] : ["--no-browser"]),
      ...(process.getuid?.() === 0 ? ["--allow-root"] : []),
    ],
    env: {
      JUPYTER_PATH: jupyter,
      JUPYTER_CONFIG_DIR: join(state, "config"),
      JUPYTER_DATA_DIR: join(state, "data"),
      JUPYTER_RUNTIME_DIR: join(state, "runtime"),
      JUPYTERLAB_WORKSPACES_DIR: join(state, "workspaces"),
      JUPYTERLAB_SETTINGS_DIR: join(state, "settings"),
    },
  };
}

/** What to do without Python. */
export function withoutPython(pythons: readonly string[]): string[] {
  return [
    `JupyterLab needs Python 3.10 or newer with venv, and there is none (looked for ${pythons.join(", ")}).`,
    "On Debian and Ubuntu: apt install python3-venv; on macOS: https://www.python.org or brew install python.",
    "Without Python, use VS Code:",
    "  1. deno task kernel",
    `  2. open the folder ${projectRoot()} in VS Code and install the extensions that it recommends (Deno, Jupyter)`,
    `  3. open notebooks/02-lnsp-size-analysis.ipynb, choose Select Kernel > Jupyter Kernel > ${KERNEL_DISPLAY_NAME}, and Run All`,
  ];
}

/** Puts kernels and figures into `jupyter`. */
export async function prepareJupyter(jupyter: string, terminal: Terminal, signal: AbortSignal): Promise<void> {
  await installDeno(terminal, signal);
  await registerKernel([join(jupyter, "kernels", KERNELS.deno.name)], kernelDenoPath());
  terminal.live("Bundling the library for tslab ...", false);
  await buildTslabLibrary({ signal });
  await registerTslab([join(jupyter, "kernels")]);
  await installFigures(jupyter);
}

/** Runs `deno task lab` until Ctrl-C. */
export async function labMain(args: string[], signal: AbortSignal, terminal: Terminal): Promise<number> {
  const options = labOptions(args);
  if (options.help) {
    terminal.line(USAGE);
    return 0;
  }
  const python = await findPython(options.pythons);
  if (python === null) {
    withoutPython(options.pythons).forEach((line) => terminal.line(line));
    return 1;
  }
  const places: LabPlaces = {
    environment: projectPath(".cache", "jupyterlab", "python"),
    jupyter: projectPath(".jupyter"),
    root: projectRoot(),
    state: projectPath(".cache", "jupyterlab", "state"),
  };
  await ensureJupyterLab(places.environment, { python: python.command, terminal, signal });
  await prepareJupyter(places.jupyter, terminal, signal);
  await prepareState(places.state);
  terminal.line(`Starting JupyterLab; open notebooks/ in it. Ctrl-C ends it.`);
  return await serve(labServer(places, options), signal);
}

/** Settings that a first start lacks: no question about news, which would come from the network. */
export async function prepareState(state: string): Promise<void> {
  const disabledExtensions = { "@jupyterlab/apputils-extension:announcements": true };
  const path = join(state, "config", "labconfig", "page_config.json");
  if (!existsSync(path)) await writeFileAtomic(path, JSON.stringify({ disabledExtensions }, null, 2) + "\n");
}

/** Runs the server with this terminal as its own. Without a terminal on its input it ends at once when asked to. */
async function serve({ command, args, env }: LabServer, signal: AbortSignal): Promise<number> {
  const child = spawn(command, args, {
    cwd: projectRoot(),
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  signal.addEventListener("abort", () => child.kill("SIGTERM"));
  return await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(signal.aborted ? INTERRUPTED_EXIT_CODE : code ?? 1));
  });
}

if (import.meta.main) await runCommand((args, signal) => labMain(args, signal, ownTerminal()));
