// deno task studio [--port N] [--open]: pages of studies and reports on this machine, live while they run.

import { spawn } from "node:child_process";
import process from "node:process";
import { projectPath } from "../process/mod.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

/** What `deno task studio` was asked for. @throws {CommandError} when the port is none */
export function studioOptions(args: string[]): { port: number; open: boolean } {
  const { values, positionals } = parseCommand(args, {
    port: { type: "string", default: "0" },
    open: { type: "boolean", default: false },
  });
  if (positionals.length > 0) throw new CommandError(`Expected no names, got ${positionals.join(" ")}`);
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) {
    throw new CommandError(`Expected --port to be a number from 0 (any free one) to 65535, got ${values.port}`);
  }
  return { port, open: values.open };
}

/** Runs the studio until `signal` aborts. */
export async function studioMain(
  args: string[],
  signal: AbortSignal,
  { terminal, root = projectPath() }: { terminal: Terminal; root?: string },
): Promise<number> {
  const { port, open } = studioOptions(args);
  const { startStudio } = await import("../studio/mod.ts");
  const studio = await startStudio({
    checkpointsFolder: `${root}/checkpoints`,
    reportsFolder: `${root}/reports`,
    notebooksFolder: `${root}/notebooks`,
    port,
  }).catch((error) => {
    throw new CommandError((error as Error).message);
  });
  terminal.line(`Studio: ${studio.address}`);
  terminal.line("Ctrl-C ends it; studies go on without it.");
  for (const { name, problem } of studio.problems) terminal.line(`Left out ${name}: ${problem}`);
  if (open) openBrowser(studio.address, terminal);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
  await studio.close();
  return 0;
}

function openBrowser(address: string, terminal: Terminal): void {
  const [command, ...rest] = process.platform === "darwin" ? ["open"] : ["xdg-open"];
  const child = spawn(command, [...rest, address], { stdio: "ignore", detached: true });
  child.on("error", () => terminal.line("No browser could be started; open the address above."));
  child.unref();
}

if (import.meta.main) {
  await runCommand((args, signal) => studioMain(args, signal, { terminal: ownTerminal() }));
}
