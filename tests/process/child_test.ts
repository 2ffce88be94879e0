import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { connectParent, denoExecutable, hasParent, projectPath, startChild } from "lib/process/mod.ts";
import type { ChildOptions } from "lib/process/mod.ts";
import { processTable } from "lib/process/process_table.ts";

const DEADLINE_MS = 60_000; // of the tests themselves: long enough for a loaded machine
const childModule = (name: string) => projectPath("tests", "process", "children", `${name}.ts`);
const start = (name: string, options: ChildOptions = {}) =>
  startChild({ deadlineMs: DEADLINE_MS, ...options, module: childModule(name) });

/** Waits until none of `pids` runs (a process that has ended but is not collected yet does not run). */
async function gone(pids: number[]): Promise<void> {
  for (let i = 0; i < 400; i++) {
    const running = (await processTable()).filter((row) => pids.includes(row.pid) && !row.isZombie);
    if (running.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail(`still running: ${pids}`);
}

Deno.test("startChild exchanges messages with a module, numbers and typed arrays included", async () => {
  const received: unknown[] = [];
  const child = start("echo", { onMessage: (message) => received.push(message) });
  const sent = [{ loss: NaN }, new Float32Array([1, 2.5]), "line\nbreak", null];
  for (const message of sent) assert.equal(child.send(message), true);
  child.endMessages();
  const { exitCode, reason, stdout, peakRssBytes } = await child.result;
  assert.deepEqual([exitCode, reason, stdout], [0, "exit", "before\nafter\n".repeat(4)]);
  assert.deepEqual(received, sent.map((echo) => ({ echo })));
  assert.ok(peakRssBytes !== null && peakRssBytes > 2 ** 20);
  assert.equal(child.send("too late"), false);
});

Deno.test("startChild carries messages of 10 MB both ways", async () => {
  const big = "äb".repeat(4_000_000);
  let echoed: unknown;
  const child = start("echo", { onMessage: (message) => echoed = (message as { echo: unknown }).echo });
  child.send(big);
  child.endMessages();
  assert.equal((await child.result).exitCode, 0);
  assert.ok(echoed === big);
});

Deno.test("startChild keeps messages and printing in order", async () => {
  const events: string[] = [];
  const options = {
    onMessage: (message: unknown) => events.push(`<${message}>`),
    onOutput: (t: string) => events.push(t),
  };
  const { stdout } = await start("ordered", options).result;
  const numbers = Array.from({ length: 200 }, (_, i) => i);
  assert.equal(events.join(""), numbers.map((i) => `ä${i}<${i}> \x1e\n`).join(""));
  assert.equal(stdout, numbers.map((i) => `ä${i} \x1e\n`).join(""));
});

Deno.test("startChild tells of a child that throws", async () => {
  const { exitCode, reason, stderrTail } = await start("throws").result;
  assert.deepEqual([exitCode, reason], [1, "exit"]);
  assert.match(stderrTail, /about to fail[^]*RangeError: the learning rate is negative/);
});

Deno.test("startChild ends a busy child at its deadline", async () => {
  const { reason, exitCode, signal, stdout, durationMs } = await start("hangs", { deadlineMs: 1500 }).result;
  assert.deepEqual([reason, exitCode], ["deadline", null]);
  assert.match(String(signal), /SIGTERM|SIGKILL/);
  assert.equal(stdout, "busy\n");
  assert.ok(durationMs >= 1500);
});

Deno.test("startChild gives a child time for its last words", async () => {
  const received: unknown[] = [];
  const child = start("waits", {
    graceMs: 30_000,
    onMessage: (message) => {
      received.push(message);
      if (message === "ready") child.kill();
    },
  });
  const { reason, exitCode } = await child.result;
  assert.deepEqual([reason, exitCode, received], ["killed", 0, ["ready", "last words"]]);
});

Deno.test("startChild kills a child that does not end when asked", async () => {
  const args = ["-c", "trap '' TERM; echo ready; while true; do sleep 1; done"];
  const child = startChild({
    command: "sh",
    args,
    graceMs: 200,
    deadlineMs: DEADLINE_MS,
    onOutput: () => child.kill(),
  });
  const { reason, signal } = await child.result;
  assert.deepEqual([reason, signal], ["killed", "SIGKILL"]);
});

Deno.test("startChild ends a child that floods its output, and keeps no more than the limit", async () => {
  const { reason, stdout } = await start("floods", { outputLimitBytes: 100_000 }).result;
  assert.equal(reason, "output");
  assert.equal(stdout.length, 100_000);
});

Deno.test("startChild ends a child that takes too much memory", async () => {
  const memoryLimitBytes = 500 * 2 ** 20;
  const { reason, peakRssBytes } = await start("allocates", { memoryLimitBytes }).result;
  assert.equal(reason, "memory");
  assert.ok(peakRssBytes !== null && peakRssBytes > memoryLimitBytes);
});

Deno.test("startChild counts the memory of the whole tree", async () => {
  const hog = "const kept = new Uint8Array(150 * 2 ** 20).fill(1); setTimeout(() => kept, 60_000)";
  const args = ["-c", '"$0" eval "$1" & "$0" eval "$1" & wait', denoExecutable(), hog];
  const { reason } = await startChild({
    command: "sh",
    args,
    memoryLimitBytes: 300 * 2 ** 20, // one of them takes about 190 MiB
    deadlineMs: 20_000,
  }).result;
  assert.equal(reason, "memory");
});

for (const ending of ["kill", "exit"]) {
  Deno.test(`startChild leaves no grandchild behind after ${ending}`, async () => {
    let family: number[] = [];
    const child = start("family", {
      args: ["300", ending],
      memoryPollMs: 50,
      onMessage: (pids) => {
        family = pids as number[];
        if (ending === "kill") child.kill();
      },
    });
    const { reason } = await child.result;
    assert.equal(reason, ending === "kill" ? "killed" : "exit");
    assert.equal(family.length, 3);
    await gone([child.pid, ...family]);
  });
}

Deno.test("startChild ends a child when its signal is aborted, and starts none when it was already", async () => {
  const controller = new AbortController();
  const child = start("hangs", { signal: controller.signal, graceMs: 100, onOutput: () => controller.abort() });
  assert.equal((await child.result).reason, "aborted");
  await gone([child.pid]);
  const second = start("hangs", { signal: controller.signal });
  assert.equal((await second.result).reason, "aborted");
  assert.equal(second.pid, -1);
});

Deno.test("a busy child ends when its parent is killed by force", async () => {
  const child = start("starts_child", {
    onMessage: (message) => {
      const pids = message as { own: number; child: number };
      nested = pids.child;
      Deno.kill(pids.own, "SIGKILL");
    },
  });
  let nested = -1;
  assert.equal((await child.result).signal, "SIGKILL");
  assert.ok(nested > 0);
  await gone([child.pid, nested]);
});

Deno.test("startChild tells a signal from elsewhere from its own limits", async () => {
  const child = startChild({ command: "sh", args: ["-c", "kill -9 $$"], deadlineMs: DEADLINE_MS });
  const { reason, signal, exitCode } = await child.result;
  assert.deepEqual([reason, signal, exitCode], ["signal", "SIGKILL", null]);
});

Deno.test("startChild ends a child whose frame cannot be read", async () => {
  assert.equal((await start("breaks_frame").result).reason, "protocol");
});

Deno.test("startChild passes on what a callback throws, after ending the child", async () => {
  const child = start("waits", {
    onMessage: () => {
      throw new Error("the store is full");
    },
  });
  await assert.rejects(child.result, /the store is full/);
  await gone([child.pid]);
});

Deno.test("startChild runs a command with input, environment and folder", async () => {
  const folder = mkdtempSync(`${tmpdir()}/child-test-`);
  try {
    const { stdout, exitCode } = await startChild({
      command: "sh",
      args: ["-c", 'cat; echo "$GIVEN:$HOME:$LATENT_LAB_CHANNEL"; pwd -P; exit 7'],
      input: "from input\n",
      env: { GIVEN: "value with ' quotes", HOME: undefined },
      cwd: folder,
      deadlineMs: DEADLINE_MS,
    }).result;
    assert.equal(stdout, `from input\nvalue with ' quotes::\n${Deno.realPathSync(folder)}\n`);
    assert.equal(exitCode, 7);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("startChild passes arguments on unchanged, also after the path of Deno", async () => {
  const given = [denoExecutable(), "eval", "-e", "=x", "", "a b", "$HOME `id` \\n 'q' \"", "*", "ünï\n"];
  const args = ["-c", 'for a do printf "<%s>" "$a"; done', "sh", ...given];
  const { stdout } = await startChild({ command: "sh", args, deadlineMs: DEADLINE_MS }).result;
  assert.equal(stdout, given.map((argument) => `<${argument}>`).join(""));
});

Deno.test("startChild of a program or folder that does not exist says which", async () => {
  const { exitCode, stderrTail } = await startChild({ command: "no-such-program", deadlineMs: DEADLINE_MS }).result;
  assert.equal(exitCode, 127);
  assert.match(stderrTail, /no-such-program/);
  await assert.rejects(startChild({ command: "true", cwd: "/no/such/folder" }).result, /Cannot start true/);
  assert.throws(() => startChild({ module: "/no/such/module.ts" }), /expected a module at \/no\/such\/module\.ts/);
});

Deno.test("startChild refuses wrong options", () => {
  assert.throws(() => startChild({}), { name: "TypeError", message: /either module or command/ });
  assert.throws(() => startChild({ module: childModule("echo"), command: "sh" }), { name: "TypeError" });
  const limits = ["deadlineMs", "memoryLimitBytes", "memoryPollMs", "outputLimitBytes", "graceMs"];
  for (const name of limits) {
    for (const value of [0, -1, NaN]) {
      assert.throws(
        () => startChild({ command: "true", [name]: value }),
        { name: "RangeError", message: new RegExp(`expected ${name} to be a positive number.*got ${value}`) },
      );
    }
  }
  assert.throws(() => startChild({ command: "true", deadlineMs: 2 ** 31 }), RangeError);
});

Deno.test("send refuses a function at once, and a command has no messages", async () => {
  const child = start("echo");
  assert.throws(() => child.send({ callback: () => 1 }), /message\.callback.*got function/);
  child.endMessages();
  await child.result;
  const command = startChild({ command: "true" });
  assert.throws(() => command.send(1), /got a command/);
  await command.result;
});

Deno.test("connectParent outside a child says what this module is", () => {
  assert.equal(hasParent(), false);
  assert.throws(() => connectParent(), /runs as a child of startChild/);
});
