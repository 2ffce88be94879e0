import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import {
  bench,
  BenchFiles,
  benchGrid,
  type BenchOptions,
  type BenchProgress,
  compareInTurns,
  parseBenchFile,
  parseSamples,
} from "lib/bench/mod.ts";
import { withSubject } from "lib/bench/harness/bench.ts";
import { add, encodeOnnx, graph, input, matMul, parameter, relu } from "lib/graph/mod.ts";
import { lnspStudent } from "lib/models/lnsp.ts";
import { projectPath } from "lib/process/mod.ts";
import { availableProviders } from "lib/runtime/mod.ts";
import { swiftShaderEnvironment } from "tests/webgpu_environment.ts";

const LIMITS = { minMs: 5, minCount: 120, maxMs: 2000 };
const student = lnspStudent({ inputDim: 8, studentDim: 16, latentDim: 4 }).trace();
const SUBJECT = { name: "student", graph: student };
const QUICK = { limits: LIMITS, warmUpMs: 20 } as const;
const CPU = { name: "cpu", threads: 1 } as const;
const moduleOf = (how: string) => ({
  name: how,
  module: projectPath("tests", "bench", "children", "subject.ts"),
  options: how,
});

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-test-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

Deno.test("bench measures a graph on the CPU, phase by phase, after checking it", async () => {
  const seen: BenchProgress[] = [];
  const record = await bench({
    subject: SUBJECT,
    provider: CPU,
    batchSize: 4,
    ...QUICK,
    processes: 2,
    onProgress: (progress) => seen.push(progress),
  });
  assert.equal(record.outcome, "measured", record.reasons.join());
  assert.ok(["VALID", "NOISY", "INVALID"].includes(record.verdict!));
  assert.ok(record.measure!.n >= 120 && record.measure!.median > 0);
  assert.equal(record.runs.length, 2);
  for (const run of record.runs) {
    assert.ok(run.createMs > 0 && run.firstRunMs > 0 && run.engineMs > 0 && run.warmUp.calls > 0 && run.n >= 60);
  }
  const { reference, relativeError, bound, elements } = record.correctness!;
  assert.deepEqual([reference, bound, elements], ["float64 interpreter", 1e-4, 4 * (8 + 4)]);
  assert.ok(relativeError < 1e-5);
  assert.deepEqual([record.dtype, record.subject.inputs[0].shape, record.threads], ["float32", [4, 8], 1]);
  const phases = seen.filter(({ run }) => run === 2).map(({ phase }) => phase);
  assert.deepEqual([...new Set(phases)], ["start", "create", "first run", "check", "warm-up", "measure"]);
  assert.equal(seen[0].phase, "reference");
  const calls = seen.filter(({ run }) => run === 2).flatMap(({ calls }) => calls ?? []);
  assert.equal(calls[0].count, record.runs[1].callsPerSample);
  assert.ok(calls.every(({ callMs, elapsedMs }) => callMs > 0 && elapsedMs >= callMs));
});

Deno.test("a provider whose outputs are altered is never timed", async () => {
  const seen: string[] = [];
  const record = await bench({
    subject: SUBJECT,
    provider: CPU,
    ...QUICK,
    hooks: { alterOutputs: 0.01 },
    onProgress: ({ phase }) => seen.push(phase),
  });
  assert.deepEqual([record.outcome, record.verdict, record.measure, record.runs], ["wrong", "INVALID", null, []]);
  assert.match(record.reasons[0], /wrong output, not timed/);
  assert.ok(!seen.includes("warm-up") && !seen.includes("measure"));
  const loose = await bench({ subject: SUBJECT, provider: CPU, ...QUICK, hooks: { alterOutputs: 1e-5 }, bound: 0.1 });
  assert.equal(loose.outcome, "measured", "within the bound that was stated");
});

Deno.test("tfjs is measured as a provider of its own", async () => {
  const record = await bench({ subject: SUBJECT, provider: { name: "tfjs", backend: "tfjs" }, ...QUICK });
  assert.deepEqual([record.outcome, record.providerLabel], ["measured", "tfjs"], record.reasons.join());
  assert.ok(record.correctness!.relativeError > 0);
});

