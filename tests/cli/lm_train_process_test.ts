import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { QUICK_MODEL } from "lib/bench/mod.ts";
import { INTERRUPTED_EXIT_CODE } from "lib/cli/command.ts";
import { projectPath, projectRoot } from "lib/process/mod.ts";
import { readSidecar } from "lib/train/mod.ts";
import { TINY } from "tests/language/fine_tuning/fixtures.ts";
import { writeModelFolder } from "tests/models/lfm2/rule_weights.ts";

/** `lm train` on texts of a folder, as a process. */
function lmTrain(folder: string, options: string[], stdout: "piped" | "null"): Deno.Command {
  const places = ["--model", folder, "--data", join(folder, "all.jsonl"), "--out", join(folder, "out")];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "lib/cli/lm.ts", "train", ...places, ...options],
    cwd: projectRoot(),
    env: { INIT_CWD: projectRoot(), NO_COLOR: "1" },
    stdout,
    stderr: "piped",
  });
}

Deno.test("Ctrl-C ends lm train cleanly, with a checkpoint of the iterations that were done", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-lm-train-"));
  try {
    await writeModelFolder(folder, { ...TINY, vocab_size: 480, eos_token_id: 7 });
    cpSync(projectPath("tests", "golden", "data", "language_tokenizer"), folder, { recursive: true });
    writeFileSync(join(folder, "all.jsonl"), '{"text": "a worm"}\n{"text": "an apple"}\n{"text": "a day"}\n');
    const numbers = ["--iterations", "1000000", "--report-every", "1", "--threads", "1", "--layers", "all"];
    const child = lmTrain(folder, numbers, "piped").spawn();
    const output = new Response(child.stdout).text();
    let told = "";
    let isInterrupted = false;
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      told += text;
      if (isInterrupted || !told.includes("iteration 3 of")) continue;
      isInterrupted = true;
      child.kill("SIGINT");
    }
    assert.equal((await child.status).code, INTERRUPTED_EXIT_CODE, told);
    assert.equal(await output, "");
    const [, done] = /Interrupted after iteration (\d+); the same command goes on from /.exec(told)!;
    const sidecar = await readSidecar(join(folder, "out", "checkpoint"));
    assert.deepEqual([sidecar!.step, sidecar!.status], [Number(done), "running"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** How far the peak that is told before training may be off. */
const MEMORY_FACTOR = 1.25;

Deno.test("the memory that lm train expects before it trains adapters is what it takes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-lm-train-"));
  try {
    await writeModelFolder(folder, { ...QUICK_MODEL, vocab_size: 480, eos_token_id: 7 });
    cpSync(projectPath("tests", "golden", "data", "language_tokenizer"), folder, { recursive: true });
    const text = "the worm turns in the soil and the apple is long ".repeat(20);
    writeFileSync(join(folder, "all.jsonl"), `${JSON.stringify({ text })}\n`.repeat(6));
    const numbers = ["--iterations", "2", "--batch", "4", "--layers", "all", "--max-length", "385", "--cut"];
    const { code, stderr } = await lmTrain(folder, numbers, "null").output();
    const told = new TextDecoder().decode(stderr);
    assert.equal(code, 0, told);
    const gigabytes = (pattern: RegExp) => Number(pattern.exec(told)![1]);
    const [expected, taken] = [/memory +([\d.]+) GB expected/, /memory +([\d.]+) GB at most/].map(gigabytes);
    console.log(`expected ${expected} GB, taken ${taken} GB`);
    assert.ok(taken > 0.4, "more than an idle process");
    assert.ok(expected < taken * MEMORY_FACTOR && taken < expected * MEMORY_FACTOR, told);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
