// Which GPU measurements on it are of: no programming interface of ONNX Runtime tells.

import { spawnSync } from "node:child_process";
import process from "node:process";

/** A GPU as a report names it. */
export interface GpuFacts {
  name: string;
  driver: string;
  memory: string;
}

/**
 * The first NVIDIA GPU by its own tool, SwiftShader when Vulkan is pointed to it, Apple's chip on a Mac; null when unknown.
 *
 * @param run gives a program's standard output, null when it cannot be run
 */
export function gpuFacts(
  { platform = process.platform, env = process.env, run = outputOf }: {
    platform?: string;
    env?: Readonly<Record<string, string | undefined>>;
    run?: (program: string, args: string[]) => string | null;
  } = {},
): GpuFacts | null {
  if (/swiftshader/i.test(env.VK_DRIVER_FILES ?? "")) {
    return { name: "SwiftShader (computes on the CPU)", driver: "", memory: "" };
  }
  if (platform === "darwin") {
    const chip = run("sysctl", ["-n", "machdep.cpu.brand_string"])?.trim();
    return chip ? { name: `${chip} GPU`, driver: "Metal", memory: "shared" } : null;
  }
  const text = run("nvidia-smi", ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]);
  const [name, driver, memory] = (text ?? "").split("\n")[0].split(",").map((field) => field.trim());
  return name && driver && memory ? { name, driver, memory } : null;
}

function outputOf(program: string, args: string[]): string | null {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8", timeout: 20_000 });
  return status === 0 ? stdout : null;
}
