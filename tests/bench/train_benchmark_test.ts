import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { benchmarkTable, mergeRun, runTrainBenchmark, TRAIN_SUBJECT, waitForQuiet } from "lib/bench/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { machineFacts, tfjsBackendName } from "lib/runtime/mod.ts";
import { peerPython } from "tests/peers/peer_python.ts";

const OPTIONS = {
  turns: { blocks: 2, blockMs: 1, minSteps: 2 },
  attempts: 2,
  quietMs: 1,
  budgetMs: 300_000,
  threads: [1],
};

Deno.test("runTrainBenchmark measures our side alone, with a control", async () => {
  const done: string[] = [];
  const measured = await runTrainBenchmark({
    ...OPTIONS,
    sizes: [{ studentDim: 8, batchSize: 32 }, { studentDim: 16, batchSize: 32 }],
    peers: ["torch"],
    peerPython: null,
    onProgress: ({ last, done: count, total }) => void done.push(`${last.split(":")[0]}: ${count}/${total}`),
  });
  assert.deepEqual(done, [
    "S=8 x 32, 1 thread: 1/3",
    "S=8 x 32, 1 thread (control): 2/3",
    "S=16 x 32, 1 thread: 3/3",
  ]);
  const { cells, controls } = measured;
  const [{ sides: [ours, ...peers], comparison, missing }] = cells;
  assert.deepEqual([peers, comparison], [[], null]);
  assert.deepEqual(missing, [
    { name: "PyTorch eager", reason: "PEER_PYTHON names no Python with torch", overBudget: false },
  ]);
  assert.ok(cells.every(({ attempt, verdict }) => attempt === 2 || verdict !== "INVALID"));
  assert.equal(ours.n, ours.blocksMs.flat().length);
  assert.ok(ours.n >= 4 && ours.medianMs > 0 && ours.createMs > 0);
  assert.equal(ours.samplesPerSecond, 32_000 / ours.medianMs);
  assert.deepEqual(controls[0].sides.map(({ name }) => name), ["ours", "ours again"]);
  assert.ok(controls[0].comparison!.ratio > 0);
  const file = mergeRun(null, measured, { ...TRAIN_SUBJECT, machine: machineFacts() });
  assert.match(benchmarkTable(file), /no PyTorch eager: PEER_PYTHON names no Python with torch/);
  assert.deepEqual(JSON.parse(JSON.stringify(file)), file);
});

Deno.test("runTrainBenchmark: the JavaScript peers take the same steps as ours, or say what is missing", async () => {
  const { cells: [{ sides, missing, reasons, comparison }] } = await runTrainBenchmark({
    ...OPTIONS,
    attempts: 1,
    sizes: [{ studentDim: 8, batchSize: 32 }],
    peers: ["tfjs-node", "jax-js"],
    peerPython: null,
  });
  const installed = tfjsBackendName() === "tfjs-node";
  assert.deepEqual(sides.map(({ name }) => name), ["ours", ...(installed ? ["tfjs-node"] : []), "jax-js"]);
  assert.equal(missing.length, installed ? 0 : 1);
  for (const { reason } of missing) assert.match(reason, /deno task setup:tfjs-node/);
  const told = [reasons, ...sides.map(({ reasons }) => reasons)].flat();
  assert.ok(!told.some((reason) => reason.includes("losses differ")), told.join());
  assert.ok(sides.slice(1).every(({ role, comparison }) => role === "other" && comparison!.ratio > 0));
  assert.equal(comparison, null, "they do not count");
});

const python = peerPython();
const hasTorch = python !== null && spawnSync(python, ["-c", "import torch"]).status === 0;

Deno.test({
  name: "runTrainBenchmark: PyTorch eager takes the same steps as ours, and the ratio is to it",
  ignore: !hasTorch,
  async fn() {
    const { cells: [{ sides, missing, reasons, comparison }] } = await runTrainBenchmark({
      ...OPTIONS,
      attempts: 1,
      sizes: [{ studentDim: 8, batchSize: 32 }],
      peers: ["torch"],
      peerPython: python,
    });
    assert.deepEqual(missing, []);
    assert.deepEqual(sides.map(({ name }) => name), ["ours", "PyTorch eager"]);
    assert.ok(!reasons.some((reason) => reason.includes("losses differ")), reasons.join());
    assert.equal(comparison?.peer, "PyTorch eager");
    assert.match(sides[1].version!, /^\d+\.\d+/);
  },
});

Deno.test({
  name: "the Python sides say in one sentence which package they lack",
  ignore: python === null,
  async fn() {
    const folder = await mkdtemp(join(tmpdir(), "latent-lab-test-"));
    for (const name of ["torch", "numpy"]) {
      await writeFile(join(folder, `${name}.py`), "raise ImportError('no such package')");
    }
    for (
      const [script, args] of [["train_torch.py", ["8", "8", "1"]], ["infer_onnxruntime.py", [folder, "run", "1"]]]
    ) {
      const { status, stderr } = spawnSync(python!, [projectPath("tests", "peers", script as string), ...args], {
        env: { ...process.env, PYTHONPATH: folder },
        encoding: "utf8",
      });
      assert.equal(status, 1);
      assert.match(stderr, /^Cannot run \S+ side: \S+ cannot import it: no such package\s*$/);
    }
    await rm(folder, { recursive: true });
  },
});

Deno.test("runTrainBenchmark refuses a Python without torch before it measures", async () => {
  const options = { ...OPTIONS, sizes: [{ studentDim: 8, batchSize: 8 }], peers: ["torch"] as const };
  await assert.rejects(runTrainBenchmark({ ...options, peerPython: "false" }), /false cannot import torch/);
  await assert.rejects(runTrainBenchmark({ ...options, peerPython: "/nonexistent/python" }), /nonexistent/);
});

Deno.test("waitForQuiet looks until the cores are idle enough, or the time is up", async () => {
  const looks = { atMostMs: 60, lookMs: 20 };
  const quiet = await waitForQuiet({ ...looks, atMostMs: 60_000, idleShare: 0 });
  assert.ok(quiet !== null && quiet >= 0 && quiet <= 1);
  const start = performance.now();
  assert.ok((await waitForQuiet({ ...looks, idleShare: 1.1 })) !== null);
  assert.ok(performance.now() - start >= 60);
  assert.equal(await waitForQuiet({ ...looks, signal: AbortSignal.abort() }), null);
});
