// deno task doctor: does this machine have what the workspace needs, does each provider compute right, and what can be copied
// into a bug report?

import { readFileSync } from "node:fs";
import { readEnvironment } from "../bench/mod.ts";
import { projectPath } from "../process/mod.ts";
import { machineFacts } from "../runtime/mod.ts";
import { parseCommand, runCommand } from "./command.ts";
import { examine, type Finding, findingsTable, type Probe, withoutPrivate } from "./doctor/finding.ts";
import { EXTRAS, PROGRAMS } from "./doctor/installation.ts";
import { powerFinding } from "./doctor/power_state.ts";
import { PROVIDER_PROBES } from "./doctor/providers.ts";
import { probeSweeps } from "./doctor/sweep_speed.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

const PROBES: Readonly<Record<string, Probe>> = {
  ...PROGRAMS,
  ...PROVIDER_PROBES,
  "sweeps": probeSweeps,
  ...EXTRAS,
  "power": () => powerFinding(readEnvironment()),
};

/** Runs `deno task doctor`: exit code 1 when something required is missing, or a provider computes wrong numbers. */
export async function doctorMain(args: string[], terminal: Terminal): Promise<number> {
  parseCommand(args, {});
  const findings = await examine(PROBES, (subject) => terminal.live(`Looking at ${subject}`, false));
  terminal.line(findingsTable(findings));
  terminal.line("\nFor a bug report:\n```");
  terminal.line(withoutPrivate(bugReport(findings)));
  terminal.line("```");
  return findings.some(({ state }) => state === "missing") ? 1 : 0;
}

function bugReport(findings: readonly Finding[]): string {
  const { name, os, osBuild, power, versions } = machineFacts();
  const version = JSON.parse(readFileSync(projectPath("package.json"), "utf8")).version;
  return [
    `latent-lab ${version} on ${name}; ${os} ${osBuild}; power: ${power}`,
    Object.entries(versions).map(([library, value]) => `${library} ${value}`).join(", "),
    ...findings.map(({ subject, state, found }) => `${subject}: ${state}, ${found}`),
  ].join("\n");
}

if (import.meta.main) await runCommand((args) => doctorMain(args, ownTerminal()));
