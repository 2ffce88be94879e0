import assert from "node:assert/strict";
import { embeddingProblems, runTeacherBenchmark, teacherTable } from "lib/bench/mod.ts";
import { availableTeacher } from "tests/models/teacher_folder.ts";

Deno.test("embeddingProblems names the texts whose embeddings point elsewhere", () => {
  const ours = Array.from({ length: 2 * 384 }, (_, i) => Math.sin(i));
  assert.deepEqual(embeddingProblems([ours]), []);
  assert.deepEqual(embeddingProblems([ours, ours.map((value) => value * 1.001)]), []);
  const other = ours.map((value, i) => (i === 384 ? value + 1 : value));
  assert.match(embeddingProblems([ours, other]).join(), /^embeddings of text 1 differ: cosine 0\.99/);
  assert.match(embeddingProblems([ours, ours.slice(1)]).join(), /768 values, the peer's 767/);
  assert.equal(embeddingProblems([ours, ours.map(() => NaN)]).length, 2);
});

Deno.test({
  name: "runTeacherBenchmark measures our side alone, with a control",
  ignore: availableTeacher() === null,
  async fn() {
    const result = await runTeacherBenchmark({
      sizes: [{ texts: 3, batchSize: 2, threads: 1 }],
      turns: { blocks: 2, blockMs: 1, minSteps: 2 },
      attempts: 1,
      quietMs: 1,
      peerPython: null,
    });
    const [{ ours, peer, comparison }] = result.cells;
    assert.deepEqual([peer, comparison, result.ratio, result.n], [null, null, null, 0]);
    assert.equal(ours.n, ours.blocksMs.flat().length);
    assert.equal(ours.textsPerSecond, 3000 / ours.medianMs);
    assert.ok(result.control!.comparison.ratio > 0);
    assert.match(teacherTable(result), /^\| +texts \| +batch \| +ours ms/);
    assert.deepEqual(JSON.parse(JSON.stringify(result)), result);
  },
});
