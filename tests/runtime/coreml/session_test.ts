// What a session on CoreML is asked for, and its temporary folder. Nothing here runs CoreML: the last test does, on a Mac.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { graph, input, matMul, relu } from "lib/graph/mod.ts";
import {
  availableProviders,
  compile,
  COREML_DISABLED_OPTIMIZERS,
  COREML_UNITS,
  coreMlFlags,
  placement,
} from "lib/runtime/mod.ts";
import { inPrivateFolder } from "../../../lib/runtime/coreml/private_folder.ts";
import { sessionOptions } from "../../../lib/runtime/node_session.ts";
import { assertAllClose } from "tests/assertions.ts";

Deno.test("the grid of CoreML's flags: units, kind of model, shapes", () => {
  const grid = COREML_UNITS.flatMap((units) =>
    [true, false].flatMap((mlProgram) =>
      [true, false].map((staticShapes) => [
        `${units} ${mlProgram ? "MLProgram" : "NeuralNetwork"} ${staticShapes ? "static" : "any"}`,
        coreMlFlags({ units, mlProgram, staticShapes }),
      ])
    )
  );
  assert.deepEqual(Object.fromEntries(grid), {
    "all MLProgram static": 0x018,
    "all MLProgram any": 0x010,
    "all NeuralNetwork static": 0x008,
    "all NeuralNetwork any": 0x000,
    "cpuOnly MLProgram static": 0x019,
    "cpuOnly MLProgram any": 0x011,
    "cpuOnly NeuralNetwork static": 0x009,
    "cpuOnly NeuralNetwork any": 0x001,
    "cpuAndGpu MLProgram static": 0x038,
    "cpuAndGpu MLProgram any": 0x030,
    "cpuAndGpu NeuralNetwork static": 0x028,
    "cpuAndGpu NeuralNetwork any": 0x020,
    "cpuAndNeuralEngine MLProgram static": 0x01c,
    "cpuAndNeuralEngine MLProgram any": 0x014,
    "cpuAndNeuralEngine NeuralNetwork static": 0x00c,
    "cpuAndNeuralEngine NeuralNetwork any": 0x004,
  });
  assert.throws(
    () => coreMlFlags({ units: "gpu" as "all" }),
    /expected units all, cpuAndGpu, cpuAndNeuralEngine, cpuOnly, got "gpu"/,
  );
});

Deno.test("CoreML is configured by the integer alone, and other providers not at all", () => {
  const settings = { threads: 0, config: { disable_cpu_ep_fallback: "1" } };
  const { executionProviders, extra } = sessionOptions({
    ...settings,
    provider: "coreml",
    coreml: { units: "cpuOnly" },
  });
  assert.deepEqual(executionProviders, [{ name: "coreml", coreMlFlags: 0x019 }]);
  assert.deepEqual(extra, {
    session: { disable_cpu_ep_fallback: "1" },
    optimization: { disable_specified_optimizers: COREML_DISABLED_OPTIMIZERS },
  });
  assert.deepEqual(sessionOptions({ ...settings, provider: "webgpu" }).executionProviders, ["webgpu"]);
});

Deno.test("options that do not fit the provider are refused", async () => {
  const small = graph("g", { y: relu(input("x", "float32", [1])) });
  await assert.rejects(
    compile(small, { coreml: { units: "cpuOnly" } }),
    /^TypeError: .*CoreML's options are given to "cpu"/,
  );
  await assert.rejects(compile(small, { refuseCpuFallback: true }), /^TypeError: .*another provider, got "cpu"/);
});

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "latent-lab-test-"));
}

Deno.test("a private folder is the only TMPDIR while a session is made, and goes with it", async () => {
  const parent = temporaryFolder();
  const before = process.env.TMPDIR;
  const making = ["a", "b"].map((name) =>
    inPrivateFolder(async () => {
      const folder = process.env.TMPDIR!;
      mkdirSync(join(folder, name));
      await new Promise((resolve) => setTimeout(resolve, 5));
      assert.equal(process.env.TMPDIR, folder, "another session changed it");
      return folder;
    }, parent)
  );
  const [a, b] = await Promise.all(making);
  assert.equal(process.env.TMPDIR, before);
  assert.notEqual(a.made, b.made);
  a.delete();
  assert.deepEqual([existsSync(a.made), existsSync(b.made)], [false, true]);
  b.delete();
  rmSync(parent, { recursive: true });
});

Deno.test("a session that cannot be made leaves no folder behind, nor does a process that was killed", async () => {
  const parent = temporaryFolder();
  const before = process.env.TMPDIR;
  mkdirSync(join(parent, "latent-lab-coreml-2147483647-abandoned", "model.mlmodelc"), { recursive: true });
  mkdirSync(join(parent, `latent-lab-coreml-${process.pid}-alive`));
  mkdirSync(join(parent, "of-someone-else"));
  await assert.rejects(inPrivateFolder(() => Promise.reject(new Error("refused")), parent), /refused/);
  assert.equal(process.env.TMPDIR, before);
  assert.deepEqual(readdirSync(parent).sort(), [`latent-lab-coreml-${process.pid}-alive`, "of-someone-else"]);
  rmSync(parent, { recursive: true });
});

const isMac = (await availableProviders()).includes("coreml");

Deno.test({
  name: "CoreML computes a product on each kind of units, whole, and leaves no folder",
  ignore: !isMac,
  async fn() {
    const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`latent-lab-coreml-${process.pid}-`));
    const x = { dtype: "float32" as const, shape: [2, 3], data: Float32Array.of(1, -2, 3, 4, 5, -6) };
    const w = { dtype: "float32" as const, shape: [3, 2], data: Float32Array.of(1, 0, 0, 1, 1, 1) };
    const product = graph("product", { y: relu(matMul(input("x", "float32", [2, 3]), input("w", "float32", [3, 2]))) });
    for (const units of COREML_UNITS) {
      const session = await compile(product, { provider: "coreml", coreml: { units }, refuseCpuFallback: true });
      const { y } = await session.run({ x, w });
      assertAllClose(y.data as Float32Array, Float32Array.of(4, 1, 0, 0), { atol: 1e-2 });
      await session.release();
      assert.equal((await placement(product, { x, w }, { provider: "coreml", coreml: { units } })).whole, true);
    }
    assert.deepEqual(left(), []);
  },
});
