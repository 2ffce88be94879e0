// One lockfile serves Linux x64 and macOS arm64. A registry may hold a package's Linux binary and not its macOS one, and then
// `npm ci` fails on a Mac only: so what a Mac would install is looked at here.

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { projectPath, startChild } from "lib/process/mod.ts";
import { nativeTarget, nativeTargets } from "./native_files.ts";

interface LockedPackage {
  version?: string;
  resolved?: string;
  integrity?: string;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  link?: boolean;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const lock: Record<string, LockedPackage> = JSON.parse(readFileSync(projectPath("package-lock.json"), "utf8")).packages;
const manifest = JSON.parse(readFileSync(projectPath("package.json"), "utf8"));
/** Packages whose binaries the workspace cannot do without. */
const ESSENTIAL = ["@deno", "@esbuild", "@oxc-parser", "@resvg"];

/** Packages in the lockfile that are only for Linux x64 with glibc, by path. */
function linuxPackages(packages: Record<string, LockedPackage>): string[] {
  return Object.entries(packages).filter(([, { os, cpu, libc }]) =>
    os?.includes("linux") && cpu?.includes("x64") && (libc === undefined || libc.includes("glibc"))
  ).map(([path]) => path);
}

/** What the macOS twin of a Linux package is called. */
function macTwin(path: string): string {
  return path.replace(/linux-x64(-glibc|-gnu)?$/, "darwin-arm64");
}

/** Linux packages whose macOS twin is missing, has another version, or is not for macOS arm64. */
function missingTwins(packages: Record<string, LockedPackage>): string[] {
  return linuxPackages(packages).filter((path) => {
    const twin = packages[macTwin(path)];
    return macTwin(path) === path || twin?.version !== packages[path].version ||
      !twin?.os?.includes("darwin") || !twin?.cpu?.includes("arm64");
  });
}

Deno.test("missingTwins names Linux packages without a macOS package of the same version", () => {
  const linux = { version: "1.0.0", os: ["linux"], cpu: ["x64"] };
  const mac = { version: "1.0.0", os: ["darwin"], cpu: ["arm64"] };
  const packages = {
    "a-linux-x64-gnu": { ...linux, libc: ["glibc"] },
    "a-darwin-arm64": mac,
    "b-linux-x64": linux,
    "b-darwin-arm64": { ...mac, version: "0.9.0" },
    "c-linux-x64-glibc": linux,
    "d-linux-x64-musl": { ...linux, libc: ["musl"] },
    "e-linux-x64": linux,
    "e-darwin-arm64": { ...mac, cpu: ["x64"] },
  };
  assert.deepEqual(missingTwins(packages), ["b-linux-x64", "c-linux-x64-glibc", "e-linux-x64"]);
});

Deno.test("package-lock.json has the macOS arm64 twin of every Linux x64 package", () => {
  const names = linuxPackages(lock).map((path) => path.replace(/.*node_modules\//, ""));
  assert.deepEqual(ESSENTIAL.filter((scope) => !names.some((name) => name.startsWith(`${scope}/`))), []);
  assert.deepEqual(missingTwins(lock), []);
});

Deno.test("package-lock.json names no private registry and has a hash for every package", () => {
  const entries = Object.entries(lock).filter(([path, { link }]) => path !== "" && !link);
  assert.ok(entries.length > 100, "the lockfile was not read");
  const elsewhere = entries.filter(([, { resolved }]) =>
    resolved && !resolved.startsWith("https://registry.npmjs.org/")
  );
  assert.deepEqual(elsewhere.map(([path, { resolved }]) => `${path}: ${resolved}`), []);
  assert.deepEqual(entries.filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? "")).map(([path]) => path), []);
});

Deno.test("package.json pins exact versions, and package-lock.json has the same", () => {
  const wanted: Record<string, string> = { ...manifest.dependencies, ...manifest.devDependencies };
  assert.deepEqual(Object.entries(wanted).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)), []);
  assert.deepEqual([lock[""].dependencies, lock[""].devDependencies], [
    manifest.dependencies,
    manifest.devDependencies,
  ]);
  const other = Object.keys(wanted).filter((name) => lock[`node_modules/${name}`]?.version !== wanted[name]);
  assert.deepEqual(other, []);
});

Deno.test("nativeTarget tells Mach-O arm64 and ELF x64 from others by their first bytes", () => {
  const bytes = (...words: number[]) => {
    const view = new DataView(new ArrayBuffer(64));
    words.forEach((word, i) => view.setUint32(i * 4, word));
    return new Uint8Array(view.buffer);
  };
  const elf = (machine: number) => bytes(0x7f454c46, 0x02010100, 0, 0, 0x03000000 | (machine << 8));
  assert.equal(nativeTarget(bytes(0xcffaedfe, 0x0c000001)), "macos-arm64");
  assert.equal(nativeTarget(bytes(0xcffaedfe, 0x07000001)), "other"); // x64
  assert.equal(nativeTarget(bytes(0xcafebabe, 2, 0x01000007, 0, 0, 0, 0, 0x0100000c)), "macos-arm64"); // universal
  assert.equal(nativeTarget(bytes(0xcafebabe, 1, 0x01000007)), "other");
  assert.equal(nativeTarget(bytes(0xcafebabe, 0x00000034)), null); // a Java class
  assert.equal(nativeTarget(elf(62)), "linux-x64");
  assert.equal(nativeTarget(elf(183)), "other"); // arm64
  assert.equal(nativeTarget(bytes(0x23212f62)), null); // a script
  assert.equal(nativeTarget(new Uint8Array(3)), null);
});

Deno.test({
  name: "npm ci for macOS arm64 installs Mach-O arm64 files for Deno and every native package",
  // Needs the registry and 1 GB of disk.
  ignore: !process.env.LATENT_LAB_REQUIRE_ALL,
  async fn() {
    const folder = mkdtempSync(join(tmpdir(), "latent-lab-macos-"));
    try {
      for (const name of ["package.json", "package-lock.json"]) copyFileSync(projectPath(name), join(folder, name));
      const { exitCode, stderrTail } = await startChild({
        command: "npm",
        args: ["ci", "--ignore-scripts", "--os=darwin", "--cpu=arm64", "--no-audit", "--no-fund"],
        cwd: folder,
        env: { ONNXRUNTIME_NODE_INSTALL: "skip" },
        deadlineMs: 600_000,
      }).result;
      assert.equal(exitCode, 0, stderrTail);
      const targets = nativeTargets(join(folder, "node_modules"));
      const twins = linuxPackages(lock).map((path) => macTwin(path).replace(/.*node_modules\//, ""));
      const expected = new Set([...twins, "onnxruntime-node"]);
      // Some packages carry the binaries of all platforms.
      for (const [name, has] of targets) if (has.has("linux-x64")) expected.add(name);
      assert.deepEqual([...expected].filter((name) => !targets.get(name)?.has("macos-arm64")), []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
});
