import assert from "node:assert/strict";
import { type Conversation, conversation, interleave } from "lib/bench/mod.ts";
import { projectPath } from "lib/process/mod.ts";

const module = projectPath("tests", "bench", "children", "steps.ts");
const start = (...args: string[]) => conversation("the side", { module, args, deadlineMs: 60_000 });

/** A side in this process that notes when it is asked. */
function side(name: string, stepMs: number, log: string[]): Conversation {
  return {
    ask: (message) => {
      const { settle, steps } = message as { settle: number; steps: number };
      log.push(`${name} ${settle}+${steps}`);
      return Promise.resolve({ samplesMs: new Float64Array(steps).fill(stepMs) });
    },
    end: () => Promise.resolve(),
  };
}

Deno.test("interleave takes turns A B B A with as many steps for both sides", async () => {
  const log: string[] = [];
  const turns = { blocks: 4, blockMs: 100, minSteps: 3 };
  const [a, b] = await interleave([side("a", 10, log), side("b", 20, log)], turns);
  assert.deepEqual(log.slice(0, 4), ["a 3+1", "a 0+10", "b 3+1", "b 0+5"]);
  assert.deepEqual(log.slice(4), ["a 2+5", "b 2+5", "b 2+5", "a 2+5", "a 2+5", "b 2+5", "b 2+5", "a 2+5"]);
  assert.deepEqual([a, b], [10, 20].map((ms) => new Array(4).fill(new Array(5).fill(ms))));
});

Deno.test("interleave takes the least number of steps of a slow side", async () => {
  const log: string[] = [];
  await interleave([side("a", 500, log)], { blocks: 2, blockMs: 100, minSteps: 3 });
  assert.deepEqual(log, ["a 3+1", "a 0+3", "a 2+3", "a 2+3"]);
});

Deno.test("conversation asks a child, and ends with it", async () => {
  const { talk, greeting } = await start("7");
  assert.deepEqual(greeting, { losses: [1] });
  assert.deepEqual(await talk.ask({ steps: 2 }), { samplesMs: [7, 7] });
  assert.deepEqual(await Promise.all([talk.ask({ steps: 1 }), talk.ask({ steps: 0 })]), [
    { samplesMs: [7] },
    { samplesMs: [] },
  ]);
  await talk.end();
  await assert.rejects(talk.ask({ steps: 1 }), /Cannot benchmark: the side ended \(exit code 0\)/);
});

Deno.test("conversation tells why a child ended without an answer", async () => {
  await assert.rejects(start("1", "silent"), /the side ended \(exit code 1\): [\s\S]*this side cannot start/);
  const { talk } = await start("1", "dies");
  await assert.rejects(talk.ask({ steps: 1 }), /the side ended \(exit code 1\): [\s\S]*this side is broken/);
});

Deno.test("relay passes messages on to a program that speaks JSON lines", async () => {
  const program = `
    process.stdout.write('{"ready":true}\\n');
    require("node:readline").createInterface({ input: process.stdin })
      .on("line", (line) => console.log(JSON.stringify({ got: JSON.parse(line) })));
  `;
  const relay = projectPath("lib", "bench", "relay.ts");
  const { talk, greeting } = await conversation("node", {
    module: relay,
    args: ["node", "-e", program],
    deadlineMs: 60_000,
  });
  assert.deepEqual(greeting, { ready: true });
  assert.deepEqual(await talk.ask({ steps: 3 }), { got: { steps: 3 } });
  await talk.end();
  await assert.rejects(
    conversation("nothing", { module: relay, args: ["/nonexistent/python"], deadlineMs: 60_000 }),
    /nothing ended \(exit code 1\): Cannot start \/nonexistent\/python/,
  );
  await assert.rejects(
    conversation("node", { module: relay, args: ["node", "-e", "process.exit(3)"], deadlineMs: 60_000 }),
    /node ended \(exit code 3\)/,
  );
});
