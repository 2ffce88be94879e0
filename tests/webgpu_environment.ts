// Where WebGPU runs in tests: SwiftShader, a Vulkan driver for the CPU that Chromium ships, else the machine's GPU.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { startChild } from "lib/process/mod.ts";

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

/**
 * A test that runs a module in a child process with WebGPU; the module ends with an error when it fails. Ignored where there is
 * no WebGPU, unless LATENT_LAB_REQUIRE_ALL is 1.
 *
 * @param env changes to the environment, for tests of what is missing
 */
export function webgpuTest(
  name: string,
  { module, args = [], env = {} }: { module: string; args?: string[]; env?: Record<string, string | undefined> },
): void {
  const environment = webgpuEnvironment();
  const ignore = environment === null && process.env.LATENT_LAB_REQUIRE_ALL !== "1";
  Deno.test({
    name: ignore ? `${name} (ignored: neither SwiftShader nor a GPU is here)` : name,
    ignore,
    fn: async () => {
      assert.ok(environment, "LATENT_LAB_REQUIRE_ALL is 1, but neither SwiftShader (of Chromium) nor a GPU is here");
      const child = startChild({ module, args, env: { ...environment, ...env }, deadlineMs: 300_000 });
      const { exitCode, reason, stderrTail } = await child.result;
      assert.equal(reason === "exit" && exitCode, 0, `${module} ${args.join(" ")}: ${reason}: ${stderrTail}`);
    },
  });
}
