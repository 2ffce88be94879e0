import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { inDigits } from "lib/cli/amounts.ts";
import { benchLoraOptions } from "lib/cli/bench_lora.ts";
import { benchmarkedModel } from "lib/cli/benchmarked_model.ts";

Deno.test("bench:lora measures 20 updates of rank 16 on 70 tokens unless told otherwise", () => {
  const { leak, output, iterations, options: { work, ...options } } = benchLoraOptions([]);
  assert.deepEqual([leak, iterations, options.iterations, options.rounds, work.tokens], [false, 20, 20, 2, 70]);
  assert.match(output, /reports\/benchmarks\/lora\.json$/);
  assert.deepEqual([work.lora.rank, work.lora.alpha, work.lora.lastLayers, work.baseFormat], [16, 32, 8, "float32"]);
  const gpu = benchLoraOptions(["--provider", "webgpu", "--weights", "fp16", "--rank", "8"]);
  assert.match(gpu.output, /lora-webgpu\.json$/);
  assert.deepEqual([gpu.options.work.provider, gpu.options.work.baseFormat, gpu.options.work.lora.alpha], [
    "webgpu",
    "float16",
    16,
  ]);
});

Deno.test("bench:lora --leak looks at 500 iterations", () => {
  const { leak, iterations, output } = benchLoraOptions(["--leak"]);
  assert.deepEqual([leak, iterations], [true, 500]);
  assert.match(output, /lora-leak\.json$/);
});

Deno.test("bench:lora refuses options that are none", () => {
  const cases: [string[], RegExp][] = [
    [["--provider", "gpu"], /expected --provider cpu or webgpu, got "gpu"/],
    [["--weights", "int2"], /expected --weights fp32, fp16, int8, int4, got "int2"/],
    [["--rank", "0"], /expected --rank to be an integer from 1, got "0"/],
    [["--rounds", "x"], /expected --rounds to be an integer from 1, got "x"/],
  ];
  for (const [args, message] of cases) assert.throws(() => benchLoraOptions(args), message);
});

Deno.test("a benchmark's --model is meant from where the command was called", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-bench-"));
  const before = process.env.INIT_CWD;
  try {
    mkdirSync(join(folder, "model"));
    writeFileSync(join(folder, "model", "config.json"), "{}");
    process.env.INIT_CWD = folder;
    const terminal = { line: () => {}, live: () => {} };
    assert.equal(await benchmarkedModel("model", terminal), join(folder, "model"));
    await assert.rejects(benchmarkedModel("none", terminal), {
      name: "CommandError",
      message: `Cannot benchmark: expected a model's folder with config.json, got none at ${join(folder, "none")}`,
    });
  } finally {
    if (before === undefined) delete process.env.INIT_CWD;
    else process.env.INIT_CWD = before;
    rmSync(folder, { recursive: true });
  }
});

Deno.test("numbers have no exponents, however large or small", () => {
  assert.deepEqual([1e-9, 0.01234, 12_345.6, 3e7].map((value) => inDigits(value)), [
    "0.00000000100",
    "0.0123",
    "12,300",
    "30,000,000",
  ]);
});
