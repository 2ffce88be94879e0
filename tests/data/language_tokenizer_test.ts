import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChatMessage, compileChatTemplate, openLanguageTokenizer, parseLanguageTokenizer } from "lib/data/mod.ts";
import { projectPath } from "lib/process/mod.ts";

interface Conversation {
  messages: ChatMessage[];
  tools?: unknown[];
  add_generation_prompt?: boolean;
  enable_thinking?: boolean;
}

const FOLDER = projectPath("tests", "golden", "data", "language_tokenizer");
const golden: {
  encoded: { text: string; ids: number[]; withSpecial: number[] }[];
  decoded: { ids: number[]; text: string }[];
  templates: Record<string, string>;
  conversations: Conversation[];
  rendered: Record<string, ({ text: string } | { error: string })[]>;
  chatIds: number[][];
} = JSON.parse(readFileSync(`${FOLDER}.json`, "utf8"));

function optionsOf({ tools, add_generation_prompt: addGenerationPrompt, enable_thinking }: Conversation) {
  return { tools, addGenerationPrompt, variables: enable_thinking === undefined ? {} : { enable_thinking } };
}

Deno.test("a language tokenizer gives transformers' ids, with and without special tokens", async () => {
  const tokenizer = await openLanguageTokenizer(FOLDER);
  for (const { text, ids, withSpecial } of golden.encoded) {
    assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
    assert.deepEqual(tokenizer.encode(text, { addSpecialTokens: true }), withSpecial, JSON.stringify(text));
  }
});

Deno.test("a language tokenizer decodes as transformers does, and ids without a token to nothing", async () => {
  const tokenizer = await openLanguageTokenizer(FOLDER);
  for (const { ids, text } of golden.decoded) assert.equal(tokenizer.decode(ids), text, ids.join());
  const { text, ids } = golden.encoded[0];
  assert.equal(tokenizer.decode([tokenizer.vocabularySize, ...ids, 65_535]), text);
  assert.equal(tokenizer.decode([]), "");
});

Deno.test("a language tokenizer knows its special tokens", async () => {
  const tokenizer = await openLanguageTokenizer(FOLDER);
  const { bos_token, eos_token, pad_token } = tokenizer.specialTokens;
  assert.deepEqual([bos_token, eos_token, pad_token], ["<|startoftext|>", "<|im_end|>", "<|pad|>"]);
  assert.deepEqual([tokenizer.tokenId("<|im_end|>"), tokenizer.tokenId("<|nothing|>")], [7, null]);
  assert.deepEqual([tokenizer.isSpecial(7), tokenizer.isSpecial(20)], [true, false]);
  assert.equal(tokenizer.vocabularySize, 480);
});

for (const [name, source] of Object.entries(golden.templates)) {
  Deno.test(`the template "${name}" renders as in transformers`, async () => {
    const { specialTokens } = await openLanguageTokenizer(FOLDER);
    const template = await compileChatTemplate(source, specialTokens);
    golden.conversations.forEach((conversation, i) => {
      const expected = golden.rendered[name][i];
      const render = () => template.render(conversation.messages, optionsOf(conversation));
      if ("text" in expected) assert.equal(render(), expected.text, JSON.stringify(conversation));
      else {assert.throws(render, (error: Error) =>
          error.message === `Cannot apply the chat template: ${expected.error}`);}
    });
  });
}

Deno.test("the folder's template gives the ids of transformers' apply_chat_template", async () => {
  const tokenizer = await openLanguageTokenizer(FOLDER);
  golden.conversations.forEach((conversation, i) => {
    const text = tokenizer.chatTemplate!.render(conversation.messages, optionsOf(conversation));
    assert.deepEqual(tokenizer.encode(text), golden.chatIds[i]);
  });
});

Deno.test("a chat template is found in its own file, in tokenizer_config.json, and among several", async () => {
  const tokenizer = readFileSync(join(FOLDER, "tokenizer.json"), "utf8");
  const messages = [{ role: "user", content: "hi" }];
  const rendered = async (config: unknown, chatTemplate?: string) =>
    (await parseLanguageTokenizer({ tokenizer, config: JSON.stringify(config), chatTemplate })).chatTemplate?.render(
      messages,
    );
  assert.equal(await rendered({ chat_template: "config" }), "config");
  assert.equal(await rendered({ chat_template: "config" }, "file"), "file");
  assert.equal(
    await rendered({ chat_template: [{ name: "tool_use", template: "t" }, { name: "default", template: "d" }] }),
    "d",
  );
  assert.equal(await rendered({ chat_template: [{ name: "rag", template: "r" }] }), "r");
  assert.equal(
    await rendered({ bos_token: { content: "<b>" }, chat_template: "{{ bos_token }}{{ eos_token }}" }),
    "<b>",
  );
  assert.equal(await rendered({}), undefined);
});

Deno.test("a chat template refuses what is no conversation, and text that is no template", async () => {
  const template = await compileChatTemplate("{{ messages | length }}");
  assert.throws(() => template.render([]), /expected at least one message, got none/);
  assert.throws(
    () => template.render([{ role: "user" }, { content: "x" } as unknown as ChatMessage]),
    /expected message 1 to have a role/,
  );
  await assert.rejects(
    compileChatTemplate("{% if %}", {}, "chat_template.jinja"),
    /Cannot read chat_template.jinja: expected a Jinja template/,
  );
});

Deno.test("openLanguageTokenizer says which file is missing or broken", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-tokenizer-"));
  try {
    await assert.rejects(openLanguageTokenizer(folder), /expected .*tokenizer\.json, got no such file/);
    cpSync(FOLDER, folder, { recursive: true });
    writeFileSync(join(folder, "tokenizer_config.json"), "{");
    await assert.rejects(openLanguageTokenizer(folder), /Cannot read tokenizer_config\.json of .*: expected JSON/);
    writeFileSync(join(folder, "tokenizer_config.json"), "[]");
    await assert.rejects(openLanguageTokenizer(folder), /expected an object, got an array/);
    rmSync(join(folder, "tokenizer_config.json"));
    writeFileSync(join(folder, "tokenizer.json"), '{"model":{}}');
    await assert.rejects(openLanguageTokenizer(folder), /expected a tokenizer\.json, got/);
    writeFileSync(join(folder, "tokenizer.json"), readFileSync(join(FOLDER, "tokenizer.json")).subarray(0, 5000));
    await assert.rejects(openLanguageTokenizer(folder), /Cannot read tokenizer\.json of .*: expected JSON/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
