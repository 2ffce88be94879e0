// The peers of notebook 03: right results are timed, a peer that is not here is absent with its reason.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { measurePeer, type PeerOperation } from "lib/bench/subjects/tensor_peers.ts";
import { ELEMENTWISE } from "lib/bench/subjects/tensor_ops.ts";
import { peerPython } from "../../peers/peer_python.ts";

const turns = { blocks: 4, blockMs: 1, minSteps: 2 };
const operations: PeerOperation[] = [
  { kind: "matmul", shape: [16, 16] },
  ...ELEMENTWISE.map((kind) => ({ kind, shape: [16, 16] })),
  { kind: "attention", shape: [2, 8, 16, 4] },
  { kind: "layerNorm", shape: [2, 8, 16] },
];
const python = peerPython();
const canImport = (module: string) => spawnSync(python!, ["-c", `import ${module}`]).status === 0;

for (const peer of ["numpy", "torch cpu"] as const) {
  Deno.test({
    name: `${peer} computes every operation as the interpreter does, and is timed`,
    // CI's Python has NumPy, and PyTorch stays out of it for its size.
    ignore: python === null || !canImport(peer.split(" ")[0]),
    async fn() {
      const result = await measurePeer(peer, operations, { python: python!, threads: 1, turns });
      assert.equal(result.absent, null);
      if (result.absent !== null) return;
      for (const timing of result.timings) {
        if (typeof timing === "string") assert.fail(timing);
        assert.ok(timing.timeMs.value > 0);
      }
    },
  });
}

Deno.test("a Python that is not there is an absent peer", async () => {
  const result = await measurePeer("numpy", operations, { python: "/no/such/python", threads: 1, turns });
  assert.match(result.absent ?? "", /Cannot start/);
});
