// Run as a child with WebGPU: the benchmark at a size that SwiftShader takes in a moment.

import assert from "node:assert/strict";
import { runWebGpuBenchmark } from "lib/bench/mod.ts";

const { cells, gpu } = await runWebGpuBenchmark({
  sizes: [{ studentDim: 8, batchSize: 4 }],
  turns: { blocks: 2, blockMs: 1, minSteps: 2 },
  peerPython: "/nonexistent/python",
  peerJaxJs: false,
  profile: true,
  variants: true,
});
const [{ sides, missing, reasons, profile, comparison }] = cells;
assert.deepEqual(sides.map(({ name }) => name), [
  "ours",
  "ours, batch sent",
  "ours, parameters apart",
  "ours, unchecked",
  "ours, buffers released later",
  "ours, buffers by classes of size",
]);
for (const { n, medianMs, blocksMs } of sides) {
  assert.equal(n, blocksMs.flat().length);
  assert.ok(medianMs > 0);
}
assert.ok(reasons.every((reason) => !reason.includes("losses differ")), reasons.join());
assert.deepEqual(missing.map(({ name }) => name), [
  "ours, captured",
  "PyTorch eager",
  "PyTorch eager, resident",
  "PyTorch compiled, resident",
]);
assert.match(missing[0].reason, /unrecognized option: 'enableGraphCapture'/);
assert.match(missing[1].reason, /Cannot start \/nonexistent\/python/);
assert.equal(comparison, null);
assert.ok(profile && profile.programs < 64 && profile.programs > 30, `${profile?.programs} programs a step`);
assert.ok(gpu === null || gpu.name.length > 0);
