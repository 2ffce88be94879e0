import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type BenchFile, parseBenchFile } from "../../lib/bench/mod.ts";
import { benchMain } from "../../lib/cli/bench.ts";
import { aaSettings, runSettings, type RunValues } from "../../lib/cli/bench_settings.ts";
import { encodeOnnx, graph, input, relu } from "../../lib/graph/mod.ts";
import { peerPython } from "../peers/peer_python.ts";
import { recordFrom, runOf, timesOf } from "../bench/harness/made_records.ts";

const positive = encodeOnnx(graph("positive", { y: relu(input("x", "float32", ["rows", "width"])) }));
const FAST = ["--quick", "--wait=0.001", "--seconds=0.01", "--calls=12", "--threads=1"];

async function withFiles(use: (folder: string, run: (...args: string[]) => Promise<string>) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-bench-"));
  const run = async (...args: string[]) => {
    const lines: string[] = [];
    const code = await benchMain(args, { line: (text) => void lines.push(text), live: () => {} });
    return [...lines, `exit ${code}`].join("\n");
  };
  try {
    writeFileSync(join(folder, "positive.onnx"), positive);
    await use(folder, run);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

Deno.test("bench run measures a foreign file on every provider, and lists those that are not here", async () => {
  await withFiles(async (folder, run) => {
    const output = join(folder, "out.json");
    const args = [join(folder, "positive.onnx"), "--shape=width=4", "--batch=1,3", `--output=${output}`, ...FAST];
    const text = await run("run", ...args, "--providers=cpu");
    assert.match(text, /cpu \| +1 \|[^\n]*\n[^\n]*cpu \| +3 \|/);
    assert.match(text, /Written to .*out\.json\nexit 0$/);
    const { records } = parseBenchFile(readFileSync(output, "utf8"), "out.json");
    assert.deepEqual(records.map(({ batchSize, outcome }) => [batchSize, outcome]), [[1, "measured"], [3, "measured"]]);
    assert.deepEqual(records[1].subject.inputs[0].shape, [3, 4]);
    assert.ok(existsSync(join(folder, records[0].samplesFile!)));
    const wanted = await run("run", ...args, "--providers=tfjs", "--batch=1");
    assert.match(wanted, /tfjs interprets graphs of this library, no files[\s\S]*exit 1$/);
  });
});

Deno.test("bench run tells what is wrong with a file, a provider, a batch or a shape in one sentence", async () => {
  await withFiles(async (folder, run) => {
    const file = join(folder, "positive.onnx");
    writeFileSync(join(folder, "text.onnx"), "no model at all");
    const refuses = (args: string[], pattern: RegExp) =>
      assert.rejects(run(...args), { name: "CommandError", message: pattern });
    await refuses(["run", join(folder, "text.onnx")], /Cannot read text.onnx: expected an ONNX model/);
    await refuses(["run", join(folder, "nowhere.onnx")], /there is no file/);
    await refuses(["run", folder], /expected a file, got the folder/);
    writeFileSync(join(folder, "empty.onnx"), "");
    await refuses(
      ["run", join(folder, "empty.onnx")],
      /Cannot read empty.onnx: expected an ONNX model, got an empty file/,
    );
    writeFileSync(join(folder, "cut.onnx"), positive.subarray(0, positive.length - 5));
    await refuses(["run", join(folder, "cut.onnx")], /Cannot read cut.onnx: expected an ONNX model, got .* damaged/);
    await refuses(["run", file, "--providers=cpu,webgup"], /got "webgup"; did you mean webgpu\?/);
    await refuses(["run", file, "--batch=0"], /expected --batch to be integers from 1, got "0"/);
    await refuses(["run", file], /expected a size for every dimension, got x \[1, width\]/);
    await refuses(["run", file, "--shape=width=4", "--shape=depth=2"], /free dimension \(x, rows, width\), got depth/);
    await refuses(["run", file, "--shape=x=two"], /expected --shape to be NAME=1,384, got "x=two"/);
    await refuses(["run", file, "--scenario=multiStream"], /of singleStream, offline, server, got "multiStream"/);
    await refuses(["run", file, "--scenario=server"], /needs --rate/);
    await refuses(["run", file, "--rate=5"], /expected --rate with --scenario=server, got singleStream/);
    await refuses(["run", file, "--providers=coreml:gpu"], /got "coreml:gpu"/);
    await refuses(
      ["run", file, "--batch", "-1"],
      /^Expected a value of --batch: write --batch=-1 for one with a dash; the/,
    );
    await refuses(["run", file, "--batch=1.5"], /expected --batch to be integers from 1, got "1.5"/);
    await refuses(["run"], /expected one .onnx file, got none/);
    await refuses(["measure"], /expected run FILE.onnx, compare A.json B.json, or aa, got "measure"/);
    await refuses([], /got nothing/);
    await refuses(["compare", file], /expected two files of records/);
    await refuses(["compare", file, file, "--force"], /Unknown option '--force'/);
  });
});

Deno.test("bench compare prints ratios with intervals, and says why what cannot be compared cannot", async () => {
  await withFiles(async (folder, run) => {
    const record = (ms: number, options = {}) =>
      recordFrom([runOf(timesOf(ms)), runOf(timesOf(ms, { seed: 2 }))], options);
    const write = (name: string, records: unknown[], fields: Partial<Record<keyof BenchFile, unknown>> = {}) => {
      writeFileSync(
        join(folder, name),
        JSON.stringify({ schemaVersion: 1, kind: "bench records", records, ...fields }),
      );
      return join(folder, name);
    };
    const gpu = { provider: { name: "webgpu" as const } };
    const a = write("a.json", [record(2), record(1, gpu)]);
    const b = write("b.json", [record(1)]);
    const text = await run("compare", `${a}#cpu`, b);
    assert.match(text, /cpu \| cpu \| +1 \| +2\.0\d \| +1\.0\d? \| 2\.0\d\d \| 1\.9\d\d to 2\.0\d\d/);
    assert.match(text, /exit 0$/);
    assert.match(await run("compare", `${a}#cpu`, `${a}#webgpu`), /cpu \| webgpu \|[^\n]* 2\.\d\d\d \|/);
    await assert.rejects(run("compare", `${a}#tfjs`, b), /expected a provider of a.json \(cpu, webgpu\), got tfjs/);
    const other = write("other.json", [record(1, { batchSize: 8 })]);
    assert.match(
      await run("compare", b, other),
      /^Cannot compare cpu x 1 with cpu x 8: another batch: 1 and 8\nexit 1$/,
    );
    const old = write("old.json", [record(1)], { schemaVersion: 0 });
    await assert.rejects(run("compare", b, old), /Cannot read old.json: expected schema 1, got 0/);
    const invalid = write("invalid.json", [{ ...record(1), verdict: "INVALID", reasons: ["drift of 30%"] }]);
    assert.match(await run("compare", b, invalid), /B is INVALID \(drift of 30%\)/);
    writeFileSync(join(folder, "cut.json"), readFileSync(b, "utf8").slice(0, 100));
    await assert.rejects(
      run("compare", b, join(folder, "cut.json")),
      /Cannot read cut.json: expected JSON of benchmark/,
    );
    writeFileSync(join(folder, "study.json"), JSON.stringify({ schemaVersion: 1, benchmark: "aa", trials: [] }));
    await assert.rejects(run("compare", b, join(folder, "study.json")), /as `deno task bench run` writes them/);
  });
});

const VALUES: RunValues = {
  providers: "",
  batch: "",
  scenario: "singleStream",
  rate: "",
  shape: [],
  threads: "",
  seconds: "",
  calls: "",
  processes: "3",
  timeout: "",
  wait: "30",
  quick: false,
};

Deno.test("bench run supports p99 by default, on all of ONNX Runtime's providers in three processes", () => {
  const { providers, isDefault, settings } = runSettings(VALUES);
  assert.deepEqual([providers.map((provider) => provider.name), isDefault], [["cpu", "webgpu", "coreml"], true]);
  assert.ok(settings.limits!.minCount! >= 662 && settings.processes === 3);
  const threaded = runSettings({ ...VALUES, providers: "cpu,webgpu", threads: "2" });
  assert.deepEqual(threaded.providers, [{ name: "cpu", threads: 2 }, { name: "webgpu" }]);
  assert.deepEqual(runSettings({ ...VALUES, shape: ["x=1,384", "n=7"] }).sizes, {
    inputs: { x: [1, 384] },
    dimensions: { n: 7 },
  });
});

Deno.test("bench aa is of 300 trials by default, and needs two pairs of processes", () => {
  const values = { trials: "300", slow: "0", threads: "1", pairs: "5" };
  assert.deepEqual([aaSettings(values).trials, aaSettings(values).slowTrials], [300, 0]);
  assert.throws(() => aaSettings({ ...values, pairs: "1" }), /expected --pairs to be at least 2, got 1/);
});

Deno.test("bench aa writes its trials after measuring them", async () => {
  await withFiles(async (folder, run) => {
    const output = join(folder, "aa.json");
    const text = await run("aa", "--trials=1", "--slow=1", "--pairs=2", `--output=${output}`);
    assert.match(text, /of 1 intervals contain 1, median half-width .*; a slowdown was found in .* of 1/);
    const { trials, benchmark } = JSON.parse(readFileSync(output, "utf8"));
    assert.deepEqual([benchmark, trials.length], ["aa", 2]);
    const [other, pooled] = [join(folder, "b.json"), join(folder, "pooled.json")];
    const moved = trials.map((trial: { ratio: number }) => ({ ...trial, ratio: trial.ratio + 1e-6 }));
    writeFileSync(other, JSON.stringify({ ...JSON.parse(readFileSync(output, "utf8")), trials: moved }));
    assert.match(await run("aa", "--join", output, other, `--output=${pooled}`), / of 2 intervals contain 1/);
    assert.equal(JSON.parse(readFileSync(pooled, "utf8")).trials.length, 4);
    const refuses = (args: string[], pattern: RegExp) =>
      assert.rejects(run("aa", ...args), { name: "CommandError", message: pattern });
    await refuses(["--join", output, output], /trials of it are in aa.json already/);
    await refuses(["--join", output], /expected two or more files of studies/);
    await refuses(["--join", output, join(folder, "positive.onnx")], /Cannot read positive.onnx: expected JSON/);
    await refuses([output], /expected no files without --join/);
  });
});

Deno.test({
  name: "bench run --peer measures the same file with Python's onnxruntime, beside a control",
  ignore: peerPython() === null,
  async fn() {
    await withFiles(async (folder, run) => {
      const args = ["--shape=width=4", "--providers=cpu", `--output=${join(folder, "out.json")}`, ...FAST];
      const text = await run("run", join(folder, "positive.onnx"), ...args, "--peer");
      assert.match(text, /Batch 1, ours over Python \S+: [\d.]+ \([\d.]+ to [\d.]+\): (no|a) difference beyond/);
    });
  },
});

Deno.test({
  name: "bench run --peer without a Python says so",
  ignore: Boolean(process.env.PEER_PYTHON),
  async fn() {
    await withFiles(async (folder, run) => {
      const args = ["--shape=width=4", "--providers=cpu", `--output=${join(folder, "out.json")}`, ...FAST];
      await assert.rejects(run("run", join(folder, "positive.onnx"), ...args, "--peer"), /PEER_PYTHON names no Python/);
    });
  },
});
