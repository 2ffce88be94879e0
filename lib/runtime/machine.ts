// What machine is this? The facts that a measurement depends on, and nothing that tells whose machine it is: no user name, host
// name, serial number or path. The texts that the operating system gives come through a reader, so that Linux and macOS are
// both tested from recorded text.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import process from "node:process";
import { canonicalJson, projectPath, sha256Hex } from "../process/mod.ts";
import { type MachineFacts, parseMachineFacts } from "../record/mod.ts";

/** Where `machineFacts` reads from. */
export interface MachineReader {
  /** "linux", "darwin". */
  platform: string;
  arch: string;
  /** Kernel release. */
  release: string;
  logicalCores: number;
  memoryBytes: number;
  /** `process.versions`. */
  engineVersions: Readonly<Record<string, string | undefined>>;
  /** A text file's content, or null when it cannot be read. */
  read(path: string): string | null;
  /** The names in a folder; empty when it cannot be read. */
  list(path: string): string[];
  /** What a program prints, also when it fails in part; null when it cannot be run. */
  run(program: string, args: readonly string[]): string | null;
  /** The version of an installed npm package, or null. */
  packageVersion(name: string): string | null;
}

type Hardware = Pick<
  MachineFacts,
  "chip" | "physicalCores" | "performanceCores" | "efficiencyCores" | "os" | "osBuild" | "power"
>;

/** Packages whose version changes what runs on the hardware: they are part of the id. */
const PROVIDER_PACKAGES = ["onnxruntime-node"];

const SYSCTL_KEYS = [
  "machdep.cpu.brand_string",
  "hw.physicalcpu",
  "hw.perflevel0.physicalcpu",
  "hw.perflevel1.physicalcpu",
];

/**
 * The facts of this machine, as the records name it. The id stays the same while chip, cores, memory, operating system build
 * and provider versions do; it depends neither on the power supply nor on whether Deno or Node runs this.
 *
 * @param reader where to read from; this machine by default
 *
 * @example
 * ```ts
 * import { machineFacts } from "lib/runtime/machine.ts";
 * const { name, logicalCores } = machineFacts();
 * console.log(name.length > 0, logicalCores >= 1); // true true
 * ```
 */
export function machineFacts(reader: MachineReader = thisMachine()): MachineFacts {
  const hardware = reader.platform === "darwin" ? macHardware(reader) : linuxHardware(reader);
  const { arch, logicalCores, memoryBytes } = reader;
  const providers = versionsOf(PROVIDER_PACKAGES, reader);
  const gib = Math.round(memoryBytes / 2 ** 30);
  const { chip, physicalCores, performanceCores, efficiencyCores, os: system, osBuild } = hardware;
  const fingerprint = {
    chip,
    arch,
    physicalCores,
    performanceCores,
    efficiencyCores,
    logicalCores,
    gib,
    system,
    osBuild,
  };
  const cores = physicalCores ?? logicalCores;
  const platform = reader.platform === "darwin" ? "macOS" : reader.platform;
  return parseMachineFacts({
    ...hardware,
    id: sha256Hex(canonicalJson({ ...fingerprint, providers })).slice(0, 12),
    name: `${chip}, ${cores} ${cores === 1 ? "core" : "cores"}, ${gib} GiB, ${platform} ${arch}`,
    arch,
    logicalCores,
    memoryBytes,
    versions: { ...engineVersions(reader), ...providers },
  });
}

/**
 * The memory that programs here can have together, in bytes: the machine's, or a container's limit when that is lower.
 *
 * @example
 * ```ts
 * import { totalMemoryBytes } from "lib/runtime/machine.ts";
 * console.log(totalMemoryBytes() > 2 ** 28); // true
 * ```
 */
export function totalMemoryBytes(reader: MachineReader = thisMachine()): number {
  // cgroup v2, then v1; "max", or a number near 2^63, when there is no limit.
  const limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
    .map((path) => Number(reader.read(path) ?? NaN))
    .filter((bytes) => bytes > 0);
  return Math.min(reader.memoryBytes, ...limits);
}

/** A reader of this machine. */
export function thisMachine(): MachineReader {
  return {
    platform: process.platform,
    arch: process.arch,
    // The version without what a distribution or host appends to it.
    release: /^[\d.]+/.exec(os.release())?.[0].replace(/\.$/, "") ?? "",
    logicalCores: Math.max(1, os.cpus().length),
    memoryBytes: os.totalmem(),
    engineVersions: process.versions,
    read: readText,
    list: (path) => {
      try {
        return readdirSync(path);
      } catch {
        return [];
      }
    },
    run: (program, args) => spawnSync(program, args, { encoding: "utf8", timeout: 10_000 }).stdout ?? null,
    packageVersion: (name) => {
      const text = readText(projectPath("node_modules", name, "package.json"));
      return text === null ? null : JSON.parse(text).version;
    },
  };
}

