import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { INTERRUPTED_EXIT_CODE } from "lib/cli/command.ts";
import { lmMain } from "lib/cli/lm.ts";
import type { LmContext, OpenModel } from "lib/cli/lm_generate.ts";
import { openLanguageTokenizer } from "lib/data/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { type Asked, madeModel } from "tests/language/made_models.ts";

const TOKENIZER = projectPath("tests", "golden", "data", "language_tokenizer");
const END = 7; // <|im_end|>

interface Run {
  code: number;
  /** Standard output. */
  out: string;
  /** Lines on standard error. */
  lines: string[];
  asked: Asked;
  opened: { folder: string; options: Record<string, unknown> }[];
  released: number;
}

interface Given {
  answer?: string;
  input?: string | null;
  isTerminal?: boolean;
  signal?: AbortSignal;
  vocabSize?: number;
  openError?: Error;
  onCall?: (call: number) => unknown;
  generationConfig?: string;
}

/** Runs `lm` with a model that says `answer`, in a folder that has a tokenizer. */
async function run(args: (folder: string) => string[], given: Given = {}): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-lm-"));
  try {
    cpSync(TOKENIZER, folder, { recursive: true });
    writeFileSync(join(folder, "config.json"), "{}");
    if (given.generationConfig) writeFileSync(join(folder, "generation_config.json"), given.generationConfig);
    const tokens = [...(await openLanguageTokenizer(folder)).encode(given.answer ?? "It is a nematode."), END];
    let length: number | null = null;
    const { model, asked } = madeModel((row) => tokens[row.length - (length ??= row.length)] ?? END, {
      vocabSize: given.vocabSize ?? 480,
      eosTokenIds: [END],
      onCall: given.onCall,
    });
    const result: Run = { code: -1, out: "", lines: [], asked, opened: [], released: 0 };
    const open: OpenModel = {
      ...model,
      weightBytes: 2_340_000_000,
      release: () => Promise.resolve(void result.released++),
    };
    const context: LmContext = {
      terminal: { line: (text) => void result.lines.push(text), live: () => {} },
      write: (text) => void (result.out += text),
      isTerminal: given.isTerminal ?? false,
      readInput: () => Promise.resolve(given.input ?? null),
      signal: given.signal ?? new AbortController().signal,
      openModel(path, options) {
        if (given.openError) return Promise.reject(given.openError);
        result.opened.push({ folder: path, options: { ...options } });
        return Promise.resolve(open);
      },
    };
    result.code = await lmMain(args(folder), context);
    return result;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

Deno.test("lm generate writes a chat's answer to standard output and the statistics to standard error", async () => {
  const { code, out, lines, asked, released } = await run((
    folder,
  ) => ["generate", "--model", folder, "What is C. elegans?"]);
  assert.deepEqual([code, out, released], [0, "It is a nematode.\n", 1]);
  assert.equal(lines.length, 1);
  assert.match(
    lines[0],
    /^\d+ prompt tokens, [\d.]+\/s; \d+ tokens, [\d.]+\/s; [\d.]+ GB at most; the model ended it$/,
  );
  const tokenizer = await openLanguageTokenizer(TOKENIZER);
  const expected = tokenizer.chatTemplate!.render([{ role: "user", content: "What is C. elegans?" }]);
  assert.deepEqual(asked.calls[0][0], tokenizer.encode(expected));
});

Deno.test("lm generate --raw goes on with a text, --system puts a turn before the user's", async () => {
  const tokenizer = await openLanguageTokenizer(TOKENIZER);
  const raw = await run((folder) => ["generate", "--model", folder, "--raw", "Once upon"]);
  assert.deepEqual(raw.asked.calls[0][0], tokenizer.encode("Once upon", { addSpecialTokens: true }));
  const chat = await run((folder) => ["generate", "--model", folder, "--system", "Be brief.", "Hi"]);
  const messages = [{ role: "system", content: "Be brief." }, { role: "user", content: "Hi" }];
  assert.deepEqual(chat.asked.calls[0][0], tokenizer.encode(tokenizer.chatTemplate!.render(messages)));
});

Deno.test("lm generate reads a prompt from standard input", async () => {
  const tokenizer = await openLanguageTokenizer(TOKENIZER);
  for (const rest of [[], ["-"]]) {
    const { asked } = await run((folder) => ["generate", "--model", folder, "--raw", ...rest], {
      input: "line 1\nline 2\n",
    });
    assert.deepEqual(asked.calls[0][0], tokenizer.encode("line 1\nline 2\n", { addSpecialTokens: true }));
  }
  for (const input of [null, "", " \n"]) {
    await assert.rejects(
      run((folder) => ["generate", "--model", folder], { input }),
      /expected a prompt in quotes or on standard input/,
    );
  }
});

Deno.test("lm generate passes its options on", async () => {
  const { opened, out, lines } = await run((folder) => [
    ...[
      "generate",
      "--model",
      folder,
      "--weights",
      "int4",
      "--provider",
      "webgpu",
      "--threads",
      "3",
      "--temperature",
      "0",
    ],
    ...["--repetition-penalty", "1", "--max-tokens", "4", "--stats", "prompt"],
  ]);
  const { weights, provider, threads } = opened[0].options;
  assert.deepEqual([weights, provider, threads], ["int4", "webgpu", 3]);
  assert.ok("It is a nematode.".startsWith(out.trimEnd()) && out.length < 18, out);
  assert.equal(lines.length, 6);
  assert.match(
    lines.join("\n"),
    /weights of 2\.34 GB in int4[^]*first token +after [\d.]+ s[^]*end +ended by --max-tokens/,
  );
  const stopped = await run((
    folder,
  ) => ["generate", "--model", folder, "--stop", "nema", "--stop", "\\n", "--quiet", "x"]);
  assert.deepEqual([stopped.out, stopped.lines], ["It is a \n", []]);
});

Deno.test("lm generate goes by the end tokens of generation_config.json", async () => {
  const [token] = (await openLanguageTokenizer(TOKENIZER)).encode(".");
  const ask = (eos: unknown) =>
    run((folder) => ["generate", "--model", folder, "x"], {
      answer: "One. Two.",
      generationConfig: JSON.stringify({ eos_token_id: eos }),
    });
  assert.equal((await ask([END, token])).out, "One\n");
  assert.equal((await ask(token)).out, "One\n");
  assert.equal((await ask(null)).out, "One. Two.\n");
  await assert.rejects(ask("</s>"), /expected eos_token_id to be token ids, got "<\/s>"/);
  await assert.rejects(ask(5000), /expected end tokens below 480, got 5000/);
});

Deno.test("lm generate keeps control characters from a terminal, not from a pipe", async () => {
  const answer = "a\x1b[31mb\tc\nd\x07";
  assert.equal(
    (await run((folder) => ["generate", "--model", folder, "x"], { answer, isTerminal: true })).out,
    "a[31mb\tc\nd\n",
  );
  assert.equal((await run((folder) => ["generate", "--model", folder, "x"], { answer })).out, `${answer}\n`);
});

Deno.test("Ctrl-C ends lm generate with what there is, on a line of its own, and the model is freed", async () => {
  const controller = new AbortController();
  const onCall = (call: number) => call === 4 && setTimeout(() => controller.abort());
  const given = { signal: controller.signal, onCall, answer: "a very long answer ".repeat(50) };
  const { code, out, lines, released, asked } = await run((folder) => ["generate", "--model", folder, "x"], given);
  assert.deepEqual([code, released, asked.open], [INTERRUPTED_EXIT_CODE, 1, 0]);
  assert.ok(out.length > 2 && out.endsWith("\n") && given.answer.startsWith(out.trimEnd()), out);
  assert.match(lines[0], /interrupted$/);
});

Deno.test("lm tells mistakes in one sentence", async () => {
  const bad: [string[], RegExp][] = [
    [[], /expected a subcommand of generate, train, fuse, export, got none/],
    [["chat"], /expected a subcommand of generate, train, fuse, export, got "chat"/],
    [["generate", "a", "b"], /expected one prompt in quotes, got 2/],
    [["generate", "--model", "/nowhere", "x"], /expected a folder with config\.json, got none at \/nowhere/],
    [["generate", "--temperature", "hot", "x"], /expected --temperature to be a number, got "hot"/],
    [["generate", "--weights", "int2", "x"], /expected --weights to be fp32, fp16, int8, int4, got "int2"/],
    [["generate", "--provider", "tpu", "x"], /expected --provider to be cpu, webgpu, got "tpu"/],
    [["generate", "--chat", "--raw", "x"], /expected --chat or --raw, got both/],
    [["generate", "--stats", "--quiet", "x"], /expected --stats or --quiet, got both/],
    [["generate", "--raw", "--system", "s", "x"], /expected --system with a chat/],
    [["generate", "--fast", "x"], /the options are --model, --adapter, --max-tokens/],
  ];
  for (const [args, message] of bad) {
    await assert.rejects(
      run(() => args),
      (error: Error) => error.name === "CommandError" && message.test(error.message),
    );
  }
});

Deno.test("what the model, its files or an option's value lack is told without a stack, an error in the code keeps it", async () => {
  const rejects = (args: string[], message: RegExp, given: Given = {}) =>
    assert.rejects(
      run((folder) => ["generate", "--model", folder, ...args], given),
      (error: Error) => error.name === "CommandError" && message.test(error.message),
    );
  await rejects(["--min-p", "2", "x"], /expected minP to be a number from 0 to 1, got 2/);
  await rejects(["--stop", "", "x"], /expected stop texts of at least one character/);
  await rejects(["x"], /expected a tokenizer of at most 100 tokens, as the model has, got 480/, { vocabSize: 100 });
  await rejects(["word ".repeat(1200)], /expected fewer tokens than the model's context of 1000, got/);
  const openError = new RangeError("Cannot open model.safetensors: expected 10 bytes, got 5");
  await rejects(["x"], /expected 10 bytes, got 5/, { openError });
  const bug = new TypeError("Cannot read properties of undefined (reading 'x')");
  await assert.rejects(
    run((folder) => ["generate", "--model", folder, "x"], { openError: bug }),
    (error) => error === bug,
  );
});

Deno.test("lm --help names the subcommands with their options", async () => {
  const { code, out } = await run(() => ["--help"]);
  assert.equal(code, 0);
  assert.match(out, /deno task lm generate --model FOLDER\|NAME \[--adapter FOLDER\] "PROMPT".*--min-p/);
});
