// Where WebGPU runs in tests: SwiftShader, a Vulkan driver for the CPU that Chromium ships, else the machine's GPU.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { startChild } from "lib/process/mod.ts";
import { stepsBesideEachOther, UNCHECKED } from "tests/steps.ts";

/** Folders in which Debian, Ubuntu and Google put Chromium with SwiftShader. */
const CHROMIUM_FOLDERS = [
  "/usr/lib/chromium",
  "/usr/lib/chromium-browser",
  "/opt/google/chrome",
  "/opt/google/chrome-unstable",
];

/**
 * Environment in which Vulkan programs run on SwiftShader, or null where it is not installed. It must be set before a process
 * starts. The folder also has a Vulkan loader, so that none need be installed.
 */
export function swiftShaderEnvironment(): Record<string, string> | null {
  const folder = CHROMIUM_FOLDERS.find((path) => existsSync(join(path, "vk_swiftshader_icd.json")));
  if (process.platform !== "linux" || !folder) return null;
  const driver = join(folder, "vk_swiftshader_icd.json");
  const libraries = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":");
  return {
    VK_DRIVER_FILES: driver,
    VK_ICD_FILENAMES: driver,
    LD_LIBRARY_PATH: libraries,
    XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? tmpdir(),
  };
}

/** Environment in which WebGPU works here, or null. */
export function webgpuEnvironment(): Record<string, string> | null {
  if (process.platform === "darwin") return {};
  const hasGpu = ["/dev/nvidia0", "/dev/dri/renderD128"].some(existsSync);
  return swiftShaderEnvironment() ?? (hasGpu ? { XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? tmpdir() } : null);
}

/** A module that ends with an error when it fails. */
interface WebgpuChild {
  module: string;
  args?: string[];
  /** Changes to the environment, for tests of what is missing. */
  env?: Record<string, string | undefined>;
}

/**
 * A test that runs a module in a child process with WebGPU; the module ends with an error when it fails. Ignored where there is
 * no WebGPU, unless LATENT_LAB_REQUIRE_ALL is 1.
 */
export function webgpuTest(name: string, child: WebgpuChild): void {
  onWebgpu(name, (_, environment) => runChild(child, environment));
}

/** The same of several children by their names, two at a time: most of the time goes to compiling shaders, on one core each. */
export function webgpuTests(name: string, children: Readonly<Record<string, WebgpuChild>>): void {
  onWebgpu(name, (test, environment) => {
    const started = Object.entries(children).map(([name, child]) =>
      [name, () => runChild(child, environment)] as const
    );
    return stepsBesideEachOther(test, Object.fromEntries(started), { atOnce: 2 });
  }, UNCHECKED);
}

function onWebgpu(
  name: string,
  fn: (test: Deno.TestContext, environment: Record<string, string>) => Promise<void>,
  checks: Partial<typeof UNCHECKED> = {},
): void {
  const environment = webgpuEnvironment();
  const ignore = environment === null && process.env.LATENT_LAB_REQUIRE_ALL !== "1";
  Deno.test({
    name: ignore ? `${name} (ignored: neither SwiftShader nor a GPU is here)` : name,
    ignore,
    ...checks,
    fn: (test) => {
      assert.ok(environment, "LATENT_LAB_REQUIRE_ALL is 1, but neither SwiftShader (of Chromium) nor a GPU is here");
      return fn(test, environment);
    },
  });
}

async function runChild({ module, args = [], env = {} }: WebgpuChild, environment: Record<string, string>) {
  const child = startChild({ module, args, env: { ...environment, ...env }, deadlineMs: 300_000 });
  const { exitCode, reason, stderrTail } = await child.result;
  assert.equal(reason === "exit" && exitCode, 0, `${module} ${args.join(" ")}: ${reason}: ${stderrTail}`);
}
