// Run as a child with WebGPU: the LoRA benchmark there begins with the losses that it has on the CPU.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lossProblems, runLoraBenchmark } from "lib/bench/lora_benchmark.ts";
import { writeRandomLfm2 } from "lib/models/lfm2/random_model.ts";
import { TINY } from "tests/language/fine_tuning/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "latent-lab-bench-lora-"));
try {
  await writeRandomLfm2(folder, { config: { architectures: ["Lfm2ForCausalLM"], ...TINY } });
  const lossesOn = async (provider: "cpu" | "webgpu") => {
    const lora = { rank: 2, alpha: 4, dropout: 0, lastLayers: 2, targetModules: ["q_proj", "v_proj"] };
    const { sides: [ours] } = await runLoraBenchmark({
      work: { folder, tokens: 12, lora, baseFormat: "float32", provider, threads: 1 },
      ...{ weights: "random", iterations: 4, warmUp: 0, rounds: 1, peerPython: null },
    });
    return ours.losses;
  };
  assert.deepEqual(lossProblems(await lossesOn("webgpu"), await lossesOn("cpu")), []);
} finally {
  rmSync(folder, { recursive: true });
}
