import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { INTERRUPTED_EXIT_CODE } from "lib/cli/command.ts";
import { projectRoot } from "lib/process/mod.ts";
import { withLmFolder } from "./lm_model.ts";

/** Runs `lm generate` to its end; `interruptAt` sends Ctrl-C when that much of the answer is there. */
async function run(args: string[], { input = "", interruptAt = Infinity } = {}) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "lib/cli/lm.ts", "generate", ...args],
    cwd: projectRoot(),
    env: { INIT_CWD: projectRoot(), NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const error = new Response(child.stderr).text();
  let out = "";
  let isInterrupted = false;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    out += text;
    if (out.length < interruptAt || isInterrupted) continue;
    isInterrupted = true;
    child.kill("SIGINT");
  }
  return { code: (await child.status).code, out, error: await error };
}

Deno.test("lm generate takes a prompt from a pipe; Ctrl-C while streaming ends it cleanly", async () => {
  await withLmFolder(async (folder) => {
    const args = ["--model", folder, "--max-tokens", "20"];
    const piped = await run(args, { input: "What is C. elegans?" });
    assert.equal(piped.code, 0, piped.error);
    assert.ok(piped.out.length > 2 && piped.out.endsWith("\n"));
    assert.match(piped.error, /; 20 tokens, [\d.]+\/s; .*ended by --max-tokens/);
    const before = readdirSync(folder);
    const { code, out, error } = await run(["--model", folder, "--max-tokens", "90000", "Go on"], { interruptAt: 3 });
    assert.equal(code, INTERRUPTED_EXIT_CODE, error);
    assert.match(out, /\n$/);
    assert.match(error, /interrupted\n$/);
    assert.deepEqual(readdirSync(folder), before);
  }, { changes: { max_position_embeddings: 100_000 } });
});
