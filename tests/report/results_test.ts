import assert from "node:assert/strict";
import { parseResults, record } from "lib/record/mod.ts";
import { MAX_RESULTS_BYTES, resultsFile, resultsJson } from "lib/report/mod.ts";
import { exampleReport } from "./example_report.ts";

Deno.test("resultsJson reads back as the records of the report, one per line", () => {
  const { document } = exampleReport();
  const text = resultsJson(document);
  const results = parseResults(text);
  assert.deepEqual(results, resultsFile(document));
  assert.deepEqual(results.records, document.records);
  assert.deepEqual(results.unanswered, [{ claim: "claim-2", reason: "hardware absent", note: "needs an `M4`" }]);
  const lines = text.split("\n").filter((line) => line.includes('"quantity":'));
  assert.equal(lines.length, document.records.length);
});

Deno.test("resultsJson refuses more than 1 MB", () => {
  const { document } = exampleReport();
  const note = "n".repeat(10_000);
  const many = Array.from(
    { length: 100 },
    (_, i) => record({ id: `r.${i}`, quantity: "q", value: i, unit: "1", note }),
  );
  assert.throws(
    () => resultsJson({ ...document, records: many }),
    (error: Error) =>
      error instanceof RangeError &&
      error.message.includes(`expected at most ${MAX_RESULTS_BYTES} bytes, got 10`) &&
      error.message.includes("with 100 records; summarize samples"),
  );
  const fitting = many.slice(0, 90);
  assert.ok(resultsJson({ ...document, records: fitting }).length < MAX_RESULTS_BYTES);
});

Deno.test("resultsFile refuses a record that its schema refuses, with the path", () => {
  const { document } = exampleReport();
  const broken = { ...document.records[0], n: -1 };
  assert.throws(() => resultsFile({ ...document, records: [broken] }), /records\[0\]\.n: expected an integer/);
});
