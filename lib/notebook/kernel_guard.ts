// Refuses a Jupyter kernel that loses cell outputs. Deno 2.8.2 and later publish outputs after the cell is reported as done, so
// that front ends drop or misplace them; results would silently be missing. The list says which versions are proven, not which are
// broken: a newer one joins it when it passes tests/notebook/kernel_stress_test.ts. Imported for its effect; needs nothing but node:process.

import process from "node:process";
import { inKernel } from "./jupyter.ts";

/** First and last version of Deno whose kernel passes the stress test. */
export const PROVEN_KERNELS = { first: "2.7.14", last: "2.8.1" } as const;
/** Version that `deno task kernel` installs. */
export const KERNEL_DENO_VERSION = "2.8.1";
/** Name of the kernel that front ends show. */
export const KERNEL_DISPLAY_NAME = `Latent Lab (Deno ${KERNEL_DENO_VERSION})`;

/**
 * Whether the kernel of this Deno version is proven to deliver every output.
 *
 * @example
 * ```ts
 * import { isProvenKernel } from "lib/notebook/mod.ts";
 * console.log(isProvenKernel("2.8.1"), isProvenKernel("2.9.5")); // true false
 * ```
 */
export function isProvenKernel(version: string): boolean {
  if (!/^\d+\.\d+\.\d+$/.test(version)) return false; // release candidates and canaries are not proven
  return compareVersions(version, PROVEN_KERNELS.first) >= 0 && compareVersions(version, PROVEN_KERNELS.last) <= 0;
}

/** What to tell the user of a kernel that is refused. */
export function kernelRefusal(version: string): string {
  return `Cannot use this kernel: Deno ${version} is not known to deliver every cell output (2.8.2 to 2.9.6 lose them). ` +
    `Select the kernel "${KERNEL_DISPLAY_NAME}"; \`deno task kernel\` installs it.`;
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (let i = 0; i < 3; i++) if (left[i] !== right[i]) return left[i] - right[i];
  return 0;
}

function guard(): void {
  const version = process.versions.deno;
  if (!inKernel() || version === undefined || isProvenKernel(version)) return;
  const refusal = kernelRefusal(version);
  console.error(refusal); // 2.8.2 and 2.8.3 report a throwing cell as a success
  throw new Error(refusal);
}

guard();
