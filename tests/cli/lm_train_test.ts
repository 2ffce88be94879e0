import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError, INTERRUPTED_EXIT_CODE } from "lib/cli/command.ts";
import { lmExportMain } from "lib/cli/lm_export.ts";
import { fuseMain } from "lib/cli/lm_fuse.ts";
import { trainMain } from "lib/cli/lm_train.ts";
import { parseTrainCommand } from "lib/cli/lm_train_options.ts";
import { adapterAddition } from "lib/language/mod.ts";
import { openLfm2 } from "lib/models/lfm2/open.ts";
import { projectPath } from "lib/process/mod.ts";
import { openOnnxFile } from "lib/runtime/mod.ts";
import { type Adapter, readAdapter } from "lib/train/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { writeModelFolder } from "tests/models/lfm2/rule_weights.ts";
import { abortAfter } from "tests/train/fixtures.ts";
import { TINY } from "tests/language/fine_tuning/fixtures.ts";

const CHATS = ["soil", "worms", "apples", "days", "turns"].map((word) => ({
  messages: [{ role: "user", content: `What are ${word}?` }, { role: "assistant", content: `They are ${word}.` }],
}));
const TOKENS = [1, 6, 20, 30];
const SHORT = [
  "--iterations",
  "6",
  "--validate-every",
  "3",
  "--report-every",
  "2",
  "--threads",
  "1",
  "--rank",
  "2",
  "--layers",
  "2",
];

interface Place {
  model: string;
  data: string;
  out: string;
  /** Runs `lm train` on them. */
  train: (args?: string[], signal?: AbortSignal) => Promise<{ code: number; lines: string[] }>;
}

