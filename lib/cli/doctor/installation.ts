// What has to be installed, and what may be: programs, packages, the kernel, the teacher; room in memory and on the disk.

import { existsSync, readFileSync, statfsSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import process from "node:process";
import { isProvenKernel, KERNEL_DENO_VERSION } from "../../notebook/mod.ts";
import { projectPath, projectRoot, startChild } from "../../process/mod.ts";
import { isInstalled, wantedInstall } from "../bootstrap.mjs";
import { kernelDenoPath, kernelFolders, registeredDeno, userJupyterFolder, versionOf } from "../kernel.ts";
import type { Finding, Probe } from "./finding.ts";

const MIN_FREE_DISK_GB = 2;
const MIN_MEMORY_GB = 4;

/** Looks at programs and packages. */
export const PROGRAMS: Readonly<Record<string, Probe>> = {
  "Node.js": probeNode,
  "Deno": () => probeDeno(),
  "npm packages": () => probePackages(),
  "kernel": probeKernel,
};

/** Looks at what only some tasks need, and at the room there is. */
export const EXTRAS: Readonly<Record<string, Probe>> = {
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

async function probeTfjs(): Promise<Finding> {
  const { tfjsBackendName } = await import("../../runtime/mod.ts");
  const native = tfjsBackendName() === "tfjs-node";
  const found = native ? "tfjs-node, TensorFlow's native kernels" : "pure tfjs, plain JavaScript";
  const advice = native ? null : "deno task setup:tfjs-node installs the native ones, many times as fast";
  return { subject: "tfjs", state: native ? "ok" : "absent", found, advice };
}

async function probeTeacher(): Promise<Finding> {
  const { hasTeacher } = await import("../../models/teacher.ts");
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
