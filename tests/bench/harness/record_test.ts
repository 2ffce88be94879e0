import assert from "node:assert/strict";
import { type BenchRecord, parseBenchFile, recordTable } from "lib/bench/mod.ts";
import { deviceError } from "lib/runtime/mod.ts";
import { recordFrom, runOf, timesOf } from "./made_records.ts";

const steady = timesOf(1);

Deno.test("what is steady on a quiet machine is VALID, with what comparisons need", () => {
  const { outcome, verdict, reasons, runs, measure, rowsPerSecond } = recordFrom([runOf(steady)], { batchSize: 8 });
  assert.deepEqual([outcome, verdict, reasons], ["measured", "VALID", []]);
  assert.deepEqual([runs[0].n, runs[0].blockMediansMs.length, measure!.n], [700, 9, 700]);
  assert.ok(Math.abs(rowsPerSecond! / 8000 - 1) < 0.01);
});

Deno.test("a machine under load is NOISY, and says who took what", () => {
  const { verdict, reasons } = recordFrom([runOf(steady, {}, { othersShare: 0.6 })]);
  assert.deepEqual([verdict, reasons], ["NOISY", ["background load: other processes took 60% of all cores"]]);
});

Deno.test("spread, drift, heat, fallback and a measurement cut short make NOISY or INVALID", () => {
  const verdictOf = (...run: Parameters<typeof runOf>) => {
    const { verdict, reasons } = recordFrom([runOf(...run)]);
    return `${verdict}: ${reasons.join("; ")}`;
  };
  assert.match(verdictOf(timesOf(1, { noise: 0.12 })), /^NOISY: calls: IQR\/median 0\.1/);
  assert.match(verdictOf(timesOf(1, { noise: 0.4 })), /^INVALID: calls: IQR\/median/);
  assert.match(verdictOf(steady.map((ms, i) => ms * (1 + i / 3000))), /^INVALID: .*drift of \d+%$/);
  assert.match(verdictOf(steady, { fallback: true }), /^INVALID: fallback/);
  assert.match(
    verdictOf(steady.slice(0, 30)),
    /^INVALID: 30 of at least 64 calls were measured; 3\d of at least 100 ms/,
  );
  const hot = { ...runOf(steady).after, cpuSpeedLimitPercent: 70 };
  assert.match(verdictOf(steady, { after: hot }), /^INVALID: thermal limit/);
});

Deno.test("a wrong output is INVALID and has no times; the worst process counts", () => {
  const right = runOf(steady);
  const wrong = { ...right, samples: null, correctness: { ...right.correctness!, relativeError: 0.5 } };
  const { outcome, verdict, measure, runs, reasons, correctness } = recordFrom([right, wrong]);
  assert.deepEqual([outcome, verdict, measure, runs], ["wrong", "INVALID", null, []]);
  assert.match(reasons[0], /wrong output, not timed: y differs from float64 interpreter by 0.500/);
  assert.equal(correctness!.relativeError, 0.5);
  const none = { ...wrong, correctness: { ...wrong.correctness, relativeError: NaN } };
  assert.equal(recordFrom([right, none]).outcome, "wrong", "no number is no result");
});

Deno.test("a process that failed makes the record failed, whatever others measured", () => {
  const { outcome, verdict, measure, reasons } = recordFrom([runOf(steady), runOf(steady, { failure: "it crashed" })]);
  assert.deepEqual([outcome, verdict, measure, reasons], ["failed", null, null, ["it crashed"]]);
  const noGpu = runOf(steady, {
    failure: "webgpu_context.cc adapter_result.status == wgpu::RequestAdapterStatus::Success",
  });
  assert.deepEqual(recordFrom([noGpu]).outcome, "absent", "no CPU number under its name");
});

Deno.test("the id is that of the configuration, not of the times", () => {
  const id = (...given: Parameters<typeof recordFrom>) => recordFrom(...given).id;
  assert.equal(id([runOf(steady)]), id([runOf(timesOf(2))]));
  assert.notEqual(id([runOf(steady)]), id([runOf(steady)], { batchSize: 2 }));
  assert.notEqual(id([runOf(steady)]), id([runOf(steady)], { provider: { name: "webgpu" } }));
});

