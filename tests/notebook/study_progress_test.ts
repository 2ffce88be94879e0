import assert from "node:assert/strict";
import { studyProgress } from "../../lib/notebook/mod.ts";

Deno.test("studyProgress shows the trial under way and ends when all are done or failed", () => {
  const lines: string[] = [];
  const show = studyProgress("students", { show: (line) => lines.push(line) });
  const current = { parameters: { studentDim: 256, seed: 1 }, epoch: 2, epochs: 4, samplesPerSecond: 50_000 };
  show({ done: 0, total: 2, failed: 0, current });
  show({ done: 1, total: 2, failed: 1, current: null });
  assert.match(lines[0], /students 0\/2 · studentDim 256, seed 1 · epoch 2\/4 · 50,000 samples\/s/);
  assert.match(lines[lines.length - 1], /students 1\/2 in /);
});
