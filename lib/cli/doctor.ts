// deno task doctor: is everything there that the workspace needs, and what can be copied into a bug report?

import { existsSync, readFileSync, statfsSync } from "node:fs";
import { freemem, homedir, totalmem, userInfo } from "node:os";
import process from "node:process";
import { isProvenKernel, KERNEL_DENO_VERSION } from "../notebook/mod.ts";
import { projectPath, projectRoot, startChild } from "../process/mod.ts";
import { isInstalled, wantedInstall } from "./bootstrap.mjs";
import { parseCommand, runCommand } from "./command.ts";
import { kernelDenoPath, kernelFolders, registeredDeno, userJupyterFolder, versionOf } from "./kernel.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

/** One line of the doctor's table. */
export interface Finding {
  subject: string;
  /** "missing" is a failure; "absent" only switches something off. */
  state: "ok" | "missing" | "absent";
  found: string;
  /** What to do; null when all is well. */
  advice: string | null;
}

type Probe = () => Finding | Promise<Finding>;

const MIN_FREE_DISK_GB = 2;
const MIN_MEMORY_GB = 4;

/** Looks at everything; a probe that throws is a finding too. */
export async function examine(probes: Record<string, Probe> = PROBES): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [subject, probe] of Object.entries(probes)) {
    try {
      findings.push(await probe());
    } catch (error) {
      findings.push({
        subject,
        state: "missing",
        found: (error as Error).message.split("\n")[0],
        advice: "reinstall: rm -r node_modules, npm test",
      });
    }
  }
  return findings;
}

/** A plain table: state, subject, what was found, what to do. */
export function findingsTable(findings: Finding[]): string {
  const subjectWidth = Math.max(...findings.map(({ subject }) => subject.length));
  const marks = { ok: "ok     ", missing: "MISSING", absent: "-      " };
  return findings.map(({ subject, state, found, advice }) =>
    `${marks[state]}  ${subject.padEnd(subjectWidth)}  ${found}${advice === null ? "" : ` -> ${advice}`}`
  ).join("\n");
}

/** `text` without the user's name, home folder and the project's path. */
export function withoutPrivate(
  text: string,
  { home = homedir(), user = userName(), root = projectRoot() } = {},
): string {
  let clean = text.replaceAll(root, "PROJECT").replaceAll(home, "HOME");
  // Short or system names occur inside other words: only whole words are taken out.
  if (user) clean = clean.replace(new RegExp(`\\b${user.replace(/[^\w]/g, "\\$&")}\\b`, "g"), "USER");
  return clean;
}

const PROBES: Record<string, Probe> = {
  "Node.js": probeNode,
  "Deno": () => probeDeno(),
  "npm packages": () => probePackages(),
  "kernel": probeKernel,
  "providers": probeProviders,
  "tfjs": probeTfjs,
  "teacher": probeTeacher,
  "memory": () => probeMemory(),
  "disk": () => probeDisk(),
  "Python": () => probeProgram("Python", "python3", "only the peers of benchmarks and Jupyter need it"),
  "Chromium": probeChromium,
};

async function probeNode(): Promise<Finding> {
  const version = (await outputOf("node", ["--version"]))?.replace(/^v/, "");
  const good = version !== undefined && Number(version.split(".")[0]) >= 20;
  const advice = good ? null : "install Node.js 20, 22 or 24 (https://nodejs.org)";
  return { subject: "Node.js", state: good ? "ok" : "missing", found: version ?? "not found", advice };
}

function probeDeno(): Finding {
  const pinned: string = JSON.parse(readFileSync(projectPath("package.json"), "utf8")).dependencies.deno;
  const running = process.versions.deno;
  const good = running === pinned;
  const advice = good ? null : `the project is tested with ${pinned}: run it through npm, or node_modules/@deno/*/deno`;
  return { subject: "Deno", state: running ? good ? "ok" : "absent" : "missing", found: running ?? "none", advice };
}

function probePackages(): Finding {
  const good = isInstalled(projectRoot(), wantedInstall(projectRoot()));
  return {
    subject: "npm packages",
    state: good ? "ok" : "missing",
    found: good ? "as package-lock.json says" : "differ from package-lock.json",
    advice: good ? null : "npm test installs them",
  };
}

async function probeKernel(): Promise<Finding> {
  const version = await versionOf(kernelDenoPath());
  const [, userFolder] = kernelFolders(projectRoot(), userJupyterFolder());
  const registered = registeredDeno(userFolder) === kernelDenoPath();
  if (version !== null && isProvenKernel(version) && registered) {
    return { subject: "kernel", state: "ok", found: `Deno ${version}, registered`, advice: null };
  }
  const found = version === null
    ? "not installed"
    : registered
    ? `Deno ${version}`
    : `Deno ${version}, not registered for you`;
  return {
    subject: "kernel",
    state: "absent",
    found,
    advice: `deno task kernel (Deno ${KERNEL_DENO_VERSION}, for interactive notebooks)`,
  };
}

