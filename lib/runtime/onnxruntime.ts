import process from "node:process";
// ONNX Runtime's native module, loaded on first use: which providers it has, and the refusal of those it has not.

import type * as Ort from "onnxruntime-common";

/** The parts of onnxruntime-node that this project uses. */
export type OrtModule = typeof Ort & { listSupportedBackends(): { name: string; bundled: boolean }[] };

/** Execution providers by ONNX Runtime's names. */
export type ProviderName = "cpu" | "webgpu" | "coreml";

let loading: Promise<OrtModule> | undefined;

/**
 * The native module.
 *
 * @throws {Error} when it is not installed or has no binary for this platform
 */
export function loadOnnxRuntime(): Promise<OrtModule> {
  loading ??= import("onnxruntime-node").then(
    (module) => ((module as { default?: unknown }).default ?? module) as OrtModule,
    (cause) => {
      throw new Error("Cannot load ONNX Runtime: run `npm ci --ignore-scripts` in the project's folder", { cause });
    },
  );
  return loading;
}

/** Names of the providers that the installed binary contains; those that it could load from elsewhere are left out. */
export async function availableProviders(): Promise<string[]> {
  return (await loadOnnxRuntime()).listSupportedBackends().filter(({ bundled }) => bundled).map(({ name }) => name);
}

/**
 * Refuses a provider that the binary lacks: ONNX Runtime itself would fall back to the CPU with a warning only, and a CPU
 * number would be published under another name.
 */
export async function requireProvider(name: ProviderName): Promise<void> {
  const available = await availableProviders();
  if (!available.includes(name)) {
    throw new Error(
      `Cannot use the provider "${name}": ONNX Runtime on ${process.platform} ${process.arch} has ${
        available.join(", ")
      }`,
    );
  }
}
