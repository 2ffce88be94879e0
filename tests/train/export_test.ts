// Exported files: what they hold, that they run in Python's and Node's ONNX Runtime, and what is refused.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exportMain, nodeLines, pythonLines } from "lib/cli/mod.ts";
import { interpret } from "lib/graph/mod.ts";
import { projectPath, startChild } from "lib/process/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { EXPORT_DTYPES, exportCheckpoint, loadProgram, loadWeights, trainProgram } from "lib/train/mod.ts";
import { peerPython } from "tests/peers/peer_python.ts";
import { smallData, smallProgram, smallSettings, withFolder } from "./fixtures.ts";

const WIDTH = 40;

function withCheckpoint(use: (folder: string) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const data = smallData({ width: WIDTH });
    await trainProgram(smallProgram({ width: WIDTH }), data, { settings: smallSettings(), checkpointDir: folder })
      .result;
    await use(folder);
  });
}

const rows = (count: number, width: number) => random(3, "rows").fillNormal(new Float32Array(count * width), 0, 1);

/** Largest error relative to the norm of the output. `int4` on eight random hidden units carries no small promise. */
const BOUNDS = { fp32: 1e-5, fp16: 5e-3, int8: 3e-2, int4: 0.25 } as const;

function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return Math.sqrt(difference / norm);
}

async function reference(folder: string, x: Float32Array) {
  const { program } = await loadProgram(folder);
  const weights = Object.entries(await loadWeights(folder)).map(([name, { data }]) =>
    [name, { data: data as Float32Array }] as const
  );
  return interpret(program.forward, {
    x: { data: x, shape: [x.length / WIDTH, WIDTH] },
    ...Object.fromEntries(weights),
  });
}

const python = peerPython();
Deno.test({
  name: "an exported file runs in Python's onnxruntime, in every precision, whole and in parts",
  ignore: python === null,
  fn: () =>
    withCheckpoint(async (folder) => {
      const x = rows(5, WIDTH);
      const expected = await reference(folder, x);
      for (const dtype of EXPORT_DTYPES) {
        for (const part of [null, "encoder", "decoder"]) {
          const { bytes, metadata } = await exportCheckpoint(folder, { dtype, part, batch: part ? 5 : null });
          const file = join(folder, "model.onnx");
          await writeFile(file, bytes);
          const latent = expected.latent;
          const feeds = part === "decoder"
            ? { latent: { shape: latent.shape, data: [...latent.data] } }
            : { x: { shape: [5, WIDTH], data: [...x] } };
          const { stdout, stderrTail, exitCode } = await startChild({
            command: python!,
            args: [projectPath("tests", "peers", "run_onnx.py"), file],
            input: JSON.stringify(feeds),
            deadlineMs: 60_000,
          }).result;
          assert.equal(exitCode, 0, stderrTail);
          const got = JSON.parse(stdout);
          assert.deepEqual(got.metadata, metadata);
          const names = { encoder: ["latent"], decoder: ["output"] }[part ?? ""] ?? ["latent", "output"];
          assert.deepEqual(Object.keys(got.outputs), names);
          for (const name of names) {
            assert.deepEqual(got.outputs[name].shape, [...expected[name].shape]);
            const error = relativeError(got.outputs[name].data, expected[name].data);
            assert.ok(error <= BOUNDS[dtype], `${dtype} ${part} ${name}: error ${error}`);
          }
        }
      }
    }),
});

const LANGUAGES = [
  { language: "Python", command: python, lines: pythonLines, extension: "py" },
  { language: "Node", command: "node", lines: nodeLines, extension: "mjs" },
];
for (const { language, command, lines, extension } of LANGUAGES) {
  Deno.test({
    name: `the printed lines of ${language} run as they are`,
    ignore: command === null,
    fn: () =>
      withCheckpoint(async (folder) => {
        const printed: string[] = [];
        const file = join(folder, "shipped.onnx");
        const args = [folder, "--dtype", "int8", "--part", "latent", "--out", file];
        await exportMain(args, { line: (text) => void printed.push(text), live: () => {} });
        const { graph } = await exportCheckpoint(folder, { part: "latent" });
        const text = lines(file, graph).join("\n");
        assert.ok(printed.join("\n").includes(text), "these lines are printed");
        assert.equal(text.split("\n").length, 5);
        // Beside the project's packages, where Node.js looks for onnxruntime-node.
        const script = projectPath(`.run-shipped-${crypto.randomUUID()}.${extension}`);
        await writeFile(script, text);
        try {
          const { stdout, stderrTail } = await startChild({ command: command!, args: [script], deadlineMs: 60_000 })
            .result;
          assert.match(stdout, /^latent [[(] ?4, 3 ?[\])]/, stderrTail);
        } finally {
          await rm(script);
        }
      }),
  });
}