Deno.test("a provider that is not here is absent, one that cannot run it unsupported: neither is replaced", async () => {
  const record = await bench({ subject: SUBJECT, provider: { name: "coreml" }, ...QUICK });
  if (!(await availableProviders()).includes("coreml")) {
    assert.deepEqual([record.outcome, record.verdict, record.measure], ["absent", null, null]);
    assert.match(record.reasons[0], /ONNX Runtime has no coreml here: it has cpu/);
  }
  const refused = await bench({
    subject: SUBJECT,
    provider: CPU,
    ...QUICK,
    providerSupports: ({ dtype }, { name }) => `${name} takes no ${dtype}`,
  });
  assert.deepEqual([refused.outcome, refused.reasons], ["unsupported", ["cpu takes no float32"]]);
});

Deno.test("a crash, a hang, a memory kill and a refusal are recorded as such", async () => {
  const ends = async (how: string, settings: Partial<BenchOptions> = {}) => {
    const record = await bench({ subject: moduleOf(how), provider: CPU, ...QUICK, ...settings });
    return `${record.outcome}: ${record.reasons.join()}`;
  };
  assert.match(await ends("crash"), /^failed: it was ended by SIGKILL \(phase: warm-up\)/);
  assert.match(await ends("exit"), /^failed: it ended with exit code 7 \(phase: warm-up\)/);
  assert.match(await ends("hang", { deadlineMs: 6000 }), /^failed: it did not end within 6\.00 s \(phase: warm-up\)/);
  assert.match(
    await ends("memory", { memoryLimitBytes: 2 ** 29 }),
    /^failed: it took more than 512 MiB of memory \(phase: warm-up\)/,
  );
  assert.match(await ends("refuses"), /^failed: .*phase: create\): Error: this subject cannot be opened/);
  assert.match(await ends("wrong"), /^wrong: wrong output, not timed/);
  assert.match(await ends("ok"), /^measured/);
});

Deno.test("benchGrid goes on after a provider that fails, and keeps samples beside the records", async () => {
  await inFolder(async (folder) => {
    const x = input("x", "float32", ["rows", 3]);
    const file = join(folder, "foreign.onnx");
    await writeFile(file, encodeOnnx(graph("foreign", { y: relu(add(x, x)) })));
    const files = new BenchFiles();
    const records = await benchGrid({
      subject: { file },
      providers: [{ name: "tfjs" }, CPU],
      batchSizes: [1, 5],
      ...QUICK,
      onSamples: files.take,
    });
    assert.deepEqual(records.map(({ providerLabel, batchSize, outcome }) => [providerLabel, batchSize, outcome]), [
      ["tfjs", 1, "unsupported"],
      ["cpu", 1, "measured"],
      ["tfjs", 5, "unsupported"],
      ["cpu", 5, "measured"],
    ]);
    const path = join(folder, "foreign.json");
    await files.write(path, records);
    const text = await readFile(path, "utf8");
    assert.ok(!text.includes(folder), "no path of this machine");
    const read = parseBenchFile(text, "foreign.json").records;
    assert.deepEqual(read.map(({ samplesFile }) => samplesFile), [
      null,
      "foreign.samples.ndjson.gz",
      null,
      "foreign.samples.ndjson.gz",
    ]);
    const lines = parseSamples(await readFile(join(folder, "foreign.samples.ndjson.gz")));
    const samples = lines.flatMap((line) => ("callMs" in line ? [line] : []));
    assert.deepEqual(samples.map(({ callMs }) => callMs.length), [read[1].measure!.n, read[3].measure!.n]);
    assert.equal(lines.length - samples.length, read[1].monitor!.windows + read[3].monitor!.windows);
    assert.deepEqual((await readdir(folder)).sort(), ["foreign.json", "foreign.onnx", "foreign.samples.ndjson.gz"]);
  });
});

