// The whole benchmark on a model of a few thousand parameters, with transformers beside it where PEER_PYTHON names a Python that has it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LmBenchmark, type LmBenchmarkOptions, runLmBenchmark } from "lib/bench/mod.ts";
import { writeRandomLfm2 } from "lib/models/lfm2/random_model.ts";
import { GOLDEN_LFM2 } from "tests/models/lfm2/golden.ts";
import { peerPython } from "tests/peers/peer_python.ts";

const python = peerPython();
const FIND = "import sys, importlib.util as u; sys.exit(not (u.find_spec('torch') and u.find_spec('transformers')))";
const hasTransformers = python !== null && spawnSync(python, ["-c", FIND]).status === 0;

async function run(changed: Partial<LmBenchmarkOptions>): Promise<LmBenchmark> {
  const folder = mkdtempSync(join(tmpdir(), "lm-bench-"));
  try {
    await writeRandomLfm2(folder, { config: { ...GOLDEN_LFM2.hub.config, vocab_size: 600 } });
    return await runLmBenchmark({
      folder,
      weights: ["int4"],
      provider: "cpu",
      threads: 1,
      promptTokens: 5,
      generatedTokens: 3,
      prompts: 2,
      rounds: 2,
      budgetMs: 1,
      quietMs: 1,
      readBytes: 2 ** 22,
      control: false,
      peerPython: null,
      ...changed,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

Deno.test("runLmBenchmark measures our side alone, tells after each round, and leaves out what fails", async () => {
  const steps: string[] = [];
  const rounds: LmBenchmark[] = [];
  const result = await run({
    // float16 is refused on the CPU: the others go on.
    weights: ["float16", "int4"],
    peerPython: "false", // a program that ends at once
    rounds: 3,
    onStep: (step) => void steps.push(step),
    onRound: (soFar) => Promise.resolve(void rounds.push(soFar)),
  });
  assert.deepEqual(result.sides.map(({ name }) => name), ["int4"]);
  assert.deepEqual(result.missing.map(({ name }) => name), ["float16", "transformers float32"]);
  assert.match(result.missing[0].reason, /expected float32, int8 or int4 on the CPU, got float16/);
  assert.match(result.missing[1].reason, /transformers float32 ended \(exit code 1\)/);
  assert.equal(result.readBytesPerSecond!.ways[0].length, 2);
  const [{ generation, prompt, roofline, loadMs, peakRssBytes, bytesPerToken, weightBytes }] = result.sides;
  assert.equal(loadMs.length, 2, "two rounds, whatever they take, and no third beyond the budget");
  assert.deepEqual([prompt.n, generation.n], [4, 6]);
  assert.ok(generation.medianMs > 0 && generation.comparison === null && roofline!.value > 0);
  assert.ok(peakRssBytes > weightBytes && bytesPerToken > 0);
  assert.equal(result.weightsAre, "random, seed 1");
  assert.equal(result.ratio, null);
  assert.deepEqual(rounds.map(({ isComplete, sides }) => [isComplete, sides[0].loadMs.length]), [[false, 1], [
    false,
    2,
  ]]);
  assert.ok(result.isComplete && result.readBytesPerSecond!.rounds.length === 2);
  assert.ok(steps.includes("round 2 of 3: int4"));
});

Deno.test("runLmBenchmark says why when no side of ours can be measured", async () => {
  await assert.rejects(run({ weights: ["float16"] }), /expected float32, int8 or int4 on the CPU, got float16/);
});

Deno.test({
  name: "runLmBenchmark finds transformers' logits and compares times with it",
  ignore: !hasTransformers,
  async fn() {
    const { sides: [float32, peer], ratio, missing, readBytesPerSecond } = await run({
      weights: ["float32"],
      peerPython: python,
    });
    assert.deepEqual(missing, []);
    assert.equal(peer.role, "peer");
    assert.match(peer.version!, /PyTorch/);
    assert.equal(peer.weightBytes, float32.weightBytes);
    assert.equal(peer.limitRssBytes, float32.limitRssBytes);
    assert.ok(Math.abs(peer.bytesPerToken / float32.bytesPerToken - 1) < 0.05);
    assert.ok(float32.logits!.relative < 1e-5 && float32.logits!.positions === 4);
    assert.equal(float32.logits!.sameLikeliest, 4);
    assert.equal(ratio, float32.generation.comparison!.ratio);
    assert.ok(readBytesPerSecond!.ways[0].length === 3);
  },
});