Deno.test("the same checkpoint gives the same bytes, which say what they are and name no path", () =>
  withCheckpoint(async (folder) => {
    const [first, second] = [await exportCheckpoint(folder), await exportCheckpoint(folder)];
    assert.deepEqual(first.bytes, second.bytes);
    const { model, part, dtype, inputs, outputs, bestEpoch, dataset } = first.metadata;
    assert.deepEqual({ model, part, dtype, inputs, outputs }, {
      model: "lnsp",
      part: "whole",
      dtype: "fp32",
      inputs: `x float32 [batch, ${WIDTH}]`,
      outputs: `latent float32 [batch, 3]; output float32 [batch, ${WIDTH}]`,
    });
    assert.match(bestEpoch, /^[1-4]$/);
    assert.match(dataset, /^random/);
    assert.ok(!new TextDecoder("latin1").decode(first.bytes).includes(folder));
    const parts = await exportCheckpoint(folder, { part: "encoder", batch: 2 });
    assert.deepEqual(parts.graph.inputs.x.shape, [2, WIDTH]);
    assert.ok(parts.graph.parameters.every(({ source }) => /inputProjection|compression/.test(source.name)));
    assert.ok(parts.bytes.length < first.bytes.length);
  }));

Deno.test("fp16 is tried on training rows, whole and in parts, and refused with the node that overflows", () =>
  withCheckpoint(async (folder) => {
    const data = smallData({ width: WIDTH });
    const scaled = (factor: number) => {
      const { x } = data.columns;
      return { ...data, columns: { x: { ...x, data: (x.data as Float32Array).map((value) => value * factor) } } };
    };
    for (const part of [null, "encoder", "decoder"]) {
      const { metadata } = await exportCheckpoint(folder, { dtype: "fp16", part, data });
      assert.equal(metadata.float16Range, "80 rows");
      await assert.rejects(
        exportCheckpoint(folder, { dtype: "fp16", part, data: scaled(1e7) }),
        /^RangeError: Cannot run lnsp\S* in float16: \w+_\d+ \[batch,\d+\] reaches \d+(\.\d+)?, expected at most 65504$/,
      );
      await exportCheckpoint(folder, { dtype: "fp32", part, data: scaled(1e7) });
    }
    assert.equal((await exportCheckpoint(folder, { dtype: "fp16" })).metadata.float16Range, "80 rows");
    const absent = { ...data.reference, dataset: join(folder, "absent") };
    const unknown = await exportCheckpoint(folder, { dtype: "fp16", data: absent });
    assert.equal(unknown.metadata.float16Range, "not checked: the data could not be opened");
    assert.equal((await exportCheckpoint(folder, { data })).metadata.float16Range, undefined);
  }));

Deno.test("bad input of the export is refused in a sentence", () =>
  withCheckpoint(async (folder) => {
    const run = (...args: string[]) => exportMain(args, { line: () => {}, live: () => {} });
    const refusals: [string[], RegExp][] = [
      [[], /^Cannot export: expected one checkpoint folder: deno task export CHECKPOINT/],
      [[folder, folder], /expected one checkpoint folder/],
      [[join(folder, "absent")], /^Cannot export: .*absent holds no checkpoint$/],
      [
        [folder, "--part", "head"],
        /^Cannot export part "head" of lnsp: its parts are latent, output, encoder, decoder$/,
      ],
      [[folder, "--dtype", "fp8"], /^Cannot export: expected --dtype fp32, fp16, int8, int4, got "fp8"$/],
      [[folder, "--batch", "0"], /^Cannot export: expected --batch to be an integer of at least 1, got "0"$/],
      [[folder, "--batch", "many"], /got "many"$/],
      [[folder, "--size", "2"], /the options are --part, --dtype, --batch, --fused, --out$/],
    ];
    for (const [args, message] of refusals) {
      await assert.rejects(run(...args), (error: Error) => {
        assert.equal(error.name, "CommandError");
        assert.match(error.message, message);
        return true;
      });
    }
    await assert.rejects(exportCheckpoint(folder, { batch: 0 }), /expected a batch of at least 1, got 0/);
    await assert.rejects(exportCheckpoint(folder, { dtype: "int2" as "int4" }), /expected dtype .* got "int2"/);
  }));

Deno.test("a damaged or missing program is named, one of an earlier version asks to train again", () =>
  withCheckpoint(async (folder) => {
    const path = join(folder, "checkpoint.json");
    const sidecar = JSON.parse(readFileSync(path, "utf8"));
    await writeFile(join(folder, sidecar.program.name), "{}");
    await assert.rejects(exportCheckpoint(folder), /program-\w+\.json: expected SHA-256 .*truncated or changed/);
    await rm(join(folder, sidecar.program.name));
    await assert.rejects(exportCheckpoint(folder), /program-\w+\.json: expected a file, got none/);
    delete sidecar.program;
    await writeFile(path, JSON.stringify(sidecar));
    await assert.rejects(exportCheckpoint(folder), /has none; train again with this version/);
    sidecar.program = { name: "../program-1.json", sha256: "0".repeat(64) };
    await writeFile(path, JSON.stringify(sidecar));
    await assert.rejects(exportCheckpoint(folder), /program\.name/);
  }));
