import assert from "node:assert/strict";
import os from "node:os";
import { projectRoot } from "lib/process/mod.ts";
import { machineFacts, type MachineReader, thisMachine, totalMemoryBytes } from "lib/runtime/machine.ts";

const VERSIONS = { deno: "2.9.5", v8: "15.0.245.2-rusty", node: "24.1.0" };

/** A reader of recorded texts: files by path, programs by their command line. */
function recorded(
  texts: { files?: Record<string, string>; programs?: Record<string, string> },
  fields: Partial<MachineReader> = {},
): MachineReader {
  const { files = {}, programs = {} } = texts;
  return {
    platform: "linux",
    arch: "x64",
    release: "6.1.0-18-amd64",
    logicalCores: 2,
    memoryBytes: 24 * 2 ** 30 - 5e8,
    engineVersions: VERSIONS,
    read: (path) => files[path] ?? null,
    list: (path) => {
      const inside = Object.keys(files).filter((file) => file.startsWith(`${path}/`));
      return [...new Set(inside.map((file) => file.slice(path.length + 1).split("/")[0]))];
    },
    run: (program, args) => programs[[program, ...args].join(" ")] ?? null,
    packageVersion: () => "1.30.0",
    ...fields,
  };
}

/** /proc/cpuinfo with one block for each [socket, core]. */
function cpuinfo(model: string, cores: [number, number][]): string {
  return cores.map(([socket, core], i) =>
    `processor\t: ${i}\nvendor_id\t: AuthenticAMD\nmodel name\t: ${model}\ncpu MHz\t\t: 2596.128\nphysical id\t: ${socket}\n` +
    `siblings\t: 2\ncore id\t\t: ${core}\ncpu cores\t: 2\nflags\t\t: fpu vme hypervisor\n`
  ).join("\n");
}

const DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\n';
const EPYC = recorded({
  files: { "/proc/cpuinfo": cpuinfo("AMD EPYC", [[0, 0], [0, 1]]), "/etc/os-release": DEBIAN },
});

// The format of macOS's own programs, with the figures of the maker's M4 page; not recorded on a Mac.
const SYSCTL = "sysctl machdep.cpu.brand_string hw.physicalcpu hw.perflevel0.physicalcpu hw.perflevel1.physicalcpu";
const SW_VERS = "ProductName:\t\tmacOS\nProductVersion:\t\t15.5\nBuildVersion:\t\t24F74\n";
const M4_SYSCTL = "machdep.cpu.brand_string: Apple M4\nhw.physicalcpu: 10\nhw.perflevel0.physicalcpu: 4\n" +
  "hw.perflevel1.physicalcpu: 6\n";
const ON_MAINS =
  "Now drawing from 'AC Power'\n -InternalBattery-0 (id=1234567)\t100%; charged; 0:00 remaining present: true\n";
const ON_BATTERY =
  "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1234567)\t80%; discharging; 5:01 remaining\n";
const MAC = { platform: "darwin", arch: "arm64", release: "24.5.0", logicalCores: 10, memoryBytes: 16 * 2 ** 30 };
const m4 = (battery: string) =>
  recorded({ programs: { [SYSCTL]: M4_SYSCTL, sw_vers: SW_VERS, "pmset -g batt": battery } }, MAC);

Deno.test("machineFacts describes a Linux machine", () => {
  const { id, ...facts } = machineFacts(EPYC);
  assert.match(id, /^[0-9a-f]{12}$/);
  assert.deepEqual(facts, {
    name: "AMD EPYC, 2 cores, 24 GiB, linux x64",
    chip: "AMD EPYC",
    arch: "x64",
    physicalCores: 2,
    performanceCores: null,
    efficiencyCores: null,
    logicalCores: 2,
    memoryBytes: 24 * 2 ** 30 - 5e8,
    os: "Debian GNU/Linux 12 (bookworm)",
    osBuild: "6.1.0-18-amd64",
    versions: { deno: "2.9.5", v8: "15.0.245.2-rusty", "onnxruntime-node": "1.30.0" },
    power: "unknown",
  });
});

Deno.test("machineFacts describes an Apple chip with its two kinds of cores", () => {
  const facts = machineFacts(m4(ON_MAINS));
  assert.equal(facts.name, "Apple M4, 10 cores, 16 GiB, macOS arm64");
  assert.deepEqual([facts.physicalCores, facts.performanceCores, facts.efficiencyCores], [10, 4, 6]);
  assert.deepEqual([facts.os, facts.osBuild, facts.power], ["macOS 15.5", "24F74", "mains"]);
  assert.equal(machineFacts(m4(ON_BATTERY)).power, "battery");
  assert.equal(machineFacts(m4("")).power, "unknown");
});

Deno.test("machineFacts does without what an older Mac, or a bare one, does not tell", () => {
  const intel = "machdep.cpu.brand_string: Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz\nhw.physicalcpu: 6\n";
  const old = machineFacts(recorded({ programs: { [SYSCTL]: intel, sw_vers: SW_VERS } }, { ...MAC, arch: "x64" }));
  assert.deepEqual([old.chip, old.physicalCores, old.performanceCores], ["Intel Core i7-9750H", 6, null]);
  const bare = machineFacts(recorded({}, MAC));
  assert.deepEqual([bare.chip, bare.physicalCores, bare.os], ["unnamed arm64 chip", null, "macOS"]);
  assert.equal(bare.name, "unnamed arm64 chip, 10 cores, 16 GiB, macOS arm64");
});

