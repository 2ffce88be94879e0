import assert from "node:assert/strict";
import { bench, parseProvider } from "lib/bench/mod.ts";
import { COREML_FORMATS, coreMlGrid, studentSubject } from "lib/bench/subjects/coreml_grid.ts";
import { bindDimensions, forCoreMl } from "lib/graph/mod.ts";
import { availableProviders, COREML_UNITS, coverage } from "lib/runtime/mod.ts";

Deno.test("coreMlGrid measures all units, formats and batches but int8, which CoreML runs nowhere", async () => {
  const asked: string[] = [];
  const cells = await coreMlGrid({
    studentDim: 16,
    batchSizes: [1, 32],
    measure: ({ name }, { provider, batchSize, format }) => {
      asked.push(`${provider} ${batchSize} ${name}`);
      return Promise.resolve(format);
    },
  });
  assert.equal(cells.length, COREML_UNITS.length * COREML_FORMATS.length * 2);
  assert.deepEqual(
    asked.sort(),
    COREML_UNITS.flatMap((units) =>
      [1, 32].flatMap((batch) => ["fp16", "fp32"].map((format) => `coreml:${units} ${batch} student S=16, ${format}`))
    ).sort(),
  );
  for (const { format, refusal, measured } of cells) {
    assert.equal(measured, format === "int8" ? null : format);
    if (format === "int8") assert.match(refusal!, /CoreML has no op builder for .*MatMulInteger/);
    else assert.equal(refusal, null);
  }
  await assert.rejects(coreMlGrid({ studentDim: 16, batchSizes: [], measure: () => Promise.resolve() }), RangeError);
});

Deno.test("what the grid measures is covered by CoreML whole, at every batch", () => {
  for (const format of ["fp32", "fp16"] as const) {
    for (const batch of [1, 8, 32, 128]) {
      const { share, partitions, warnings } = coverage(
        forCoreMl(bindDimensions(studentSubject(16, format).graph, { batch })),
        "coreml-mlprogram",
      );
      assert.deepEqual([share, partitions, warnings], [1, 1, []], `${format} ${batch}`);
    }
  }
});

Deno.test("a cell of the grid is timed where CoreML is, and absent elsewhere; int8 is unsupported everywhere", async () => {
  const few = { limits: { minMs: 1, minCount: 9 }, warmUpMs: 5, batchSize: 8 };
  const provider = parseProvider("coreml:cpuOnly");
  const cell = await bench({ subject: studentSubject(16, "fp32"), provider, ...few });
  const isHere = (await availableProviders()).includes("coreml");
  assert.equal(cell.outcome, isHere ? "measured" : "absent", cell.reasons.join());
  const refused = await bench({ subject: studentSubject(16, "int8"), provider, ...few });
  assert.deepEqual([refused.outcome, refused.measure, refused.runs], ["unsupported", null, []]);
  assert.match(refused.reasons[0], /no op builder for/);
});
