// What a user of `lm generate` may get wrong, with a model on disk: one sentence each, without a stack, and no file is left behind.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "lib/cli/command.ts";
import { lmMain } from "lib/cli/lm.ts";
import type { LmContext } from "lib/cli/lm_generate.ts";
import { openLfm2 } from "lib/models/lfm2/open.ts";
import { withLmFolder } from "./lm_model.ts";

const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(folder, name)).isFile())
    .sort();

/** Runs `lm generate` on a folder, expecting a sentence. */
async function refuses(
  folder: string,
  message: RegExp,
  { args = ["Hello"], signal = new AbortController().signal, onProgress = () => {} }: {
    args?: string[];
    signal?: AbortSignal;
    onProgress?: () => void;
  } = {},
): Promise<void> {
  const before = filesOf(folder);
  let written = "";
  const context: LmContext = {
    terminal: { line: () => {}, live: () => {} },
    write: (text) => void (written += text),
    isTerminal: false,
    readInput: () => Promise.resolve(null),
    signal,
    openModel: (path, { adapter: _, ...options }) =>
      openLfm2(path, {
        ...options,
        onProgress: (done, total) => {
          onProgress();
          options.onProgress(done, total);
        },
      }),
  };
  await assert.rejects(lmMain(["generate", "--model", folder, "--threads", "1", ...args], context), (error: Error) => {
    assert.ok(error instanceof CommandError, error.stack);
    assert.match(error.message, message);
    assert.ok(!error.message.includes("\n"), error.message);
    return true;
  });
  assert.equal(written, "");
  assert.deepEqual(filesOf(folder), before);
}

Deno.test("lm generate refuses weights that are cut short, in any format", () =>
  withLmFolder(async (folder) => {
    const path = join(folder, "model.safetensors");
    truncateSync(path, statSync(path).size - 4);
    for (const weights of ["fp32", "int8", "int4"]) {
      const args = ["--weights", weights, "Hello"];
      await refuses(folder, /^Cannot read .*model\.safetensors: expected \d+ bytes of data, got \d+ \(truncated\)$/, {
        args,
      });
    }
  }));

Deno.test("lm generate refuses a missing shard by its name", () =>
  withLmFolder(async (folder) => {
    rmSync(join(folder, "model-00002-of-00003.safetensors"));
    await refuses(
      folder,
      /^Cannot read .*: expected all 3 files of model\.safetensors\.index\.json, got no model-00002/,
    );
  }, { shards: 3 }));

Deno.test("lm generate refuses a model of another architecture, and one that the tokenizer does not fit", async () => {
  const other = { architectures: ["LlamaForCausalLM"], model_type: "llama" };
  await withLmFolder(async (folder) => {
    const config = join(folder, "config.json");
    writeFileSync(config, JSON.stringify({ ...JSON.parse(readFileSync(config, "utf8")), ...other }));
    await refuses(folder, /expected the architecture Lfm2ForCausalLM, got LlamaForCausalLM$/);
    writeFileSync(config, "{");
    await refuses(folder, /^Cannot read .*config\.json: expected JSON/);
  });
  await withLmFolder(
    (folder) => refuses(folder, /expected a tokenizer of at most 100 tokens, as the model has, got 480$/),
    { changes: { vocab_size: 100 } },
  );
});

Deno.test("lm generate refuses an empty prompt, and one longer than the context", () =>
  withLmFolder(async (folder) => {
    for (const prompt of ["", "  \n"]) {
      await refuses(folder, /^Cannot generate: expected a prompt in quotes or on standard input, got none$/, {
        args: [prompt],
      });
    }
    const args = ["--raw", "word ".repeat(100)];
    await refuses(folder, /expected fewer tokens than the model's context of 64, got \d{3}$/, { args });
  }, { changes: { max_position_embeddings: 64 } }));

Deno.test("lm generate refuses a tokenizer that is missing or cut short", () =>
  withLmFolder(async (folder) => {
    const path = join(folder, "tokenizer.json");
    truncateSync(path, 1000);
    await refuses(folder, /^Cannot read tokenizer\.json of .*: expected JSON, got /);
    rmSync(path);
    await refuses(folder, /^Cannot open a tokenizer: expected .*tokenizer\.json, got no such file$/);
  }));

Deno.test("Ctrl-C while weights are converted leaves no part of the file", () =>
  withLmFolder(async (folder) => {
    const controller = new AbortController();
    await refuses(folder, /^Stopped by Ctrl-C$/, {
      args: ["--weights", "int4", "Hello"],
      signal: controller.signal,
      onProgress: () => controller.abort(new CommandError("Stopped by Ctrl-C")),
    });
  }));
