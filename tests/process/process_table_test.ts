import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { findDeno } from "lib/process/deno_executable.ts";
import { denoExecutable, ownMemory } from "lib/process/mod.ts";
import {
  descendantsOf,
  parseLinuxStat,
  parsePs,
  parseStatusBytes,
  processTable,
  treeOf,
  withMemory,
} from "lib/process/process_table.ts";

// `ps -axo pid=,ppid=,pgid=,stat=,rss=,lstart=` as BSD ps prints it (macOS): KiB, and a date with spaces.
const BSD_PS = `    1     0     1 Ss    13984 Mon Nov 10 08:00:01 2025
  501     1   501 S      5120 Mon Nov 10 08:00:09 2025
 7001   501  7001 Ss    90112 Fri Nov 21 21:55:10 2025
 7002  7001  7001 S+     1024 Fri Nov 21 21:55:10 2025
 7003  7002  7003 Ss     2048 Fri Nov 21 21:55:11 2025
 7004     1  7001 Z         0 Fri Nov 21 21:55:12 2025
 7005     1  7005 S      4096 Fri Nov 21 21:55:13 2025
`;

Deno.test("parsePs reads the process table of macOS", () => {
  const rows = parsePs(BSD_PS);
  assert.equal(rows.length, 7);
  assert.deepEqual(rows[2], {
    pid: 7001,
    parentPid: 501,
    groupId: 7001,
    start: "Fri Nov 21 21:55:10 2025",
    rssBytes: 90112 * 1024,
    isZombie: false,
  });
  assert.equal(rows[5].isZombie, true);
});

Deno.test("treeOf takes descendants, the group, and known processes that are still the same", () => {
  const rows = parsePs(BSD_PS);
  const pids = (known: [number, string][]) => treeOf(rows, 7001, new Map(known)).map((row) => row.pid).sort();
  assert.deepEqual(pids([]), [7001, 7002, 7003, 7004]);
  assert.deepEqual(pids([[7005, "Fri Nov 21 21:55:13 2025"]]), [7001, 7002, 7003, 7004, 7005]);
  assert.deepEqual(pids([[7005, "Fri Nov 21 20:00:00 2025"]]), [7001, 7002, 7003, 7004]); // the id was used again
});

Deno.test("parseLinuxStat survives a program name with brackets and spaces", () => {
  const stat =
    "4711 (a) (b c) S 12 4711 4711 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1000 200 18446744073709551615\n";
  assert.deepEqual(parseLinuxStat(stat), {
    pid: 4711,
    parentPid: 12,
    groupId: 4711,
    start: "987654",
    rssBytes: 0,
    isZombie: false,
  });
  assert.equal(parseLinuxStat(""), null);
});

Deno.test("parseStatusBytes reads kB lines and nothing else", () => {
  const status = "Name:\tdeno\nVmHWM:\t  120000 kB\nVmRSS:\t   90000 kB\n";
  assert.equal(parseStatusBytes(status, "VmHWM"), 120000 * 1024);
  assert.equal(parseStatusBytes(status, "VmRSS"), 90000 * 1024);
  assert.equal(parseStatusBytes(status, "VmSwap"), null);
});

Deno.test("processTable finds this process, with its memory", async () => {
  const own = (await processTable()).filter((row) => row.pid === Deno.pid);
  assert.equal(own.length, 1);
  const [{ rssBytes, parentPid }] = withMemory(own);
  assert.equal(parentPid, Deno.ppid);
  assert.ok(rssBytes > 2 ** 20, `${rssBytes}`);
});

Deno.test("descendantsOf finds children, and nothing of an id that was used again", async () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  try {
    const pids = async (start: string | null) =>
      (await descendantsOf(new Map([[Deno.pid, start]]))).map(({ pid }) => pid).sort();
    assert.deepEqual(await pids(null), [Deno.pid, child.pid].sort());
    assert.deepEqual(await pids("another start"), []);
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

Deno.test("ownMemory follows what this process takes", () => {
  const before = ownMemory();
  const block = new Uint8Array(64 * 2 ** 20).fill(1);
  const after = ownMemory();
  assert.ok(after.rssBytes - before.rssBytes > 48 * 2 ** 20, `${after.rssBytes - before.rssBytes}`);
  assert.ok(after.peakRssBytes >= after.rssBytes && block.length > 0);
});

Deno.test("findDeno prefers the pinned binary of the platform, on Linux and on macOS", () => {
  const find = (files: string[], platform: string, arch: string, isDeno = true) =>
    findDeno({ root: "/p", platform, arch, exists: (path) => files.includes(path), execPath: "/x/deno", isDeno });
  const linux = "/p/node_modules/@deno/linux-x64-glibc/deno";
  const mac = "/p/node_modules/@deno/darwin-arm64/deno";
  assert.equal(find([linux, "/p/node_modules/deno/deno"], "linux", "x64"), linux);
  assert.equal(find([mac], "darwin", "arm64"), mac);
  assert.equal(find(["/p/node_modules/deno/deno"], "darwin", "arm64"), "/p/node_modules/deno/deno");
  assert.equal(find([linux], "darwin", "arm64"), "/x/deno");
  assert.throws(() => find([], "darwin", "arm64", false), /Cannot find Deno.*darwin-arm64.*npm ci/);
});

Deno.test("denoExecutable is the one of node_modules", () => {
  assert.match(denoExecutable(), /node_modules.*deno$/);
});
