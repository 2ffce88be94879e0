// The README's "Write your own model", as it stands there, on all three engines: WebGPU needs its environment beforehand.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import { denoExecutable, projectPath, startChild } from "lib/process/mod.ts";
import { availableEngines, createStepper } from "lib/train/mod.ts";
import { webgpuEnvironment } from "tests/webgpu_environment.ts";
import { deepOptions } from "./deep_program.ts";
import { smallProgram } from "./fixtures.ts";

const environment = webgpuEnvironment();
const ignore = environment === null && process.env.LATENT_LAB_REQUIRE_ALL !== "1";

Deno.test({
  name: "the README's model of one's own trains on cpu, webgpu and tfjs alike, and exports" +
    (ignore ? " (ignored: neither SwiftShader nor a GPU is here)" : ""),
  ignore,
  fn: async () => {
    assert.ok(environment, "LATENT_LAB_REQUIRE_ALL is 1, but neither SwiftShader (of Chromium) nor a GPU is here");
    const { stdout, stderrTail, exitCode } = await startChild({
      command: denoExecutable(),
      args: ["test", "-A", "--no-check", "--doc", "README.md"],
      cwd: projectPath(),
      env: { ...environment, NO_COLOR: "1" },
      deadlineMs: 300_000,
    }).result;
    assert.equal(exitCode, 0, stdout + stderrTail);
    const lines = [...stripVTControlCharacters(stdout).matchAll(/^(cpu|webgpu|tfjs) 1 (\S+)$/gm)];
    assert.deepEqual(lines.map(([, engine]) => engine), ["cpu", "webgpu", "tfjs"], stdout);
    const [cpu, ...others] = lines.map(([, , cosine]) => Number(cosine));
    // A hundred steps each on its own: apart by rounding.
    for (const other of others) assert.ok(Math.abs(other - cpu) < 1e-3, `${lines.map(([line]) => line)}`);
    const exported = readFileSync(projectPath("checkpoints", "mine-encoder.onnx"));
    assert.ok(exported.length > 2 * 384 * 64 && exported.length < 4 * 384 * 64, `${exported.length} bytes in fp16`);
  },
});

Deno.test("availableEngines names those that then work, and an engine that is not among them says why", async () => {
  const engines = await availableEngines();
  assert.deepEqual(engines.filter((engine) => engine !== "webgpu"), ["cpu", "tfjs"]);
  const options = { ...deepOptions };
  for (const engine of engines) await (await createStepper(engine, smallProgram().loss, options)).release();
  if (!engines.includes("webgpu")) {
    await assert.rejects(createStepper("webgpu", smallProgram().loss, options), /^Error: Cannot .*(WebGPU|"webgpu")/);
  }
});
