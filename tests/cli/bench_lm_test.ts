import assert from "node:assert/strict";
import { benchLmMain, benchLmOptions } from "lib/cli/bench_lm.ts";

Deno.test("bench:lm reads its options", () => {
  const { options, output, model } = benchLmOptions(["--weights", "int4,fp32,int4", "--threads", "3", "--tokens", "5"]);
  assert.deepEqual(options.weights, ["int4", "float32"]);
  assert.deepEqual([options.threads, options.generatedTokens, options.promptTokens], [3, 5, 70]);
  assert.deepEqual([options.provider, options.control, model], ["cpu", true, null]);
  assert.match(output, /reports.benchmarks.lm\.json$/);
  const onGpu = benchLmOptions(["--provider", "webgpu", "--quick", "--model", "here"]);
  assert.deepEqual(onGpu.options.weights, ["float32", "float16", "int4"]);
  assert.equal(benchLmOptions(["--provider", "webgpu"]).options.budgetMs, 180_000);
  assert.match(onGpu.output, /lm-webgpu-quick\.json$/);
  assert.equal(onGpu.model, "here");
  assert.equal(benchLmOptions(["--minutes", "2"]).options.budgetMs, 120_000);
});

Deno.test("bench:lm tells mistakes in one sentence", async () => {
  const bad: [string[], RegExp][] = [
    [["--weights", "int2"], /expected --weights to be of fp32, fp16, int8, int4, got "int2"/],
    [["--weights", ","], /expected --weights like fp32,int4, got none/],
    [["--weights", "fp16"], /expected --weights fp32, int8, int4 on the CPU, got fp16/],
    [["--provider", "tpu"], /expected --provider to be of cpu, webgpu, got "tpu"/],
    [["--provider", "cpu,webgpu"], /expected --provider cpu or webgpu, got "cpu,webgpu"/],
    [["--threads", "0"], /expected --threads to be integers from 1/],
    [["--minutes", "0"], /expected --minutes to be a positive number/],
    [["--fast"], /the options are --quick, --model/],
  ];
  for (const [args, message] of bad) assert.throws(() => benchLmOptions(args), { name: "CommandError", message });
  const terminal = { line: () => {}, live: () => {} };
  await assert.rejects(benchLmMain(["--model", "/nowhere"], terminal), {
    name: "CommandError",
    message: /expected a model's folder with config\.json, got none at \/nowhere/,
  });
});
