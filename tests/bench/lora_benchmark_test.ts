import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lossProblems, runLoraBenchmark } from "lib/bench/lora_benchmark.ts";
import { writeRandomLfm2 } from "lib/models/lfm2/random_model.ts";
import { projectPath } from "lib/process/mod.ts";
import { TINY } from "tests/language/fine_tuning/fixtures.ts";
import { peerPython } from "tests/peers/peer_python.ts";
import { webgpuTest } from "tests/webgpu_environment.ts";

/** The Python of the peers, where it has peft. */
function peftPython(): string | null {
  const python = peerPython();
  if (python === null) return null;
  return spawnSync(python, ["-c", "import peft"]).status === 0 ? python : null;
}

async function measure(python: string | null) {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-bench-lora-"));
  try {
    await writeRandomLfm2(folder, { config: { architectures: ["Lfm2ForCausalLM"], ...TINY } });
    return await runLoraBenchmark({
      work: {
        folder,
        tokens: 12,
        lora: { rank: 2, alpha: 4, dropout: 0, lastLayers: 2, targetModules: ["q_proj", "v_proj"] },
        baseFormat: "float32",
        provider: "cpu",
        threads: 1,
      },
      weights: "random",
      iterations: 4,
      warmUp: 1,
      rounds: 1,
      peerPython: python,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

Deno.test("the LoRA benchmark without a peer tells our speed, memory and why there is no ratio", async () => {
  const { sides: [ours, ...others], time, memoryRatio, peerAbsent } = await measure(null);
  assert.deepEqual([others.length, time, memoryRatio], [0, null, null]);
  assert.match(peerAbsent!, /PEER_PYTHON/);
  assert.deepEqual([ours.blocksMs.length, ours.losses.length, ours.trainableParameters], [4, 3, 2 * 2 * (32 + 24)]);
  assert.ok(Math.abs(ours.tokensPerSecond.value / ours.iterationsPerSecond.value - 12) < 1e-9);
  assert.ok(ours.peakRssBytes > 2 ** 25 && ours.losses[2] < ours.losses[0]);
});

Deno.test({
  name: "the LoRA benchmark's sides begin with the same factors and give the same losses",
  ignore: peftPython() === null,
  fn: async () => {
    const { sides: [ours, peer], time, memoryRatio, verdict, reasons, peerAbsent } = await measure(peftPython());
    assert.equal(peerAbsent, null);
    assert.deepEqual(lossProblems(ours.losses, peer.losses), []);
    assert.ok(!reasons.some((reason) => reason.includes("losses differ")), `${verdict}: ${reasons}`);
    assert.equal(peer.trainableParameters, ours.trainableParameters);
    assert.ok(time!.ratio > 0 && memoryRatio! > 0);
  },
});

webgpuTest("the LoRA benchmark on WebGPU begins with the CPU's losses", {
  module: projectPath("tests", "bench", "children", "webgpu_lora.ts"),
});

Deno.test("losses that differ by more than a thousandth are told, with their update", () => {
  assert.deepEqual(lossProblems([3, 2], [3.001, 2]), []);
  assert.deepEqual(lossProblems([3, 2], [3, 2.1]), ["losses differ at update 2: ours 2, peft's 2.1"]);
  assert.equal(lossProblems([3], []).length, 1);
  assert.equal(lossProblems([NaN], [3]).length, 1);
});
