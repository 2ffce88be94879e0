import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setupMain } from "lib/cli/setup_tfjs_node.ts";
import { nodeIncludeFolder, requireCompiler } from "lib/cli/tfjs_node/binding.ts";
import { mavenUrl, tensorflowLibrary } from "lib/cli/tfjs_node/library.ts";
import { projectPath } from "lib/process/mod.ts";
import { TFJS_NODE_FOLDER, tfjsBackendName } from "lib/runtime/mod.ts";

const silent = { line: () => {}, live: () => {} };
const signal = new AbortController().signal;

Deno.test("there is a library for Linux on x64 and macOS on arm64, pinned by hash, and for no other machine", () => {
  for (const [platform, arch] of [["linux", "x64"], ["darwin", "arm64"]] as const) {
    const library = tensorflowLibrary({ platform, arch });
    assert.match(library?.sha256 ?? "", /^[0-9a-f]{64}$/);
    assert.ok(library!.unpackedBytes > library!.bytes && library!.bytes > 1e8);
    assert.ok(
      library!.entries[0].includes("libtensorflow_cc") && library!.entries[1].includes("libtensorflow_framework"),
    );
  }
  assert.equal(tensorflowLibrary({ platform: "darwin", arch: "x64" }), null);
  assert.equal(tensorflowLibrary({ platform: "win32", arch: "x64" }), null);
});

Deno.test("a mirror can take the repository's place", () => {
  assert.match(mavenUrl({}), /^https:\/\/[^/]+\/maven2$/);
  assert.equal(mavenUrl({ LATENT_LAB_MAVEN_URL: "http://mirror/maven/" }), "http://mirror/maven");
  assert.equal(mavenUrl({ LATENT_LAB_MAVEN_URL: "" }), mavenUrl({}));
});

Deno.test("unknown options are refused before anything is installed", async () => {
  await assert.rejects(setupMain(["--gpu"], { terminal: silent, signal }), /the options are --force/);
});

Deno.test("a missing compiler is told with what installs one", async () => {
  const before = Deno.env.get("CXX");
  Deno.env.set("CXX", "no-such-compiler");
  try {
    await assert.rejects(requireCompiler(), /no C\+\+ compiler "no-such-compiler"; .* installs one/);
  } finally {
    if (before === undefined) Deno.env.delete("CXX");
    else Deno.env.set("CXX", before);
  }
});

Deno.test("our header declares every function of TensorFlow that the binding calls", () => {
  const binding = projectPath("node_modules/@tensorflow/tfjs-node/binding");
  const sources = [
    "tfjs_backend.cc",
    "tfjs_binding.cc",
    "utils.h",
    "tfe_auto_op.h",
    "tf_auto_status.h",
    "tf_auto_tensor.h",
  ]
    .map((name) => readFileSync(join(binding, name), "utf8")).join("\n").replace(/\/\/.*$/gm, "");
  const header = readFileSync(projectPath("lib/cli/tfjs_node/tensorflow_c_api.h"), "utf8");
  const called = new Set(sources.match(/\bTFE?_(?!Auto)[A-Z][a-z]\w*(?=\()/g));
  assert.ok(called.size > 40, `${called.size} functions found`);
  assert.deepEqual([...called].filter((name) => !new RegExp(`\\b${name}\\b`).test(header)), []);
});

Deno.test({
  name: "what is installed is left as it is",
  ignore: tfjsBackendName() !== "tfjs-node" || !existsSync(projectPath(TFJS_NODE_FOLDER)),
  fn: async () => {
    const lines: string[] = [];
    const terminal = { line: (text: string) => lines.push(text), live: () => assert.fail("nothing is downloaded") };
    assert.equal(await setupMain([], { terminal, signal }), 0);
    assert.match(lines.join(), /is installed in \.native\/tfjs-node; --force installs it again/);
    assert.ok(existsSync(join(nodeIncludeFolder(), "node_api.h")));
  },
});
