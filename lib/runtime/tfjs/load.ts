// tfjs, loaded on first use: with TensorFlow's native kernels where their library is installed, else in plain JavaScript.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import type * as TfTypes from "@tensorflow/tfjs";
import { projectPath } from "../../process/mod.ts";

/** The tfjs package. */
export type Tfjs = typeof TfTypes;

/** What computes: TensorFlow's native kernels, or tfjs's kernels in plain JavaScript. */
export type TfjsBackendName = "tfjs-node" | "tfjs";

/** Where `deno task setup:tfjs-node` installs library and binding. */
export const TFJS_NODE_FOLDER = ".native/tfjs-node";

/** tfjs's own names of the backends. */
const REGISTERED_NAMES = { "tfjs-node": "tensorflow", "tfjs": "cpu" } as const satisfies Record<
  TfjsBackendName,
  string
>;

/** The installed binding to TensorFlow's library: ours, or the one that the package's own install script made. */
function bindingPath(): string | null {
  const places = [
    [TFJS_NODE_FOLDER, "tfjs_binding.node"],
    ["node_modules/@tensorflow/tfjs-node/lib/napi-v8", "tfjs_binding.node"],
  ];
  return places.map((place) => projectPath(...place)).find((path) => existsSync(path)) ?? null;
}

/**
 * The backend that executors use unless told otherwise: `tfjs-node` where its native library is installed.
 *
 * @example
 * ```ts
 * import { tfjsBackendName } from "lib/runtime/mod.ts";
 * console.log(`tfjs computes with ${tfjsBackendName()}`);
 * ```
 */
export function tfjsBackendName(): TfjsBackendName {
  return bindingPath() ? "tfjs-node" : "tfjs";
}

let loaded: Tfjs | undefined;
let nativeRegistered = false;

/**
 * tfjs with one backend active. Backend and threads are the process's: executors switch the backend before they compute, and
 * the first one on `tfjs-node` decides how many threads TensorFlow uses (0: one a logical core).
 *
 * @throws {Error} when `tfjs-node` is asked for and its native library is not installed or cannot be loaded
 */
export function loadTfjs(backend: TfjsBackendName, { threads = 0 }: { threads?: number } = {}): Tfjs {
  const require = createRequire(projectPath("package.json"));
  loaded ??= require("@tensorflow/tfjs") as Tfjs;
  if (backend === "tfjs-node") registerNative(loaded, { require, threads });
  activate(loaded, backend);
  // Else the first operation advises the user to install tfjs-node.
  if (backend === "tfjs") (loaded.backend() as unknown as { firstUse: boolean }).firstUse = false;
  return loaded;
}

/** Makes a registered backend the one that computes; all of them start synchronously. */
export function activate(tf: Tfjs, backend: TfjsBackendName): void {
  const name = REGISTERED_NAMES[backend];
  if (tf.engine().backendName !== name) void tf.setBackend(name);
}

/** What `@tensorflow/tfjs-node` does when it is imported, with the binding from where it was installed. */
function registerNative(tf: Tfjs, { require, threads }: { require: NodeJS.Require; threads: number }): void {
  if (nativeRegistered) return;
  const path = bindingPath();
  if (!path) {
    throw new Error("Cannot use tfjs-node: its native library is not installed; run `deno task setup:tfjs-node`");
  }
  // Node 23 and Deno no longer have this function, which tfjs-node calls.
  const util = require("node:util") as { isNullOrUndefined?: (value: unknown) => boolean };
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  if (threads > 0) process.env.TF_NUM_INTRAOP_THREADS = String(threads);
  require("@tensorflow/tfjs-node/dist/register_all_kernels");
  const { NodeJSKernelBackend } = require("@tensorflow/tfjs-node/dist/nodejs_kernel_backend");
  let binding: unknown;
  try {
    binding = require(path);
  } catch (cause) {
    throw new Error("Cannot load tfjs-node's native library: run `deno task setup:tfjs-node --force`", { cause });
  }
  tf.registerBackend(REGISTERED_NAMES["tfjs-node"], () => new NodeJSKernelBackend(binding, "@tensorflow/tfjs-node"));
  nativeRegistered = true;
}
