// Which tfjs backends the tests run on: plain JavaScript always, the native library where it is installed.

import process from "node:process";
import { type TfjsBackendName, tfjsBackendName } from "lib/runtime/mod.ts";
import { loadTfjs } from "lib/runtime/tfjs/load.ts";

/** With LATENT_LAB_REQUIRE_ALL=1 a missing native library fails the tests instead of leaving them out. */
const native = tfjsBackendName() === "tfjs-node" || process.env.LATENT_LAB_REQUIRE_ALL === "1";

export const TFJS_BACKENDS: readonly TfjsBackendName[] = native ? ["tfjs", "tfjs-node"] : ["tfjs"];

/** Tensors that tfjs holds. */
export const tensorCount = (backend: TfjsBackendName): number => loadTfjs(backend).memory().numTensors;