/** A small model with a tokenizer, conversations, and an empty place for what is trained. */
async function withPlace(use: (place: Place) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-lm-train-"));
  try {
    const place = { model: join(folder, "model"), data: join(folder, "chats.jsonl"), out: join(folder, "out") };
    await writeModelFolder(place.model, { ...TINY, vocab_size: 480, eos_token_id: 7, max_position_embeddings: 256 });
    cpSync(projectPath("tests", "golden", "data", "language_tokenizer"), place.model, { recursive: true });
    writeFileSync(place.data, CHATS.map((chat) => `${JSON.stringify(chat)}\n`).join(""));
    const train: Place["train"] = async (args = [], signal = new AbortController().signal) => {
      const lines: string[] = [];
      const terminal = { line: (text: string) => void lines.push(text), live: () => {} };
      const given = ["--model", place.model, "--data", place.data, "--out", place.out];
      return { code: await trainMain([...given, ...SHORT, ...args], { terminal, signal }), lines };
    };
    await use({ ...place, train });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const adapterNumbers = ({ factors }: Adapter) => Object.values(factors).flatMap(({ a, b }) => [...a, ...b]);

/** Logits of the last of the tokens that the tests feed. */
async function exportedLogits(file: string): Promise<Float32Array> {
  const opened = await openOnnxFile(file, { threads: 1 });
  const int32 = (values: number[]) => ({ dtype: "int32" as const, shape: [1, 4], data: Int32Array.from(values) });
  const { logits } = await opened.run({ token_ids: int32(TOKENS), positions: int32([0, 1, 2, 3]) });
  await opened.release();
  return (logits.data as Float32Array).slice(-logits.data.length / 4);
}

Deno.test("lm train trains an adapter that generates, fuses, is exported, and goes on", () =>
  withPlace(async ({ model, out, train }) => {
    const { code, lines } = await train(["--mask-prompt"]);
    assert.equal(code, 0);
    const text = lines.join("\n");
    assert.match(text, /^training {3}4 texts, [\d,]+ tokens to learn\nvalidation 1 texts, /);
    assert.match(text, /trained {4}[\d,]+ of [\d,]+ parameters \([\d.]+%\): rank 2, alpha 4, 4 linear layers/);
    assert.match(text, /iteration 2 of 6: loss [\d.]+, learning rate 1\.00e-5, [\d.,]+ iterations\/s, /);
    assert.match(text, /iteration 3: validation loss [\d.]+, perplexity [\d.,]+/);
    assert.match(text, /1-100 +[\d.,]+ iterations\/s \[[\d.,]+, [\d.,]+\], [\d.,]+ tokens\/s/);
    const adapter = await readAdapter(out);
    assert.deepEqual([adapter.rank, Object.keys(adapter.factors).length], [2, 4]);
    // Merged, the model gives the logits of the model with the adapter beside it.
    const fused = `${out}-fused`;
    const terminal = { line: () => {}, live: () => {} };
    const signal = new AbortController().signal;
    const args = ["--model", model, "--adapter", out, "--out", fused];
    assert.equal(await fuseMain(args, { terminal, signal }), 0);
    const logits = async (folder: string, addition?: ReturnType<typeof adapterAddition>) => {
      const opened = await openLfm2(folder, { threads: 1, addition });
      const sequence = opened.start(1);
      const values = await sequence.feed([TOKENS]);
      sequence.release();
      await opened.release();
      return values;
    };
    assertAllClose(await logits(fused), await logits(model, adapterAddition(adapter)), { rtol: 1e-3, atol: 1e-4 });
    // And so do the exported files: of the merged model, and of the model with the adapter merged on the way.
    const exports = { fused: ["--model", fused], merged: ["--model", model, "--adapter", out] };
    const expected = { fused: await logits(fused), merged: await logits(model, adapterAddition(adapter)) };
    for (const name of ["fused", "merged"] as const) {
      const file = `${out}-${name}.onnx`;
      assert.equal(await lmExportMain([...exports[name], "--out", file], { terminal, signal }), 0);
      assertAllClose(await exportedLogits(file), expected[name], { rtol: 1e-4, atol: 1e-5, label: name });
    }
    assert.equal((await train(["--adapter", out, "--out", `${out}-2`])).code, 0);
    assert.equal((await train(["--format", "mlx", "--no-resume", "--out", `${out}-3`])).code, 0);
    assert.ok(existsSync(join(`${out}-3`, "adapters.safetensors")));
  }));

Deno.test("lm train --full writes a model's folder, from its weights or from none", () =>
  withPlace(async ({ out, train }) => {
    for (const more of [[], ["--scratch", "--pack", "--max-length", "64"]]) {
      const { code, lines } = await train(["--full", "--no-resume", ...more]);
      assert.equal(code, 0);
      assert.match(lines.join("\n"), /trained {4}([\d,]+) of \1 parameters \(100%\)/);
      const opened = await openLfm2(out, { threads: 1 });
      await opened.release();
    }
    assert.ok(existsSync(join(out, "tokenizer.json")));
  }));

Deno.test("lm train ends at a signal with a checkpoint, and the same command goes on to the same adapter", () =>
  withPlace(async ({ out, train }) => {
    assert.equal((await train(["--out", `${out}-whole`])).code, 0);
    const { code, lines } = await train([], abortAfter(4));
    assert.equal(code, INTERRUPTED_EXIT_CODE);
    assert.match(lines.at(-1)!, /^Interrupted after iteration 4; the same command goes on from /);
    assert.ok(existsSync(join(out, "checkpoint", "checkpoint.json")) && !existsSync(join(out, "adapter_config.json")));
    assert.equal((await train()).code, 0);
    const bytes = (folder: string) => readFileSync(join(folder, "adapter_model.safetensors"));
    assert.deepEqual(bytes(out), bytes(`${out}-whole`));
  }));

Deno.test("lm train tells in one sentence what is wrong with texts, context, learning rate and adapters", () =>
  withPlace(async ({ data, out, train }) => {
    const refused = async (args: string[], message: RegExp) =>
      await assert.rejects(train(args), (error: Error) => {
        assert.ok(error instanceof CommandError, String(error));
        assert.match(error.message, message);
        return true;
      });
    await refused(
      ["--learning-rate", "1e37", "--iterations", "40"],
      /^Training diverged: .* with learning rate 1e\+37; .*--no-resume$/,
    );
    // With a first update that is still good, what it made is kept.
    const late = ["--learning-rate", "1e9", "--validate-every", "1", "--save-every", "1", "--out", `${out}-late`];
    await refused(
      late,
      /^Training diverged: all 480 tokens .* step 2 .*; the checkpoint of iteration 1 stays in .*; the adapter of its best validation is saved/,
    );
    assert.ok(adapterNumbers(await readAdapter(`${out}-late`)).every(Number.isFinite));
    await refused([...late, "--learning-rate", "1e-3"], /of another run .*; choose another --out, or --no-resume$/);
    await refused(
      ["--max-length", "8"],
      /chats\.jsonl, line \d: expected at most 8 tokens, got \d+; --max-length allows more, --cut/,
    );
    assert.equal((await train(["--no-resume", "--out", `${out}-a`])).code, 0);
    await refused(["--adapter", `${out}-a`, "--rank", "4", "--no-resume"], /rank/);
    await refused(["--modules", "nothing", "--no-resume"], /nothing/);
    await refused(["--adapter", "/nowhere"], /\/nowhere/);
    writeFileSync(data, `${readFileSync(data, "utf8")}{"messages"\n`);
    await refused([], /chats\.jsonl, line 6: expected JSON, got .* at column 12$/);
    writeFileSync(data, "");
    await refused([], /expected at least one text, got an empty file/);
    await refused(["--data", "/nowhere"], /expected a file or folder at \/nowhere, got none/);
  }));

Deno.test("parseTrainCommand reads its options, and refuses what does not fit together", () => {
  const least = ["--model", "m", "--data", "d", "--out", "o"];
  const parsed = parseTrainCommand([
    ...[...least, "--rank", "16", "--layers", "all", "--modules", "q_proj, v_proj", "--weights", "int4"],
    ...["--schedule", "cosine", "--warmup", "5", "--accumulate", "4", "--segments", "6", "--optimizer", "adamw"],
  ]);
  assert.deepEqual(parsed.lora, {
    rank: 16,
    alpha: 32,
    dropout: 0,
    lastLayers: null,
    targetModules: ["q_proj", "v_proj"],
  });
  assert.deepEqual([parsed.baseFormat, parsed.settings.segments, parsed.settings.accumulationSteps], ["int4", 6, 4]);
  assert.deepEqual(parsed.settings.schedule, { kind: "cosine", warmupSteps: 5 });
  assert.equal(parsed.settings.optimizer!.kind, "adamW");
  const cases: [string[], RegExp][] = [
    [[], /expected --model, got none/],
    [[...least, "more"], /expected options alone, got "more"/],
    [[...least, "--scratch"], /expected --scratch with --full/],
    [[...least, "--full", "--adapter", "a"], /expected --full or --adapter, got both/],
    [[...least, "--full", "--weights", "int4"], /expected --weights fp32 with --full, got "int4"/],
    [[...least, "--rank", "0"], /expected --rank to be an integer from 1, got "0"/],
    [[...least, "--learning-rate", "fast"], /expected --learning-rate to be a number, got "fast"/],
    [[...least, "--schedule", "none"], /expected --schedule to be constant, linear, cosine, got "none"/],
    [[...least, "--nothing"], /the options are /],
  ];
  for (const [args, message] of cases) assert.throws(() => parseTrainCommand(args), message);
});

Deno.test("lm export refuses a dtype before it looks for the model", async () => {
  const context = { terminal: { line: () => {}, live: () => {} }, signal: new AbortController().signal };
  const args = ["--model", "nowhere", "--dtype", "fp8", "--out", "model.onnx"];
  await assert.rejects(
    lmExportMain(args, context),
    /^CommandError: Cannot export: expected --dtype fp32, .*"fp8"/,
  );
});