async function probeProviders(): Promise<Finding> {
  const { availableProviders } = await import("../runtime/mod.ts");
  const providers = await availableProviders();
  const good = providers.includes("cpu");
  const advice = good ? null : "onnxruntime-node is broken: rm -r node_modules, npm test";
  return { subject: "providers", state: good ? "ok" : "missing", found: providers.join(", ") || "none", advice };
}

async function probeTfjs(): Promise<Finding> {
  const { tfjsBackendName } = await import("../runtime/mod.ts");
  const native = tfjsBackendName() === "tfjs-node";
  const found = native ? "tfjs-node, TensorFlow's native kernels" : "pure tfjs, plain JavaScript";
  const advice = native ? null : "deno task setup:tfjs-node installs the native ones, many times as fast";
  return { subject: "tfjs", state: native ? "ok" : "absent", found, advice };
}

async function probeTeacher(): Promise<Finding> {
  const { hasTeacher } = await import("../models/teacher.ts");
  const there = hasTeacher();
  const found = there ? "all-MiniLM-L6-v2" : "not fetched";
  const advice = there ? null : "deno task teacher; only embedding texts of one's own needs it";
  return { subject: "teacher", state: there ? "ok" : "absent", found, advice };
}

function probeMemory(): Finding {
  const totalGb = totalmem() / 1e9;
  const good = totalGb >= MIN_MEMORY_GB;
  const found = `${totalGb.toFixed(1)} GB, ${(freemem() / 1e9).toFixed(1)} GB free`;
  return {
    subject: "memory",
    state: good ? "ok" : "absent",
    found,
    advice: good ? null : `${MIN_MEMORY_GB} GB are recommended`,
  };
}

function probeDisk(): Finding {
  const { bavail, bsize } = statfsSync(projectRoot());
  const freeGb = bavail * bsize / 1e9;
  const good = freeGb >= MIN_FREE_DISK_GB;
  const advice = good ? null : `free ${MIN_FREE_DISK_GB} GB; deno task clean helps`;
  return { subject: "disk", state: good ? "ok" : "missing", found: `${freeGb.toFixed(1)} GB free`, advice };
}

async function probeProgram(subject: string, program: string, use: string): Promise<Finding> {
  const version = await outputOf(program, ["--version"]);
  return { subject, state: version ? "ok" : "absent", found: version ?? "not found", advice: version ? null : use };
}

async function probeChromium(): Promise<Finding> {
  const paths = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  ];
  for (const path of paths) {
    const version = path.startsWith("/") && !existsSync(path) ? undefined : await outputOf(path, ["--version"]);
    if (version) return { subject: "Chromium", state: "ok", found: version, advice: null };
  }
  return { subject: "Chromium", state: "absent", found: "not found", advice: "only tests of the pages need it" };
}

/** First line that a program prints; undefined when it cannot be run. */
async function outputOf(program: string, args: string[]): Promise<string | undefined> {
  try {
    const { exitCode, stdout } = await startChild({ command: program, args, deadlineMs: 10_000 }).result;
    return exitCode === 0 ? stdout.trim().split("\n")[0] || undefined : undefined;
  } catch {
    return undefined;
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return ""; // a container without a passwd entry
  }
}

/** Runs `deno task doctor`: exit code 1 when something required is missing. */
export async function doctorMain(args: string[], terminal: Terminal): Promise<number> {
  parseCommand(args, {});
  const findings = await examine();
  terminal.line(findingsTable(findings));
  terminal.line("\nFor a bug report:\n```");
  terminal.line(withoutPrivate(await bugReport(findings)));
  terminal.line("```");
  return findings.some(({ state }) => state === "missing") ? 1 : 0;
}

async function bugReport(findings: Finding[]): Promise<string> {
  const { machineFacts } = await import("../runtime/mod.ts");
  const { name, os, osBuild, power, versions } = machineFacts();
  const version = JSON.parse(readFileSync(projectPath("package.json"), "utf8")).version;
  return [
    `latent-lab ${version} on ${name}; ${os} ${osBuild}; power: ${power}`,
    Object.entries(versions).map(([library, value]) => `${library} ${value}`).join(", "),
    ...findings.map(({ subject, state, found }) => `${subject}: ${state}, ${found}`),
  ].join("\n");
}

if (import.meta.main) await runCommand((args) => doctorMain(args, ownTerminal()));
