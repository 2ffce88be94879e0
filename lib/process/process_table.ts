// The processes of this machine: who is whose child, in which group, and how much memory each one holds.
// Linux: /proc. macOS: ps. Both are parsed by functions of text, so that either is tested anywhere.

import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import process from "node:process";

// A kernel may be built without these lists.
const LISTS_CHILDREN = existsSync(`/proc/self/task/${process.pid}/children`);

/** One process. `start` tells a process from a later one that got the same id. */
export interface ProcessRow {
  pid: number;
  parentPid: number;
  groupId: number;
  start: string;
  /** Resident memory, in bytes; on Linux only filled in by `withMemory`. */
  rssBytes: number;
  isZombie: boolean;
}

/** All processes that can be seen. */
export async function processTable(): Promise<ProcessRow[]> {
  return process.platform === "linux" ? linuxTable() : parsePs(await runPs());
}

/**
 * The processes of `roots` (start by pid, null where it does not matter) that run, and their descendants: what `treeOf` finds but for the group, in less than a millisecond
 * where Linux lists children by thread (/proc/PID/task/TID/children); elsewhere from the whole table.
 */
export async function descendantsOf(roots: ReadonlyMap<number, string | null>): Promise<ProcessRow[]> {
  if (process.platform === "linux" && LISTS_CHILDREN) return linuxDescendants(roots);
  const rows = await processTable();
  const present = rows.filter(({ pid, start }) => isSame(roots.get(pid), start));
  return treeOf(rows, -1, new Map(present.map(({ pid, start }) => [pid, start])));
}

/** The rows with their memory, which on Linux is read only for those asked for. */
export function withMemory(rows: readonly ProcessRow[]): ProcessRow[] {
  if (process.platform !== "linux") return [...rows];
  return rows.map((row) => ({ ...row, rssBytes: parseStatusBytes(readProc(row.pid, "status"), "VmRSS") ?? 0 }));
}

/** The highest resident memory that a process has had, in bytes, or null where the system does not tell (macOS). */
export function peakRssBytesOf(pid: number): number | null {
  return process.platform === "linux" ? parseStatusBytes(readProc(pid, "status"), "VmHWM") : null;
}

/**
 * The rows of a tree: `pid`, its descendants, every process of its group, and those that were seen in the tree
 * before (`known`: start by pid) and have since lost their parent.
 */
export function treeOf(rows: readonly ProcessRow[], pid: number, known: ReadonlyMap<number, string>): ProcessRow[] {
  const byParent = new Map<number, ProcessRow[]>();
  for (const row of rows) byParent.set(row.parentPid, [...(byParent.get(row.parentPid) ?? []), row]);
  const isRoot = (row: ProcessRow) => row.pid === pid || row.groupId === pid || known.get(row.pid) === row.start;
  const members = new Set(rows.filter(isRoot));
  for (const member of members) { // a Set may grow while it is iterated
    for (const child of byParent.get(member.pid) ?? []) members.add(child);
  }
  return [...members];
}

/** Parses `ps -axo pid=,ppid=,pgid=,stat=,rss=,lstart=`; rss is in KiB there. */
export function parsePs(text: string): ProcessRow[] {
  const rows: ProcessRow[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\d+)\s+(.*?)\s*$/.exec(line);
    if (match === null) continue;
    const [, pid, parentPid, groupId, state, rssKib, start] = match;
    rows.push({
      pid: Number(pid),
      parentPid: Number(parentPid),
      groupId: Number(groupId),
      start,
      rssBytes: Number(rssKib) * 1024,
      isZombie: state.startsWith("Z"),
    });
  }
  return rows;
}

/** Parses /proc/PID/stat; null when the text is incomplete. The program's name stands in brackets and may contain some itself. */
export function parseLinuxStat(text: string): ProcessRow | null {
  const nameEnd = text.lastIndexOf(")");
  const fields = text.slice(nameEnd + 2).split(" ");
  if (nameEnd < 0 || fields.length < 20) return null;
  return {
    pid: parseInt(text, 10),
    parentPid: Number(fields[1]),
    groupId: Number(fields[2]),
    start: fields[19], // field 22 of proc(5): clock ticks since boot
    rssBytes: 0,
    isZombie: fields[0] === "Z" || fields[0] === "X",
  };
}

/** A memory line of /proc/PID/status ("VmHWM:    1234 kB") in bytes, or null. */
export function parseStatusBytes(text: string, key: string): number | null {
  const match = new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(text);
  return match === null ? null : Number(match[1]) * 1024;
}

function linuxTable(): ProcessRow[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.map((pid) => parseLinuxStat(readProc(pid, "stat"))).filter((row) => row !== null);
}

function linuxDescendants(roots: ReadonlyMap<number, string | null>): ProcessRow[] {
  const pids = new Set(roots.keys());
  const rows: ProcessRow[] = [];
  for (const pid of pids) { // a Set may grow while it is iterated
    const row = parseLinuxStat(readProc(pid, "stat"));
    if (row === null || (roots.has(pid) && !isSame(roots.get(pid), row.start))) continue;
    rows.push(row);
    for (const child of linuxChildren(pid)) pids.add(child);
  }
  return rows;
}

/** Whether a process that started at `start` is the expected one: an id may have been used again. */
function isSame(expected: string | null | undefined, start: string): boolean {
  return expected === null || expected === start;
}

function linuxChildren(pid: number): number[] {
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // it has ended
  }
  const lists = threads.map((thread) => readProc(pid, `task/${thread}/children`).trim());
  return lists.filter((list) => list !== "").flatMap((list) => list.split(" ").map(Number));
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return ""; // the process has ended since the folder was listed
  }
}

function runPs(): Promise<string> {
  const args = ["-axo", "pid=,ppid=,pgid=,stat=,rss=,lstart="];
  return new Promise((resolve, reject) => {
    execFile("ps", args, { maxBuffer: 64 * 2 ** 20, env: { ...process.env, LC_ALL: "C" } }, (error, stdout) => {
      error ? reject(error) : resolve(stdout);
    });
  });
}