const fileOf = (record: object, fields: object = {}) =>
  JSON.stringify({ schemaVersion: 1, kind: "bench records", records: [record], ...fields });

Deno.test("parseBenchFile reads what was written, and names the field that is wrong", () => {
  const record: BenchRecord = recordFrom([runOf(steady)]);
  assert.deepEqual(parseBenchFile(fileOf(record), "a.json").records[0], JSON.parse(JSON.stringify(record)));
  const refuse = (text: string, pattern: RegExp) => assert.throws(() => parseBenchFile(text, "a.json"), pattern);
  refuse("no json", /Cannot read a.json: expected JSON of benchmark records/);
  refuse('{"schemaVersion":2,"cells":[]}', /expected benchmark records, as `deno task bench run` writes them/);
  refuse("null", /expected benchmark records/);
  refuse(fileOf(record, { schemaVersion: 9 }), /expected schema 1, got 9: another version of this library wrote it/);
  refuse(fileOf({ ...record, batchSize: 0 }), /records\.0\.batchSize/);
  refuse(fileOf({ ...record, provider: { name: "cuda" } }), /records\.0\.provider/);
  refuse(fileOf({ ...record, measure: null }), /records\.0\.measure: expected a measure, its runs and a verdict/);
  refuse(fileOf({ ...record, runs: [{ ...record.runs[0], blockMediansMs: [-1] }] }), /runs\.0\.blockMediansMs\.0/);
});

Deno.test("what a WebGPU session says without a GPU makes the provider absent", () => {
  const { message } = deviceError("compile warm-up", new Error("Failed to get a WebGPU adapter"));
  assert.equal(recordFrom([runOf(steady, { failure: `it ended with exit code 1: ${message}` })]).outcome, "absent");
});

Deno.test("recordTable prints a percentile only where there is one, and every reason", () => {
  const few = recordFrom([runOf(steady.slice(0, 200))]);
  const absent = { ...recordFrom([runOf(steady, { failure: "RequestAdapterStatus" })]), providerLabel: "webgpu" };
  const table = recordTable([few, absent]);
  const [, , , , row, other] = table.split("\n");
  assert.match(row, /cpu \|\s+1 \|.*n too small.*\| +VALID \|/);
  assert.match(other, /webgpu \|\s+1 \|[\s|]*absent \|/);
  assert.match(table, /webgpu x 1: WebGPU found no GPU here/);
  const means = recordFrom([runOf(steady, {}, { callsPerSample: 5 })]);
  assert.match(recordTable([means]), /of means/);
  const nodes = ["MatMul", "MatMul", "Gather"].map((operator, i) => ({
    node: String(i),
    operator,
    provider: operator === "Gather" ? "cpu" : "webgpu",
  }));
  const placement = { provider: "webgpu" as const, nodes, counts: { webgpu: 2, cpu: 1 }, copies: 0, whole: false };
  const placed = recordFrom([runOf(steady, { placement })], { provider: { name: "webgpu" } });
  assert.match(recordTable([placed]), /webgpu x 1: nodes ran on webgpu: 2; cpu: 1 \(Gather\)/);
});

Deno.test("many processes are judged together: one that drifts is one of many, a drift of all of them is not", () => {
  const drifting = steady.map((ms, i) => ms * (1 + i / 2000));
  const of = (count: number, change: (process: number) => Float64Array) =>
    recordFrom(Array.from({ length: count }, (_, process) => runOf(change(process))));
  const one = (process: number) => (process === 2 ? drifting : steady);
  assert.match(of(5, one).reasons.join(), /^calls of process 3: IQR.*,calls of process 3: drift of \d+%$/);
  assert.deepEqual([of(5, one).verdict, of(9, one).verdict], ["INVALID", "VALID"]);
  const all = of(9, () => drifting);
  assert.deepEqual([all.verdict, /drift of \d+% within processes/.test(all.reasons.join())], ["INVALID", true]);
  const later = of(9, (process) => steady.map((ms) => ms * (1 + process / 30)));
  assert.match(later.reasons.join(), /calls: drift of \d\d%$/);
});
