// Building tfjs-node's binding: the package's two source files, one call of the C++ compiler.

import { existsSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import process from "node:process";
import { projectPath, startChild } from "../../process/mod.ts";
import { CommandError } from "../command.ts";

/** The headers that the package's sources name; each leads to the one of ours. */
const NAMED_HEADERS = [
  "tensorflow/c/c_api.h",
  "tensorflow/c/tf_datatype.h",
  "tensorflow/c/tf_status.h",
  "tensorflow/c/tf_tensor.h",
  "tensorflow/c/eager/c_api.h",
  "tensorflow/core/platform/ctstring_internal.h",
];

/** Refuses a machine without a C++ compiler, before anything large is downloaded. */
export async function requireCompiler(): Promise<void> {
  const { exitCode } = await startChild({ command: compiler(), args: ["--version"], deadlineMs: 20_000 }).result
    .catch(() => ({ exitCode: null }));
  if (exitCode === 0) return;
  const how = process.platform === "darwin" ? "xcode-select --install" : "apt-get install g++";
  throw new CommandError(
    `Cannot build tfjs-node's binding: there is no C++ compiler "${compiler()}"; ${how} installs one`,
  );
}

const compiler = () => process.env.CXX || "c++";

/** Folder of node_api.h: of the package node-api-headers, or of the Node.js on the path. */
export function nodeIncludeFolder(): string {
  const nodes = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "node")).filter((path) =>
    existsSync(path)
  );
  const folders = [
    projectPath("node_modules/node-api-headers/include"),
    ...nodes.map((path) => join(dirname(dirname(realpathSync(path))), "include/node")),
  ];
  const found = folders.find((folder) => existsSync(join(folder, "node_api.h")));
  if (found) return found;
  throw new CommandError(
    "Cannot build tfjs-node's binding: node_api.h is missing; npm install --no-save node-api-headers",
  );
}

/**
 * Compiles the binding into `folder`, whose `lib` has the libraries.
 *
 * @returns path of the binding, under a temporary name that can be loaded
 */
export async function buildBinding(folder: string, libraries: readonly string[], signal: AbortSignal): Promise<string> {
  const target = join(folder, "tfjs_binding.built.node");
  const include = join(folder, "include");
  for (const header of NAMED_HEADERS) {
    mkdirSync(dirname(join(include, header)), { recursive: true });
    writeFileSync(
      join(include, header),
      `#include ${JSON.stringify(projectPath("lib/cli/tfjs_node/tensorflow_c_api.h"))}\n`,
    );
  }
  const args = compilerArguments({ folder, include, target, libraries });
  const { exitCode, stderrTail, reason } = await startChild({ command: compiler(), args, deadlineMs: 300_000, signal })
    .result;
  if (exitCode !== 0) throw new Error(`Cannot build tfjs-node's binding (${reason}):\n${stderrTail.trim()}`);
  return target;
}

function compilerArguments(
  { folder, include, target, libraries }: {
    folder: string;
    include: string;
    target: string;
    libraries: readonly string[];
  },
): string[] {
  const source = projectPath("node_modules/@tensorflow/tfjs-node");
  const paths = libraries.map((name) => join(folder, "lib", basename(name)));
  // The binding finds the libraries beside itself, wherever the project lies.
  const linking = process.platform === "darwin"
    ? ["-bundle", "-undefined", "dynamic_lookup", "-Wl,-rpath,@loader_path/lib"]
    : ["-shared", "-Wl,-rpath,$ORIGIN/lib"];
  return [
    ...["-O2", "-std=c++17", "-fPIC", "-DNAPI_VERSION=8", "-w"],
    ...[nodeIncludeFolder(), include, source].map((path) => `-I${path}`),
    ...["tfjs_backend.cc", "tfjs_binding.cc"].map((name) => join(source, "binding", name)),
    ...linking,
    ...paths,
    ...["-o", target],
  ];
}