Deno.test("a larger model has a reference of ONNX Runtime, whose first row the interpreter has checked", async () => {
  const x = input("x", "float32", ["batch", 512]);
  const weight = (name: string) => parameter(name, [512, 512], { initializer: { kind: "constant", value: 0.01 } });
  const model = graph("wide", { y: matMul(relu(matMul(x, weight("v"))), weight("w")) });
  const record = await bench({
    subject: { name: "wide", graph: model },
    provider: CPU,
    batchSize: 128,
    limits: { minMs: 1, minCount: 2 },
    warmUpMs: 1,
  });
  assert.match(record.correctness!.reference, /ONNX Runtime on the CPU, nothing fused; its first row checked/);
});

Deno.test("server latencies are summarized beside the calls' own times", async () => {
  const scenario = { name: "server", arrivalsPerSecond: 2000 } as const;
  const { latency, measure, outcome } = await bench({ subject: SUBJECT, provider: CPU, ...QUICK, scenario });
  assert.equal(outcome, "measured");
  assert.ok(latency!.n === measure!.n && latency!.median >= measure!.median);
  await assert.rejects(bench({ subject: SUBJECT, provider: CPU, scenario: "server" }), /needs its arrivalsPerSecond/);
});

Deno.test("bench refuses a batch of 0, a file that is no ONNX, and options out of range", async () => {
  const rejects = (options: Partial<BenchOptions>, pattern: RegExp) =>
    assert.rejects(bench({ subject: SUBJECT, provider: CPU, ...QUICK, ...options }), pattern);
  await rejects({ batchSize: 0 }, /expected a batch of an integer from 1, got 0/);
  await rejects({ subject: { file: projectPath("deno.json") } }, /Cannot read deno.json: expected an ONNX model/);
  await rejects({ processes: 0 }, /expected processes to be an integer from 1, got 0/);
  await rejects({ warmUpCalls: 1.5 }, /expected warmUpCalls to be an integer from 1, got 1\.5/);
  await rejects({ provider: { name: "cpu", threads: 0 } }, /expected threads to be an integer from 1, got 0/);
  await rejects({ signal: AbortSignal.abort(new Error("stopped")) }, /stopped/);
});

Deno.test("compareInTurns finds a side that was slowed down, and refuses a wrong one", async () => {
  await withSubject(SUBJECT, 2, async (subject, makeReference) => {
    const { reference } = await makeReference();
    const side = { subject, provider: CPU, threads: 1, reference };
    const turns = { blocks: 4, blockMs: 4, minSteps: 4, sampleMs: 0.2 };
    const { comparison, measured } = await compareInTurns({ ...side, hooks: { slowdown: 6 } }, side, {
      turns,
      pairs: 2,
    });
    assert.equal(measured.length, 2);
    assert.ok(comparison.ratio > 2, `ratio ${comparison.ratio}`);
    const wrong = { ...side, hooks: { alterOutputs: 0.5 } };
    await assert.rejects(
      compareInTurns(wrong, side, { turns, pairs: 2 }),
      /Cannot compare student: its outputs differ/,
    );
    await assert.rejects(compareInTurns(side, side, { turns, pairs: 1 }), /at least 2 pairs of processes, got 1/);
  });
});

const swiftShader = swiftShaderEnvironment();

Deno.test({
  name: "webgpu is measured after its outputs agree",
  ignore: swiftShader === null,
  async fn() {
    const before = Object.fromEntries(Object.keys(swiftShader!).map((name) => [name, process.env[name]]));
    Object.assign(process.env, swiftShader);
    try {
      const few = { limits: { minMs: 1, minCount: 9 }, warmUpMs: 10 };
      const record = await bench({ subject: SUBJECT, provider: { name: "webgpu" }, batchSize: 2, ...few });
      assert.deepEqual([record.outcome, record.fallback], ["measured", false], record.reasons.join());
      assert.ok(record.correctness!.relativeError < 1e-4);
      const altered = { hooks: { alterOutputs: 0.1 }, ...few };
      assert.equal((await bench({ subject: SUBJECT, provider: { name: "webgpu" }, ...altered })).outcome, "wrong");
    } finally {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  },
});