function linuxHardware(reader: MachineReader): Hardware {
  const cpuinfo = reader.read("/proc/cpuinfo") ?? "";
  const release = reader.read("/etc/os-release") ?? "";
  const name = /^PRETTY_NAME="?(.*?)"?$/m.exec(release)?.[1];
  return {
    chip: chipName(/^model name[ \t]*:[ \t]*(.*)$/m.exec(cpuinfo)?.[1], reader.arch),
    physicalCores: countCores(cpuinfo, reader.logicalCores),
    performanceCores: null,
    efficiencyCores: null,
    os: name || "Linux",
    osBuild: reader.release,
    power: linuxPower(reader),
  };
}

function macHardware(reader: MachineReader): Hardware {
  // Keys that a chip does not have (levels of cores on Intel) only print to standard error.
  const sysctl = new Map(lines(reader.run("sysctl", SYSCTL_KEYS)).map((line) => splitOnce(line, ": ")));
  const versions = new Map(lines(reader.run("sw_vers", [])).map((line) => splitOnce(line, ":")));
  const count = (key: string) => wholeNumber(sysctl.get(key));
  const battery = reader.run("pmset", ["-g", "batt"]) ?? "";
  return {
    chip: chipName(sysctl.get("machdep.cpu.brand_string"), reader.arch),
    physicalCores: count("hw.physicalcpu"),
    performanceCores: count("hw.perflevel0.physicalcpu"),
    efficiencyCores: count("hw.perflevel1.physicalcpu"),
    os: `${versions.get("ProductName") ?? "macOS"} ${versions.get("ProductVersion") ?? ""}`.trim(),
    osBuild: versions.get("BuildVersion") ?? "",
    power: /'AC Power'/.test(battery) ? "mains" : /'Battery Power'/.test(battery) ? "battery" : "unknown",
  };
}

/** The maker's name of the chip without marks, clock and padding; hypervisors put anything here, also nothing. */
function chipName(text: string | undefined, arch: string): string {
  const name = (text ?? "")
    .replace(/\((R|TM|C)\)/gi, "")
    .replace(/@.*$/, "")
    .replace(/\b(CPU|\d+-Core|Processor)\b/g, "")
    .replace(/[^\x20-\x7e]/g, "")
    .replace(/\s+/g, " ")
    .trim();
  return name === "" ? `unnamed ${arch} chip` : name.slice(0, 60);
}

/**
 * Physical cores: pairs of socket and core. Null where they are not listed (arm64, some hypervisors) or contradict the
 * number of logical cores.
 */
function countCores(cpuinfo: string, logicalCores: number): number | null {
  const blocks = cpuinfo.split(/\n\s*\n/).filter((block) => /^processor\s*:/m.test(block));
  const field = (block: string, name: string) => new RegExp(`^${name}[ \\t]*:[ \\t]*(\\d+)`, "m").exec(block)?.[1];
  const pairs = blocks.map((block) => [field(block, "physical id"), field(block, "core id")]);
  if (pairs.length === 0 || pairs.some(([socket, core]) => socket === undefined || core === undefined)) return null;
  const cores = new Set(pairs.map((pair) => pair.join())).size;
  return cores <= logicalCores ? cores : null;
}

function linuxPower(reader: MachineReader): MachineFacts["power"] {
  const folder = "/sys/class/power_supply";
  const supplies = reader.list(folder).map((name) => ({
    type: reader.read(`${folder}/${name}/type`)?.trim(),
    scope: reader.read(`${folder}/${name}/scope`)?.trim(),
    online: reader.read(`${folder}/${name}/online`)?.trim(),
    status: reader.read(`${folder}/${name}/status`)?.trim(),
  }));
  if (supplies.some(({ type, online }) => (type === "Mains" || type === "USB") && online === "1")) return "mains";
  // A mouse has a battery too: its scope is "Device".
  const discharges = ({ type, scope, status }: typeof supplies[number]) =>
    type === "Battery" && scope !== "Device" && status === "Discharging";
  return supplies.some(discharges) ? "battery" : "unknown";
}

function engineVersions({ engineVersions }: MachineReader): Record<string, string> {
  const engine = engineVersions.deno === undefined ? "node" : "deno";
  const names = [engine, "v8"];
  return Object.fromEntries(names.map((name) => [name, engineVersions[name] ?? "unknown"]));
}

function versionsOf(packages: readonly string[], reader: MachineReader): Record<string, string> {
  return Object.fromEntries(packages.map((name) => [name, reader.packageVersion(name) ?? "not installed"]));
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function lines(text: string | null): string[] {
  return (text ?? "").split("\n").filter((line) => line.trim() !== "");
}

function splitOnce(line: string, separator: string): [string, string] {
  const [key, ...rest] = line.split(separator);
  return [key.trim(), rest.join(separator).trim()];
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d*$/.test(text) ? Number(text) : null;
}
