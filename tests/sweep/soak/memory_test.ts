// The short form of `deno task soak --memory`.

import assert from "node:assert/strict";
import { dataReference, randomDataset } from "lib/data/mod.ts";
import { sweepWithin } from "./memory_soak.ts";

const data = dataReference(randomDataset({ rows: 1200, width: 384, seed: 1 }), { x: "embedding" });

Deno.test("students of unlike sizes together stay within the memory budget, and all are trained", async () => {
  const { budgetBytes, peak, sizes } = await sweepWithin({
    sizes: [256, 1024, 4096],
    data,
    trials: 3,
    maxSteps: 2,
    budgetBytes: (predicted) => predicted.get(4096)! + 1.2 * predicted.get(256)!,
  });
  assert.ok(peak.looks > 5 && peak.processes > 1, JSON.stringify(peak));
  assert.ok(peak.rssBytes <= budgetBytes, `${peak.rssBytes} of ${budgetBytes}`);
  for (const { studentDim, finished, failures } of sizes) {
    assert.deepEqual([finished, failures], [2, []], `${studentDim}`);
  }
});

Deno.test("a trial that outgrows its prediction is killed, tried again alone, and fails with the reason", async () => {
  const { sizes: [small, large] } = await sweepWithin({
    sizes: [256, 8192],
    data,
    replicas: 1,
    trials: 2,
    epochs: 20,
    budgetBytes: (predicted) => 1.2 * predicted.get(8192)!,
    process: "leaking_trial",
  });
  assert.deepEqual([small.finished, small.failures], [1, []], "alone it has room for the leak");
  assert.deepEqual([large.finished, large.attempts, large.failures.length], [0, 2, 1], JSON.stringify(large));
  assert.match(
    large.failures[0],
    /^memory: was ended because (the sweep took|it took more memory than the sweep may use)/,
  );
});
