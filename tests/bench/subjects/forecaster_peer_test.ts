// PyTorch's side of notebook 04: the same results, then times; without it a reason.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { measureForecasterPeer, type PeerWork } from "lib/bench/subjects/forecaster_peer.ts";
import { peerPython } from "../../peers/peer_python.ts";

const python = peerPython();
const turns = { blocks: 4, blockMs: 1, minSteps: 2 };
const config = {
  ...{ features: 2, context: 6, horizon: 3, hiddenDim: 16, feedForwardDim: 24, heads: 2, layers: 2 },
  cell: "lstm" as const,
};
const work: PeerWork = { mode: "infer", config, rows: 4, batches: 2, maxGradientNorm: 0.1 };

Deno.test({
  name: "PyTorch forecasts and trains as ours does, and is timed",
  ignore: python === null || spawnSync(python, ["-c", "import torch"]).status !== 0,
  async fn() {
    const works: PeerWork[] = [work, { ...work, mode: "train" }, { ...work, config: { ...config, cell: "gru" } }];
    const result = await measureForecasterPeer("torch cpu", works, { python: python!, threads: 1, turns });
    if (result.absent !== null) assert.fail(result.absent);
    const [infer, train, gated] = result.answers;
    for (const answer of [infer, train]) {
      if (typeof answer === "string") assert.fail(answer);
      assert.ok(answer.timeMs.value > 0);
    }
    assert.match(String(gated), /LSTM cells only/);
  },
});

Deno.test("a Python that is not there is an absent forecaster", async () => {
  const result = await measureForecasterPeer("torch cpu", [work], { python: "/no/such/python", threads: 1, turns });
  assert.match(result.absent ?? "", /Cannot start/);
});
