import assert from "node:assert/strict";
import { gpuFacts, summarizeProfile, type WebGpuBenchmark, webgpuTable } from "lib/bench/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { machineFacts } from "lib/runtime/mod.ts";
import { webgpuTest } from "tests/webgpu_environment.ts";

webgpuTest("runWebGpuBenchmark measures and profiles its forms", {
  module: projectPath("tests", "bench", "children", "webgpu_tiny.ts"),
});

/** Two steps of one node that starts two programs; the first step took a hundred times as long. */
const EVENTS = [0, 1].flatMap((step) => {
  const scale = step === 0 ? 100 : 1;
  const event = (cat: string, name: string, us: number) => ({ cat, name, dur: us * scale, ts: step * 1e6 });
  return [
    event("Session", "model_run", 3000),
    event("Session", "SequentialExecutor::Execute", 1000),
    event("Node", "ReduceSum_1_kernel_time", 400),
    event("Api", "ReduceSum_1&ReduceSum&Transpose", 500),
    event("Api", "ReduceSum_1&ReduceSum&ReduceSum", 1500),
  ];
});

Deno.test("summarizeProfile sums by operator and leaves the first step out", () => {
  assert.deepEqual(summarizeProfile(EVENTS, 2), {
    steps: 1,
    runMs: 3,
    sendMs: 1,
    nodes: 1,
    programs: 2,
    deviceMs: 2,
    operators: [
      { operator: "ReduceSum", count: 1, deviceMs: 1.5 },
      { operator: "ReduceSum: Transpose", count: 1, deviceMs: 0.5 },
    ],
  });
  assert.equal(summarizeProfile(EVENTS.filter(({ cat }) => cat !== "Api"), 2).deviceMs, null);
});

Deno.test("gpuFacts reads nvidia-smi, SwiftShader's setting and a Mac's chip", () => {
  const smi = () => "NVIDIA H200, 580.159.03, 143771 MiB\nNVIDIA H200, 580.159.03, 143771 MiB\n";
  const linux = { platform: "linux", env: {} };
  assert.deepEqual(gpuFacts({ ...linux, run: smi }), {
    name: "NVIDIA H200",
    driver: "580.159.03",
    memory: "143771 MiB",
  });
  assert.equal(gpuFacts({ ...linux, run: () => null }), null);
  const env = { VK_DRIVER_FILES: "/usr/lib/chromium/vk_swiftshader_icd.json" };
  assert.match(gpuFacts({ platform: "linux", env, run: smi })!.name, /SwiftShader/);
  assert.equal(gpuFacts({ platform: "darwin", env: {}, run: () => "Apple M4\n" })?.name, "Apple M4 GPU");
});

Deno.test("webgpuTable shows every side, and why a side is missing", () => {
  const side = (name: string, isPeer: boolean, medianMs: number) => ({
    name,
    isPeer,
    medianMs,
    iqrMs: 0.1,
    n: 4,
    samplesPerSecond: 1000,
    createMs: 1,
    checkedStepsMs: 1,
    blocksMs: [],
  });
  const benchmark: WebGpuBenchmark = {
    schemaVersion: 1,
    benchmark: "train-webgpu",
    ratioOf: "",
    subject: "",
    machine: machineFacts(),
    gpu: { name: "NVIDIA H200", driver: "1", memory: "2 MiB" },
    peerVersion: "2.11.0",
    cells: [{
      studentDim: 256,
      batchSize: 512,
      verdict: "NOISY",
      reasons: ["ours: IQR/median 0.20"],
      sides: [side("ours", false, 3), side("PyTorch eager", true, 1.5)],
      missing: [{ name: "PyTorch compiled", reason: "no compiler" }],
      comparison: null,
      profile: summarizeProfile(EVENTS, 2),
    }],
  };
  const text = webgpuTable(benchmark);
  assert.match(text, /\| 256 \| +512 \| +PyTorch eager \| +1\.50 \| .* 2\.00 \|/);
  assert.match(text, /NVIDIA H200, 1, 2 MiB; .*PyTorch 2\.11\.0/);
  assert.match(text, /256 x 512 NOISY: ours: IQR\/median 0\.20/);
  assert.match(text, /PyTorch compiled is missing: no compiler/);
  assert.match(text, /1 nodes, 2 programs; run 3\.000 ms.*ReduceSum 1\.500 \(1\)/);
});