Deno.test("machineFacts counts cores, not threads, over sockets", () => {
  const cores: [number, number][] = [[0, 0], [0, 1], [1, 0], [1, 1], [0, 0], [0, 1], [1, 0], [1, 1]];
  const text = cpuinfo("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", cores);
  const facts = machineFacts(recorded({ files: { "/proc/cpuinfo": text } }, { logicalCores: 8 }));
  assert.deepEqual([facts.chip, facts.physicalCores, facts.logicalCores], ["Intel Xeon Gold 6248", 4, 8]);
});

Deno.test("machineFacts resists what hypervisors and other chips write", () => {
  const chip = (model: string) =>
    machineFacts(recorded({ files: { "/proc/cpuinfo": cpuinfo(model, [[0, 0], [0, 1]]) } })).chip;
  assert.equal(chip("AMD Ryzen 9 7950X 16-Core Processor            "), "AMD Ryzen 9 7950X");
  assert.equal(chip("QEMU Virtual CPU version 2.5+"), "QEMU Virtual version 2.5+");
  assert.equal(chip(""), "unnamed x64 chip");
  assert.equal(chip("\u0000\u0001"), "unnamed x64 chip");
  assert.equal(chip("x".repeat(500)).length, 60);
  const arm = "processor\t: 0\nBogoMIPS\t: 50.00\nCPU part\t: 0xd0c\n\nprocessor\t: 1\nBogoMIPS\t: 50.00\n";
  const facts = machineFacts(recorded({ files: { "/proc/cpuinfo": arm } }, { arch: "arm64" }));
  assert.deepEqual([facts.chip, facts.physicalCores, facts.os], ["unnamed arm64 chip", null, "Linux"]);
  const contradicting = cpuinfo("x", [[0, 0], [1, 0], [2, 0], [3, 0]]);
  assert.equal(machineFacts(recorded({ files: { "/proc/cpuinfo": contradicting } })).physicalCores, null);
});

Deno.test("machineFacts reads the power supply of a Linux laptop", () => {
  const supply = (files: Record<string, string>) =>
    machineFacts(recorded({
      files: Object.fromEntries(Object.entries(files).map(([path, text]) => [`/sys/class/power_supply/${path}`, text])),
    })).power;
  const battery = { "BAT0/type": "Battery\n", "BAT0/status": "Discharging\n" };
  assert.equal(supply({ ...battery, "AC/type": "Mains\n", "AC/online": "1\n" }), "mains");
  assert.equal(supply({ ...battery, "AC/type": "Mains\n", "AC/online": "0\n" }), "battery");
  assert.equal(
    supply({ "mouse/type": "Battery\n", "mouse/status": "Discharging\n", "mouse/scope": "Device\n" }),
    "unknown",
  );
});

Deno.test("the id of a machine changes with what a measurement depends on, and with nothing else", () => {
  const id = machineFacts(EPYC).id;
  const same: Partial<MachineReader>[] = [
    { engineVersions: { node: "24.1.0", v8: "13.6" } },
    { memoryBytes: EPYC.memoryBytes - 2 ** 20 },
  ];
  for (const fields of same) assert.equal(machineFacts({ ...EPYC, ...fields }).id, id);
  const other: Partial<MachineReader>[] = [
    { release: "6.1.0-19-amd64" },
    { logicalCores: 4 },
    { memoryBytes: 16 * 2 ** 30 },
    { arch: "arm64" },
    { packageVersion: () => "1.31.0" },
    { packageVersion: () => null },
  ];
  const ids = other.map((fields) => machineFacts({ ...EPYC, ...fields }).id);
  assert.equal(new Set([id, ...ids]).size, other.length + 1);
  assert.equal(machineFacts(m4(ON_MAINS)).id, machineFacts(m4(ON_BATTERY)).id);
});

Deno.test("machineFacts under Node names Node", () => {
  const { versions } = machineFacts({
    ...EPYC,
    engineVersions: { node: "20.20.0", v8: "11.3" },
    packageVersion: () => null,
  });
  assert.deepEqual(versions, { node: "20.20.0", v8: "11.3", "onnxruntime-node": "not installed" });
});

Deno.test("machineFacts of this machine is complete and tells nothing about its owner", () => {
  const facts = machineFacts();
  assert.equal(facts.versions.deno, Deno.version.deno);
  assert.match(facts.versions["onnxruntime-node"], /^\d+\.\d+\.\d+/);
  assert.ok(facts.memoryBytes > 2 ** 30 && facts.logicalCores >= 1);
  const text = JSON.stringify(facts);
  const names = [os.hostname(), os.homedir(), projectRoot()].filter((name) => name.length > 3 && name !== "localhost");
  for (const name of names) assert.equal(text.includes(name), false, name);
  assert.equal(machineFacts().id, facts.id);
});

Deno.test("totalMemoryBytes is a container's limit where that is lower", () => {
  const within = (files: Record<string, string>) => totalMemoryBytes(recorded({ files }, { memoryBytes: 8e9 }));
  assert.equal(within({}), 8e9);
  assert.equal(within({ "/sys/fs/cgroup/memory.max": "max\n" }), 8e9);
  assert.equal(within({ "/sys/fs/cgroup/memory.max": "2000000000\n" }), 2e9);
  assert.equal(within({ "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n" }), 8e9);
  assert.ok(totalMemoryBytes() <= thisMachine().memoryBytes);
});
