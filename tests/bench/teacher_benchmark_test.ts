import assert from "node:assert/strict";
import { embeddingProblems, runTeacherBenchmark } from "lib/bench/mod.ts";
import { availableTeacher } from "tests/models/teacher_folder.ts";

Deno.test("embeddingProblems names the texts whose embeddings point elsewhere", () => {
  const ours = Array.from({ length: 2 * 384 }, (_, i) => Math.sin(i));
  assert.deepEqual(embeddingProblems(ours, ours), []);
  assert.deepEqual(embeddingProblems(ours, ours.map((value) => value * 1.001)), []);
  const other = ours.map((value, i) => (i === 384 ? value + 1 : value));
  assert.match(embeddingProblems(ours, other).join(), /^embeddings of text 1 differ: cosine 0\.99/);
  assert.match(embeddingProblems(ours, ours.slice(1)).join(), /768 values, the peer's 767/);
  assert.equal(embeddingProblems(ours, ours.map(() => NaN)).length, 2);
});

Deno.test({
  name: "runTeacherBenchmark measures our side alone, with a control",
  ignore: availableTeacher() === null,
  async fn() {
    const { cells: [cell], controls: [control] } = await runTeacherBenchmark({
      sizes: [{ texts: 3, batchSize: 2 }],
      threads: [1],
      turns: { blocks: 2, blockMs: 1, minSteps: 2, maxSteps: 4 },
      attempts: 1,
      quietMs: 1,
      budgetMs: 60_000,
      peerPython: null,
    });
    const [ours] = cell.sides;
    assert.equal(cell.subject, "texts in batches of 2");
    assert.equal(cell.comparison, null);
    assert.match(cell.missing[0].reason, /PEER_PYTHON names no Python/);
    assert.equal(ours.samplesPerSecond, 3000 / ours.medianMs);
    assert.ok(control.comparison!.ratio > 0);
  },
});
