import assert from "node:assert/strict";
import { fuzzMain, fuzzOptions, fuzzReport, fuzzTargets, refuseKnownLimitations } from "../../lib/cli/mod.ts";
import { cast, graph, input, KnownLimitation, reduceMean, sub } from "../../lib/graph/mod.ts";

Deno.test("fuzzOptions has defaults and refuses what is no count", () => {
  assert.deepEqual(fuzzOptions([]), { graphs: 20000, seed: 0, executors: "ort" });
  assert.deepEqual(fuzzOptions(["--graphs", "5", "--seed", "7"]), { graphs: 5, seed: 7, executors: "ort" });
  for (const graphs of ["0", "-1", "2.5", "many", ""]) {
    assert.throws(() => fuzzOptions([`--graphs=${graphs}`]), /expected --graphs to be an integer of at least 1/);
  }
  assert.throws(() => fuzzOptions(["--grpahs", "5"]), /the options are --graphs, --seed, --executors/);
});

Deno.test("fuzzTargets refuses unknown executors and keeps to the dtypes that all take", () => {
  assert.throws(() => fuzzTargets("ort,torch"), /Cannot fuzz "torch": executors are ort, tfjs/);
  assert.deepEqual(fuzzTargets("ort").dtypes, ["float64", "float16", "int64", "int32", "int8", "uint8", "bool"]);
  const { dtypes, operators } = fuzzTargets("ort,tfjs");
  assert.deepEqual(dtypes, ["int64", "int32", "int8", "uint8", "bool"]);
  assert.ok(operators.includes("MatMul") && !operators.includes("MatMulNBits"));
});

Deno.test("fuzzMain tells counts and ends with 0 without differences", async () => {
  const lines: string[] = [];
  const terminal = { line: (text: string) => void lines.push(text), live: () => {} };
  assert.equal(await fuzzMain(["--graphs", "3"], terminal), 0);
  assert.match(lines.join("\n"), /^3 graphs in .* s \(\d+\/s\), 0 differences$/m);
  assert.match(lines.join("\n"), /^Not covered: /m);
});

Deno.test("fuzzReport shows the source of a difference", () => {
  const report = fuzzReport({
    graphs: 1,
    seconds: 1,
    operators: {},
    uncovered: [],
    errorParts: { ort: { median: 0.1, p99: 0.5 }, other: null },
    skipped: { ort: 2, other: 0 },
    failures: [{ source: "const failing = ..." }] as never,
  });
  assert.match(report, /^const failing/);
  assert.match(report, /1 differences/);
  assert.match(report, /known limitations of ort: 2$/m);
  assert.doesNotMatch(report, /limitations of other/);
});

Deno.test("refuseKnownLimitations refuses what is centred after a cast, and not what is centred as it is", () => {
  const x = input("x", "float64", [2, 3]);
  const centred = (of: typeof x) => graph("centred", { y: sub(of, reduceMean(of, { axes: [-1], keepDims: true })) });
  assert.throws(() => refuseKnownLimitations(centred(cast(x, "float32"))), KnownLimitation);
  refuseKnownLimitations(centred(input("z", "float32", [2, 3])));
});
