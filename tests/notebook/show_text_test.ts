import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { generateText } from "lib/language/mod.ts";
import { executeNotebook, showText } from "lib/notebook/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { byteTokenizer, speaking } from "tests/language/made_models.ts";
import { withFolder, writeNotebook } from "./notebooks.ts";

async function* pieces(count: number, each: () => void = () => {}) {
  for (let i = 0; i < count; i++) {
    each();
    yield await Promise.resolve(`${i} `);
  }
}

Deno.test("showText shows a growing text a few times a second, and the whole in the end", async () => {
  let now = 0;
  const shown: [string, boolean][] = [];
  const text = await showText(pieces(30, () => now += 10), {
    nowMs: () => now,
    show: (part, isLast) => void shown.push([part, isLast]),
  });
  assert.equal(text, Array.from({ length: 30 }, (_, i) => `${i} `).join(""));
  assert.equal(shown.length, 5); // at 10, 90, 170 and 250 ms, and at the end
  assert.deepEqual(shown.map(([, isLast]) => isLast), [false, false, false, false, true]);
  assert.equal(shown[0][0], "0 ");
  assert.equal(shown.at(-1)![0], text);
  assert.ok(shown.every(([part]) => text.startsWith(part)));
});

Deno.test("showText streams what a language model generates; its statistics are there afterwards", async () => {
  const { model, asked } = speaking(["née 👍"]);
  const generation = generateText(model, byteTokenizer(), "p");
  let now = 0;
  const shown: string[] = [];
  const text = await showText(generation, { nowMs: () => now += 100, show: (part) => void shown.push(part) });
  assert.equal(text, "née 👍");
  assert.deepEqual(shown.slice(0, 3), ["n", "né", "née"]);
  const { finish, statistics } = await generation.result();
  assert.deepEqual([finish, statistics.generatedTokens, asked.open], ["endToken", 10, 0]);
});

Deno.test("showText shows what came before an error", async () => {
  const shown: string[] = [];
  async function* broken() {
    yield await Promise.resolve("so far");
    throw new Error("the model broke");
  }
  await assert.rejects(showText(broken(), { show: (text) => void shown.push(text) }), /the model broke/);
  assert.equal(shown.at(-1), "so far");
});

Deno.test("showText updates one display in a kernel", async () => {
  const sent: { type: string; id: string; text: string }[] = [];
  const holder = Deno as unknown as { jupyter?: unknown };
  holder.jupyter = {
    broadcast(type: string, content: { data: Record<string, string>; transient: { display_id: string } }) {
      sent.push({ type, id: content.transient.display_id, text: content.data["text/plain"] });
      return Promise.resolve();
    },
  };
  try {
    assert.equal(await showText(pieces(3)), "0 1 2 ");
  } finally {
    holder.jupyter = undefined;
  }
  assert.equal(sent[0].type, "display_data");
  assert.ok(sent.length > 1 && sent.slice(1).every(({ type }) => type === "update_display_data"));
  assert.equal(new Set(sent.map(({ id }) => id)).size, 1);
  assert.equal(sent.at(-1)!.text, "0 1 2 ");
});

Deno.test("a headless run keeps the whole text of showText, once", async () => {
  await withFolder(async (folder) => {
    const module = pathToFileURL(projectPath("lib", "notebook", "run.ts"));
    const path = writeNotebook(folder, "demo", [
      `import { showText } from "${module}";\n` +
      'async function* pieces() {\n  for (const piece of ["Once ", "upon"]) yield await Promise.resolve(piece);\n}\n' +
      "const text = await showText(pieces());\ntext.length",
    ]);
    const executedPath = join(folder, "executed.ipynb");
    await executeNotebook(path, { executedPath, noCheck: true });
    const [{ outputs }] = JSON.parse(readFileSync(executedPath, "utf8")).cells;
    assert.deepEqual(outputs.map(({ data }: { data: unknown }) => data), [
      { "text/plain": "Once upon" },
      { "text/plain": "9" },
    ]);
  });
});
