// Native programs and libraries below a folder, told apart by their first bytes.

import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";

/** What a native file runs on. */
export type Target = "macos-arm64" | "linux-x64" | "other";

const HEADER_BYTES = 4096;
const CPU_TYPE_ARM64 = 0x0100000c;
const ELF_MACHINE_X64 = 62;

/**
 * The target of a file that begins with `bytes`; null when it is not native code for macOS or Linux. Mach-O: magic and CPU type, also
 * of each part of a universal file; ELF: class and machine.
 */
export function nativeTarget(bytes: Uint8Array): Target | null {
  if (bytes.length < 20) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) === 0xfeedfacf) {
    return view.getUint32(4, true) === CPU_TYPE_ARM64 ? "macos-arm64" : "other";
  }
  const magic = view.getUint32(0);
  if (magic === 0xcafebabe || magic === 0xcafebabf) return universalTarget(view, magic === 0xcafebabf ? 32 : 20);
  if (magic !== 0x7f454c46) return null;
  return bytes[4] === 2 && view.getUint16(18, true) === ELF_MACHINE_X64 ? "linux-x64" : "other";
}

function universalTarget(view: DataView, entryBytes: number): Target | null {
  const count = view.getUint32(4);
  if (count > 20 || 8 + count * entryBytes > view.byteLength) return null; // a Java class begins with the same four bytes
  for (let i = 0; i < count; i++) {
    if (view.getUint32(8 + i * entryBytes) === CPU_TYPE_ARM64) return "macos-arm64";
  }
  return "other";
}

/** Targets of the native files of each package in a `node_modules` folder, by the package's name. */
export function nativeTargets(nodeModules: string): Map<string, Set<Target>> {
  const targets = new Map<string, Set<Target>>();
  for (const entry of readdirSync(nodeModules, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(node|dylib|so(\.\d+)*)$|^[^.]+$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const target = nativeTarget(firstBytes(path));
    if (target === null) continue;
    const name = packageOf(path);
    targets.set(name, (targets.get(name) ?? new Set()).add(target));
  }
  return targets;
}

/** The package that a file below `node_modules`, however deep, belongs to. */
function packageOf(path: string): string {
  const parts = path.split("/node_modules/").at(-1)!.split("/");
  return parts.slice(0, parts[0].startsWith("@") ? 2 : 1).join("/");
}

function firstBytes(path: string): Uint8Array {
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(HEADER_BYTES);
    return bytes.subarray(0, readSync(file, bytes, 0, HEADER_BYTES, 0));
  } finally {
    closeSync(file);
  }
}
